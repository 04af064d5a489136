// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Status> Client::network_disconnect(NetworkDisconnectOptions options, Deadline deadline) {
    if (auto valid = check_reference(options.network); !valid) co_return valid.error();
    if (auto valid = check_reference(options.container); !valid) co_return valid.error();
    Call request{
        "network disconnect",
        Subject::network,
        "POST",
        "/networks/" + options.network + "/disconnect"};
    request.body = encode_network_disconnect(options.container, options.is_forced);
    co_return co_await call_for_status(
        std::move(request), earlier(deadline, deadline_in(limits::engine_create))
    );
}

} // namespace berth::docker
