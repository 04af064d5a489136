// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who may shake hands now: so many at once over all, so many with one server. In order of asking;
// only who waits for a server that is full is overtaken. Everything on one executor.

#include "base/error.hpp"
#include "net/task.hpp"

#include <memory>
#include <string>

namespace berth::ssh {

class Turns {
    struct State;

public:
    // Given back when it ends.
    class Turn {
    public:
        Turn(std::shared_ptr<State> state, std::string server);
        Turn(Turn&&) noexcept = default;
        Turn& operator=(Turn&&) = delete;
        ~Turn();

    private:
        std::shared_ptr<State> state_;
        std::string server_;
    };

    Turns(net::Executor executor, int most, int most_per_server);

    // Cancellation leaves the queue. Error: shutting_down, after stop().
    net::Task<Result<Turn>> take(std::string server);
    // Nobody waits any more; turns that were taken end by themselves.
    void stop();

private:
    std::shared_ptr<State> state_; // turns may outlive this object
};

} // namespace berth::ssh
