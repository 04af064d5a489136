// SPDX-License-Identifier: Apache-2.0
#pragma once
// Key exchange, host key and authentication over a connected socket. Blocks, with a deadline: for a
// pool thread. abort() from another thread ends it within moments.

#include "base/error.hpp"
#include "ssh/connection.hpp"
#include "ssh/known_hosts.hpp"
#include "ssh/target.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace berth::ssh {

// How far a connection came, in this order.
enum class Stage { turn, resolve, tcp, banner, key_exchange, host_key, authentication, done };

// Why nobody was let in, where somebody was not: the server takes no keys; there was none to offer,
// or none without a passphrase; none was accepted. None of these: it did not answer.
enum class Denial { none, no_method, no_key, locked_key, refused };

enum class Goal { log_in, see_key }; // see_key ends, without authentication, at the host key

struct Outcome {
    Outcome() = default;
    std::optional<Error> error; // nothing: the goal is reached
    Stage stage = Stage::turn;
    HostKey offered;
    KeyCheck check;
    std::string addresses; // that the name has: "192.0.2.7, 2001:db8::7"
    std::string peer;      // the one that was connected to
    std::string identity;  // what was accepted: a file, "the agent's keys", "no proof at all"
    Denial denial = Denial::none;
    std::string notes; // what was left out on the way: a frozen agent, an encrypted key
    Milliseconds resolve{0}, tcp{0}, key_exchange{0}, authentication{0};
    Connection connection; // after log_in
};

class Handshake {
public:
    struct Order {
        Order() = default;
        Target target;
        KnownHosts known_hosts{""};
        Goal goal = Goal::log_in;
        Deadline deadline = Deadline::max();
        std::uint64_t rekey_bytes = 0; // 0 = the library's own
    };

    // Takes over the connected socket.
    Handshake(Order order, int socket) noexcept;
    Handshake(const Handshake&) = delete;
    Handshake& operator=(const Handshake&) = delete;
    ~Handshake();

    Outcome run();
    // Shuts the sockets down (ours and the agent's), so that whatever reads them comes back.
    void abort() noexcept;

private:
    struct Run;
    bool hold_agent(int socket) noexcept; // false: aborted already
    void release_agent() noexcept;

    Order order_;
    std::mutex mutex_;
    int socket_, agent_ = -1;
    bool is_aborted_ = false;
};

} // namespace berth::ssh
