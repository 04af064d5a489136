// SPDX-License-Identifier: Apache-2.0
#pragma once
// A program that runs beside us: started without a shell, in a session of its own (so that it can
// ask nothing on a terminal), ended with us, always reaped.

#include "base/error.hpp"
#include "base/time.hpp"
#include "net/task.hpp"

#include <memory>
#include <string>
#include <vector>

namespace berth::ssh {

// Everything on the executor.
class ChildProcess {
public:
    struct Order {
        Order() = default;
        std::vector<std::string> arguments; // the first one is the program, looked up in PATH
        std::size_t most_output = 0;        // of standard output that is kept; 0 = it goes nowhere
        std::size_t most_error_text = 4096; // of standard error: the last ones
    };
    // not_found: there is no such program. The variables BERTH_… do not reach it.
    static Result<std::unique_ptr<ChildProcess>> start(net::Executor executor, Order order);
    // Kills and reaps what still runs.
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    // Until it has ended and its output is read; its exit status, or 128 + the signal. At the
    // deadline timed_out, and it goes on.
    net::Task<Result<int>> wait(Deadline deadline);
    bool has_ended() const noexcept;
    const std::string& output() const noexcept;
    const std::string& error_text() const noexcept;
    int id() const noexcept;

    // Asks it to end, kills it after a second, reaps it.
    net::Task<void> stop();

private:
    struct State;
    explicit ChildProcess(std::shared_ptr<State> state);
    std::shared_ptr<State> state_; // the waits for its descriptors hold it
};

} // namespace berth::ssh
