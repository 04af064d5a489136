// SPDX-License-Identifier: Apache-2.0
#pragma once
// The RFB handshakes of both sides carried out over their transports.

#include "base/secret.hpp"
#include "net/byte_stream.hpp"
#include "net/websocket.hpp"
#include "rfb/messages.hpp"

#include <string>

namespace berth::gateway {

struct Greeted {
    Greeted() = default;
    rfb::ServerInit init;
    std::string rest; // bytes the peer sent behind the handshake
};

// Towards a desktop, up to its first message. Errors: protocol_violation (not RFB, or not the
// session's own desktop), not_ready (it closed the connection: perhaps not up yet), timed_out.
net::Task<Result<Greeted>>
greet_desktop(net::ByteStream& desktop, const Secret& secret, Deadline deadline);

// Towards the browser; gives the client messages behind the handshake. Errors: protocol_violation,
// ended (the browser is gone), timed_out.
net::Task<Result<std::string>>
greet_browser(net::WebSocket& browser, const rfb::ServerInit& init, Deadline deadline);

} // namespace berth::gateway
