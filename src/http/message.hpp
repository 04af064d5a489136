// SPDX-License-Identifier: Apache-2.0
#pragma once
// Request and Response as plain values: what handlers see of HTTP.

#include "base/time.hpp"
#include "net/byte_stream.hpp"
#include "net/http_client.hpp" // HttpHeaders, find_header

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace berth::http {

using net::HttpHeaders;

struct Request {
    std::string method;
    std::string path;   // percent-decoded once, validated: begins with '/', no "//", "." or ".."
                        // segment, no control byte, no encoded slash or backslash
    std::string query;  // raw, without '?'
    std::string target; // as received, for proxying
    HttpHeaders headers;
    std::string body;
    std::string id;     // X-Request-ID if well-formed, else made here
    std::string peer;   // address after trusted-proxy evaluation
    bool is_secure = false; // TLS towards the browser (ours or a trusted proxy's word)
    std::string host;   // Host field, lower case, with port if given
    Deadline deadline;
    std::vector<std::pair<std::string, std::string>> path_values; // from the route pattern
    // What the router's guard found out about the caller; its type is the guard's business.
    std::shared_ptr<const void> principal;

    std::string_view header(std::string_view name) const;
    std::string_view path_value(std::string_view name) const;
    // Decoded value of a query parameter, nothing when absent.
    std::optional<std::string> query_value(std::string_view name) const;
    // Value of the cookie; nothing when absent or present twice (cookie tossing, T-74).
    std::optional<std::string> cookie(std::string_view name) const;
};

// Writes an event-stream body; handed to a stream response's producer.
class BodyWriter {
public:
    virtual ~BodyWriter() = default;
    // Error `ended` when the client is gone; waits while the client is slow (bounded by
    // limits::write_stall, then `ended`).
    virtual net::Task<Status> write(std::string_view text) = 0;
};

struct Response {
    Response() = default;
    explicit Response(int status_, std::string body_ = {}, std::string content_type = {});
    int status = 200;
    HttpHeaders headers; // security headers and Content-Length are added by the connection
    std::string body;
    // A body shared between requests (static files); used instead of `body` when set.
    std::shared_ptr<const std::string> shared_body;
    // Set: the body is produced piece by piece until the producer ends (SSE, proxied downloads).
    std::function<net::Task<void>(BodyWriter&)> producer;
    // Set: after the head was parsed the connection gives up its stream (WebSocket, proxying);
    // nothing has been written yet, `early` are bytes received behind the head.
    std::function<net::Task<void>(net::ByteStreamPtr stream, Request request, std::string early)>
        takeover;

    Response&& with_header(std::string name, std::string value) &&;
};

using Handler = std::function<net::Task<Response>(Request&)>;

} // namespace berth::http
