// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Status> Client::volume_remove(VolumeRemoveOptions options, Deadline deadline) {
    if (auto valid = check_reference(options.volume); !valid) co_return valid.error();
    Call request{"volume remove", Subject::volume, "DELETE", "/volumes/" + options.volume};
    request.query.emplace_back("force", options.is_forced ? "1" : "0");
    request.is_repeatable = true;
    co_return co_await call_for_status(
        std::move(request), earlier(deadline, deadline_in(limits::engine_create))
    );
}

} // namespace berth::docker
