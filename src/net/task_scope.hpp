// SPDX-License-Identifier: Apache-2.0
#pragma once
// Owner of spawned coroutines. No work is ever detached: a scope is the last data member of its
// owner, and the owner's stop() awaits scope.stop() before anything else goes away.

#include "net/task.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace berth::net {

// All functions are called on the executor's own thread (or strand).
class TaskScope {
public:
    // `name` appears in the log when a child ends with an exception.
    TaskScope(Executor executor, std::string_view name);
    // Asserts that the scope is empty.
    ~TaskScope();
    TaskScope(const TaskScope&) = delete;
    TaskScope& operator=(const TaskScope&) = delete;

    // Starts the task on the scope's executor, never inside this call. After stop() began it is refused: the task is
    // destroyed without running and false is returned. An exception other than cancellation is
    // logged and counted, and ends only that child.
    bool spawn(Task<void> task);
    // Requests total cancellation of every child; does not wait. Later spawns still run.
    void cancel();
    // Waits until no child is left; does not refuse new ones.
    Task<void> join();
    // Refuses new work, cancels, joins. May be called twice. Waits to the end even when the caller
    // is cancelled meanwhile, since the caller destroys next what the children use.
    // (A coroutine that is cancelled already cannot begin to await it, nor anything else.)
    Task<void> stop();
    std::size_t size() const noexcept;
    const Executor& executor() const noexcept;

private:
    struct State;
    struct OnEnd;
    std::shared_ptr<State> state_; // children hold it until they have ended
};

// How many children of any scope ended with an exception since the start; exported as a metric.
std::uint64_t failed_tasks() noexcept;

} // namespace berth::net
