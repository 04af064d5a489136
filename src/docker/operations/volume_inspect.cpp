// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<VolumeDetails>> Client::volume_inspect(std::string volume, Deadline deadline) {
    if (auto valid = check_reference(volume); !valid) co_return valid.error();
    Call request{"volume inspect", Subject::volume, "GET", "/volumes/" + volume};
    request.is_repeatable = true;
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_inspect)));
    if (!reply) co_return reply.error();
    co_return decode_volume(reply->body);
}

} // namespace berth::docker
