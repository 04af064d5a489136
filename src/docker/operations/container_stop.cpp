// SPDX-License-Identifier: Apache-2.0
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<ContainerStopResult>>
Client::container_stop(ContainerStopOptions options, Deadline deadline) {
    if (auto valid = check_reference(options.container); !valid) co_return valid.error();
    Call request{
        "container stop", Subject::container, "POST", "/containers/" + options.container + "/stop"};
    request.query.emplace_back("t", std::to_string(options.grace_s));
    request.is_repeatable = true;
    auto reply = co_await call(std::move(request), deadline);
    if (!reply) co_return reply.error();
    ContainerStopResult result;
    result.was_stopped = reply->status == 304;
    co_return result;
}

} // namespace berth::docker
