// SPDX-License-Identifier: Apache-2.0
#pragma once
// Everything one machine behind SSH is used for: streams to its engine's socket and to ports on its
// loopback. Decides the way, keeps it, and can say at any time how it stands.

#include "net/dialer.hpp"
#include "ssh/engine_way.hpp"
#include "ssh/handshakes.hpp"
#include "ssh/target.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace berth::ssh {

enum class KeyState { none, ok, unknown, changed };

// For people; known without asking anybody.
struct Report {
    Report() = default;
    std::string state;      // "idle", "connecting", "up", "down", "stopped"
    std::string way;        // name_of(Way); empty = none found yet
    std::string last_error; // of the last failure; empty while it works
    std::string why_openssh; // what libssh lacks for this host; empty = nothing
    KeyState key = KeyState::none;
    HostKey offered, known; // known: when changed
    int connections = 0, most_connections = 0;
    std::size_t channels = 0;
    std::optional<Deadline> next_try; // after a failure
};

// All functions on `core`.
class HostLink {
public:
    // Nothing is connected before the first request. `handshakes` outlives it.
    HostLink(net::Executor core, Handshakes& handshakes, LinkConfig config);
    // Precondition: stop() has ended, or nothing was ever asked.
    ~HostLink();
    HostLink(const HostLink&) = delete;
    HostLink& operator=(const HostLink&) = delete;

    // Streams to the engine's socket. Errors: host_unreachable, timed_out, no_capacity,
    // host_key_unknown, host_key_changed, invalid_input (the address), shutting_down.
    net::Dialer& engine() noexcept;
    // A stream to 127.0.0.1:port over there that lives on `executor`. host_unreachable also when the
    // port refuses (over an OpenSSH child it then ends at once instead); forbidden: the server lets
    // nobody forward there. Control traffic on `core` shares the engine's connection, so that it needs
    // no other one; bulk never does.
    net::Task<Result<net::ByteStreamPtr>> dial_port(
        std::uint16_t port, net::Executor executor, Deadline deadline, net::Traffic traffic = net::Traffic::bulk
    );

    // What a fixed command prints over there, on the connection that is there: none is made for it.
    // not_found where commands are what the engine is reached by, and their places are its own.
    net::Task<Result<std::string>> run(std::string command, Deadline deadline);

    // The key that the machine shows now, and what we know of it; no authentication.
    net::Task<Result<Outcome>> see_key(Deadline deadline);
    // Takes the key that the machine shows now as the known one, if its fingerprint is this: into our
    // own file, in place of an older one; one that is known already is fine. conflict: it shows
    // another (both in the text), or this one is revoked. Else the errors of a connection.
    net::Task<Status> accept_key(std::string fingerprint, Deadline deadline);
    // Takes nothing of this machine as known any more in our own file.
    net::Task<Status> forget_key(Deadline deadline);

    // The effective configuration, asked anew after a while.
    net::Task<Result<Target>> target(Deadline deadline);

    Report report() const;
    std::function<void()> on_changed; // the report has changed

    // Closes everything. The executors of dial_port must still run.
    net::Task<void> stop();

private:
    struct State;
    std::shared_ptr<State> state_; // requests under way hold it
};

} // namespace berth::ssh
