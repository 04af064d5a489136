// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<EngineVersion>> Client::version(Deadline deadline) {
    Call request{"version", Subject::system, "GET", "/version"};
    request.is_repeatable = true;
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_list)));
    if (!reply) co_return reply.error();
    co_return decode_version(reply->body);
}

} // namespace berth::docker
