// SPDX-License-Identifier: Apache-2.0
#pragma once
// Connects and logs in, without blocking its executor: TCP there, the rest on a few threads of its
// own. One object for all hosts, since the bound is of this machine.

#include "net/task.hpp"
#include "ssh/handshake.hpp"

#include <functional>
#include <memory>

namespace berth::ssh {

class Handshakes {
public:
    // Everything on `executor`; its context outlives this object. Threads begin with the first use.
    explicit Handshakes(net::Executor executor);
    // Precondition: stop() has ended, or nothing was ever asked.
    ~Handshakes();
    Handshakes(const Handshakes&) = delete;
    Handshakes& operator=(const Handshakes&) = delete;

    // Connects and is greeted (ssh_handshakes_per_host at once with one server), waits for its turn
    // (limits::ssh_handshakes over all, in order of asking) and does what `goal` says; the connection and the rest have
    // limits::ssh_connect each, the wait counts for neither. A server that resets before its greeting is busy (MaxStartups) and is asked
    // again, with jitter. Cancelled: the socket is shut down and the thread comes back by itself.
    // The earlier of the order's own deadline and `deadline` bounds the whole, the wait included.
    net::Task<Outcome> run(Handshake::Order order, Deadline deadline);
    // On one of the threads: for small files.
    net::Task<Status> run_blocking(std::function<Status()> call);

    // Runs to its end, for what must be ended in good order by somebody who may be cancelled
    // meanwhile; stop() waits for it. Before stop().
    void finish(net::Task<void> task);

    // Aborts what runs and waits for it.
    net::Task<void> stop();

private:
    struct State;
    std::shared_ptr<State> state_; // jobs on the threads hold it
};

} // namespace berth::ssh
