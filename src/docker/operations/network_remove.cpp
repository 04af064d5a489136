// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Status> Client::network_remove(std::string network, Deadline deadline) {
    if (auto valid = check_reference(network); !valid) co_return valid.error();
    Call request{"network remove", Subject::network, "DELETE", "/networks/" + network};
    request.is_repeatable = true;
    co_return co_await call_for_status(
        std::move(request), earlier(deadline, deadline_in(limits::engine_create))
    );
}

} // namespace berth::docker
