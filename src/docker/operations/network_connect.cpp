// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Status>
Client::network_connect(std::string network, std::string container, Deadline deadline) {
    if (auto valid = check_reference(network); !valid) co_return valid.error();
    if (auto valid = check_reference(container); !valid) co_return valid.error();
    Call request{"network connect", Subject::network, "POST", "/networks/" + network + "/connect"};
    request.body = encode_network_connect(container);
    co_return co_await call_for_status(
        std::move(request), earlier(deadline, deadline_in(limits::engine_create))
    );
}

} // namespace berth::docker
