// SPDX-License-Identifier: Apache-2.0
#pragma once
// HTTP/1.1 client over any dialer: one exchange, a streamed answer, or an upgrade to raw bytes
// (RFC 9112). Keeps a few idle connections. Knows no product words.

#include "base/limits.hpp"
#include "net/dialer.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;
// First value of the field, compared without case; empty when absent.
std::string_view find_header(const HttpHeaders& headers, std::string_view name);

struct HttpRequest {
    HttpRequest() = default;
    HttpRequest(std::string method_, std::string target_, std::string body_ = {},
                std::string content_type = "application/json");
    std::string method = "GET";
    std::string target = "/"; // origin form, already percent-encoded
    HttpHeaders headers;      // Host, Content-Length and Connection are added
    std::string body;
    // A retry after "EOF before the first byte on a kept connection" is allowed (RFC 9110 9.2.2).
    bool is_idempotent = false;
};

struct HttpReply {
    int status = 0;
    HttpHeaders headers;
    std::string body;
};

// A streamed answer: headers are there, the body comes in pieces.
class HttpBodyStream {
public:
    virtual ~HttpBodyStream() = default;
    virtual const HttpReply& head() const noexcept = 0; // body empty
    // Next piece as it arrives; empty = end of body. Errors: host_unreachable when the connection
    // ends before the body does, too_large never (pieces are bounded to 64 KiB).
    virtual Task<Result<std::string>> next() = 0;
};

// After 101 (or 200 for the Engine's hijack): raw bytes both ways. `early` was already received.
struct HttpUpgrade {
    HttpUpgrade() = default;
    HttpReply head;
    ByteStreamPtr stream;
    std::string early;
};

class HttpClient {
public:
    struct Config {
        std::string host_header = "localhost";
        std::string user_agent = "berth";
        std::size_t kept_connections = limits::engine_kept_connections;
    };
    // The dialer must outlive the client. Everything runs on `executor`.
    HttpClient(Executor executor, Dialer& dialer, Config config);
    ~HttpClient();

    // Errors: host_unreachable, timed_out, protocol_violation (unparsable answer), too_large (body
    // over max_body; the connection is dropped). Any status is a success here.
    Task<Result<HttpReply>> exchange(HttpRequest request, Deadline deadline,
                                     std::size_t max_body = limits::engine_reply);
    // Until the head has arrived `deadline` holds; afterwards the caller bounds each next().
    Task<Result<std::unique_ptr<HttpBodyStream>>> open(HttpRequest request, Deadline deadline);
    // Sends Connection: Upgrade as given in request.headers; any status but 101 and 200 is returned
    // as an error engine_error with status and (capped) body in the text.
    Task<Result<HttpUpgrade>> upgrade(HttpRequest request, Deadline deadline);
    // Closes idle connections; running exchanges are not touched.
    void drop_idle() noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace berth::net
