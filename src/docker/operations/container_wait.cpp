// SPDX-License-Identifier: Apache-2.0
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<ContainerExit>>
Client::container_wait(ContainerWaitOptions options, Deadline deadline) {
    if (auto valid = check_reference(options.container); !valid) co_return valid.error();
    Call request{
        "container wait", Subject::container, "POST", "/containers/" + options.container + "/wait"};
    request.query.emplace_back("condition", options.condition);
    request.is_repeatable = true;
    auto reply = co_await call(std::move(request), deadline);
    if (!reply) co_return reply.error();
    co_return decode_container_exit(reply->body);
}

} // namespace berth::docker
