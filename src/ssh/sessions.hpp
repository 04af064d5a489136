// SPDX-License-Identifier: Apache-2.0
#pragma once
// The SSH sessions of one host: one for control, and for each executor that moves desktops one of
// its own, made when it is first needed. Keeps them, dials again what is down, bounds their number.

#include "net/dialer.hpp"
#include "net/signal.hpp"
#include "net/task_scope.hpp"
#include "ssh/handshake.hpp"
#include "ssh/session.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace berth::ssh {

// Everything on `core` but what the sessions themselves do on their executors.
class Sessions {
public:
    using SessionPtr = std::shared_ptr<Session>;
    struct Config {
        Config() = default;
        int most = limits::ssh_connections; // control included; at least 2
        SessionConfig session;
        Milliseconds idle = limits::ssh_idle; // then a bulk session without a stream is closed
    };
    // Resolves, connects and logs in. Runs on core; must not refer to what ends before stop().
    using Connect = std::function<net::Task<Outcome>(Deadline)>;
    Sessions(net::Executor core, Connect connect, Config config);
    // Precondition: stop() has ended.
    ~Sessions();

    // A session that was up a moment ago; its functions are called on `executor`. One dial serves
    // all who wait for it, each with its own deadline; the first one after a death begins at once,
    // after a failure there is a growing pause, which callers sit out if their deadline allows it.
    // Errors: the dial's own; timed_out; no_capacity (as many connections as the host may have).
    net::Task<Result<SessionPtr>> get(net::Traffic traffic, net::Executor executor, Deadline deadline);

    int connections() const;         // up or being made
    std::size_t channels() const;    // of all
    bool is_control_up() const;
    bool is_dialling() const;
    std::optional<Deadline> next_try() const; // of the control session
    // Forgets failures: the next request dials at once.
    void try_now();

    // Called on core: after each dial with its outcome (without the connection), and with nothing
    // when a session went down (the error says why).
    std::function<void(const Outcome&)> on_dialled;
    std::function<void(const Error&)> on_down;

    // Closes all, each on its executor, which must still run.
    net::Task<void> stop();

private:
    struct Slot;
    using SlotPtr = std::shared_ptr<Slot>;
    SlotPtr slot_for(net::Traffic traffic, const net::Executor& executor);
    bool make_room(const Slot& wanted);
    net::Task<void> dial(SlotPtr slot);
    std::function<void(Error)> teller(const SlotPtr& slot);
    void finish_dial(Slot& slot, Outcome& outcome);
    net::Task<void> close(SlotPtr slot);
    net::Task<void> close_idle();

    net::Executor core_;
    Connect connect_;
    Config config_;
    std::vector<SlotPtr> slots_;
    net::Signal changed_;
    bool is_stopping_ = false, is_tending_ = false;
    std::shared_ptr<Sessions*> self_; // reports from other threads find us through it, while we are
    net::TaskScope scope_;
};

} // namespace berth::ssh
