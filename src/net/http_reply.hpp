// SPDX-License-Identifier: Apache-2.0
#pragma once
// One HTTP/1.1 answer, parsed from bytes that are handed in (RFC 9112). No I/O. Private to net.
// Strict: an answer with both Transfer-Encoding and Content-Length, with an unknown transfer
// coding, or with a head over limits::header_bytes is refused.

#include "base/error.hpp"
#include "net/http_client.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace berth::net {

class HttpReplyParser {
public:
    // The answer to HEAD has no body, whatever its fields say.
    explicit HttpReplyParser(bool is_answer_to_head);
    ~HttpReplyParser();
    HttpReplyParser(HttpReplyParser&&) noexcept;
    HttpReplyParser& operator=(HttpReplyParser&&) noexcept;

    // Both return how many bytes were used, which may be none when more are needed. put_head stops
    // behind the head, put_body behind the message; the body collects in reply().body.
    Result<std::size_t> put_head(std::string_view bytes);
    Result<std::size_t> put_body(std::string_view bytes);
    // The connection has ended: the end of some bodies, protocol_violation within the others.
    Status put_end();

    bool has_head() const noexcept;
    bool is_done() const noexcept;
    // False when the end of the connection marks the end of the body, or the peer wants to close;
    // before the head is complete nothing is known of either.
    bool may_keep_connection() const noexcept;
    std::optional<std::uint64_t> content_length() const noexcept;
    HttpReply& reply() noexcept;

private:
    Result<std::size_t> put_chunks(std::string_view bytes);
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace berth::net
