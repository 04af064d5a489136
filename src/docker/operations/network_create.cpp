// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<std::string>> Client::network_create(NetworkConfig config, Deadline deadline) {
    if (auto valid = check_reference(config.name); !valid) co_return valid.error();
    Call request{"network create", Subject::network, "POST", "/networks/create"};
    request.body = encode_network_config(config);
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_create)));
    if (!reply) co_return reply.error();
    co_return decode_network_created(reply->body);
}

} // namespace berth::docker
