// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<PingResult>> Client::ping(Deadline deadline) {
    // Without a version: this is how the version is found.
    net::HttpRequest request{"GET", "/_ping"};
    request.is_idempotent = true;
    auto limit = earlier(deadline, deadline_in(limits::engine_ping));
    auto reply = co_await exchange(std::move(request), limit, limits::header_bytes);
    if (!reply) co_return std::move(reply).error().with_context("ping");
    if (reply->status != 200)
        co_return error_from_reply("ping", Subject::system, reply->status, reply->body);
    PingResult result;
    result.api_version = net::find_header(reply->headers, "Api-Version");
    result.os_type = net::find_header(reply->headers, "OSType");
    co_return result;
}

} // namespace berth::docker
