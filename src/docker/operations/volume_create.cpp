// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<VolumeDetails>> Client::volume_create(VolumeConfig config, Deadline deadline) {
    if (auto valid = check_reference(config.name); !valid) co_return valid.error();
    Call request{"volume create", Subject::volume, "POST", "/volumes/create"};
    request.body = encode_volume_config(config);
    request.is_repeatable = true; // an existing one of that name is answered
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_create)));
    if (!reply) co_return reply.error();
    co_return decode_volume(reply->body);
}

} // namespace berth::docker
