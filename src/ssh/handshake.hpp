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
enum class Stage { resolve, tcp, banner, key_exchange, host_key, authentication, done };

enum class Goal { log_in, see_key }; // see_key ends, without authentication, at the host key

struct Outcome {
    Outcome() = default;
    std::optional<Error> error; // nothing: the goal is reached
    Stage stage = Stage::resolve;
    HostKey offered;
    KeyCheck check;
    std::string notes; // what was left out on the way: a frozen agent, an encrypted key
    Milliseconds tcp{0}, key_exchange{0}, authentication{0};
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
