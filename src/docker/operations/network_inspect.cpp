// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<NetworkDetails>> Client::network_inspect(std::string network, Deadline deadline) {
    if (auto valid = check_reference(network); !valid) co_return valid.error();
    Call request{"network inspect", Subject::network, "GET", "/networks/" + network};
    request.is_repeatable = true;
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_inspect)));
    if (!reply) co_return reply.error();
    co_return decode_network(reply->body);
}

} // namespace berth::docker
