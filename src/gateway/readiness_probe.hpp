// SPDX-License-Identifier: Apache-2.0
#pragma once
// Asks a fresh container again and again until it can be used.

#include "broker/ports.hpp"

namespace berth::gateway {

// `rfb`: the whole handshake up to the desktop's first message, with the session's own secret.
// `web`: any answer below 500 to GET /. A session without either is ready at once. What answers in
// the wrong way (another secret, no RFB) is not our desktop: protocol_violation at once. A machine
// that forbids the way to its ports: host_unreachable at once. Tries again after 10, 20, 40 … 250 ms
// until the deadline: timed_out, with the last failure in the text.
class EndpointProbe final : public broker::ReadinessProbe {
public:
    broker::Task<Status> wait_ready(
        const session::Session& session,
        broker::ContainerHost& host,
        const Secret& rfb_secret,
        Deadline deadline
    ) override;
};

} // namespace berth::gateway
