// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Status> Client::container_kill(ContainerKillOptions options, Deadline deadline) {
    if (auto valid = check_reference(options.container); !valid) co_return valid.error();
    Call request{
        "container kill", Subject::container, "POST", "/containers/" + options.container + "/kill"};
    request.query.emplace_back("signal", options.signal);
    co_return co_await call_for_status(
        std::move(request), earlier(deadline, deadline_in(limits::engine_create))
    );
}

} // namespace berth::docker
