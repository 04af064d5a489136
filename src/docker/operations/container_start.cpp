// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<ContainerStartResult>>
Client::container_start(std::string container, Deadline deadline) {
    if (auto valid = check_reference(container); !valid) co_return valid.error();
    Call request{
        "container start", Subject::container, "POST", "/containers/" + container + "/start"};
    request.is_repeatable = true;
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_start)));
    if (!reply) co_return reply.error();
    ContainerStartResult result;
    result.was_running = reply->status == 304;
    co_return result;
}

} // namespace berth::docker
