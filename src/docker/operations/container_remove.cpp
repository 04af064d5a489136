// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Status> Client::container_remove(ContainerRemoveOptions options, Deadline deadline) {
    if (auto valid = check_reference(options.container); !valid) co_return valid.error();
    Call request{
        "container remove", Subject::container, "DELETE", "/containers/" + options.container};
    request.query.emplace_back("force", options.is_forced ? "1" : "0");
    request.query.emplace_back("v", options.with_volumes ? "1" : "0");
    request.is_repeatable = true;
    co_return co_await call_for_status(
        std::move(request), earlier(deadline, deadline_in(limits::engine_remove))
    );
}

} // namespace berth::docker
