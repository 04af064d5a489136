// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<ContainerDetails>> Client::container_inspect(std::string container, Deadline deadline) {
    if (auto valid = check_reference(container); !valid) co_return valid.error();
    Call request{
        "container inspect", Subject::container, "GET", "/containers/" + container + "/json"};
    request.is_repeatable = true;
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_inspect)));
    if (!reply) co_return reply.error();
    co_return decode_container(reply->body);
}

} // namespace berth::docker
