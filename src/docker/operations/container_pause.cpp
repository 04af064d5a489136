// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Status> Client::container_pause(std::string container, Deadline deadline) {
    if (auto valid = check_reference(container); !valid) co_return valid.error();
    Call request{
        "container pause", Subject::container, "POST", "/containers/" + container + "/pause"};
    co_return co_await call_for_status(
        std::move(request), earlier(deadline, deadline_in(limits::engine_create))
    );
}

} // namespace berth::docker
