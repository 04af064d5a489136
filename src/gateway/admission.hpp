// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the gateway asks of the rest of the program and what it reports to it. Implemented by
// server/ over the use cases. Everything here is called on the core thread.

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "net/task.hpp"
#include "session/machine.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace berth::broker {
class ContainerHost;
}

namespace berth::gateway {

// One person may open one endpoint of one session, now.
struct Admitted {
    Admitted() = default;
    SessionId session;
    ContainerId container;
    std::shared_ptr<broker::ContainerHost> host;
    session::Protocol protocol = session::Protocol::rfb;
    std::uint16_t port = 0; // inside the container
    session::Rights rights = session::Rights::view;
    bool allows_clipboard = true; // text from the browser into the desktop
    Secret rfb_secret;            // of the session; rfb only
    std::string login_id;         // whose logout ends this tunnel
};

class Admission {
public:
    virtual ~Admission() = default;
    // Redeems a ticket, which is spent afterwards whatever the answer. Errors: ticket_spent,
    // unauthenticated, forbidden, not_found, not_ready, ended, conflict (paused), quota_exceeded
    // (viewers of the session), shutting_down.
    virtual net::Task<Result<Admitted>> admit(std::string ticket) = 0;
    // Exactly one viewer_left follows each viewer_joined.
    virtual void viewer_joined(const SessionId& session, session::Rights rights) = 0;
    virtual void viewer_left(const SessionId& session, session::Rights rights) = 0;
    // A key or the pointer was used, or something was sent to a web endpoint; at most once a second
    // per viewer.
    virtual void input_seen(const SessionId& session) = 0;
};

} // namespace berth::gateway
