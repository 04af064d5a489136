// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<ArchiveGetResult>> Client::archive_get(ArchiveGetOptions options, Deadline deadline) {
    if (auto valid = check_reference(options.container); !valid) co_return valid.error();
    Call request{
        "archive get", Subject::container, "GET", "/containers/" + options.container + "/archive"};
    request.is_repeatable = true;
    request.query.emplace_back("path", options.path);
    request.max_reply = options.max_bytes;
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_create)));
    if (!reply) co_return reply.error();
    ArchiveGetResult result;
    result.tar = std::move(reply->body);
    co_return result;
}

} // namespace berth::docker
