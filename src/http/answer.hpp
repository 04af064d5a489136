// SPDX-License-Identifier: Apache-2.0
#pragma once
// Response to bytes: status line, framing and the security headers of every answer (H-22). Pure.

#include "http/message.hpp"

#include <string>
#include <string_view>

namespace berth::http {

std::string_view reason_of(int status) noexcept;

enum class Framing { length, chunked, until_close };

struct AnswerFrame {
    bool is_keep_alive = true;
    bool is_http_1_1 = true;
    Framing framing = Framing::length;
    bool is_strict_transport = false; // with Strict-Transport-Security
};

// Knows the constant part of every head; one per server.
class AnswerWriter {
public:
    explicit AnswerWriter(std::string_view content_security_policy);

    // Appends the head with its empty line. A header of the response replaces the default of the
    // same name; Content-Length, Transfer-Encoding, Connection and Date are the connection's and
    // are ignored there. False, with `out` unchanged, when a header would split the answer.
    bool append_head(
        std::string& out, const Response& response, std::string_view request_id, AnswerFrame frame
    );

private:
    void append_date(std::string& out);

    HttpHeaders defaults_;
    std::string all_defaults_; // the same, rendered
    std::string date_;
    std::int64_t date_second_ = -1;
};

// application/problem+json (RFC 9457) for what is refused before any route is known.
Response plain_problem(int status, Errc code, std::string_view detail, std::string_view request_id);

} // namespace berth::http
