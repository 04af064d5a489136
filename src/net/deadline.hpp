// SPDX-License-Identifier: Apache-2.0
#pragma once
// Absolute deadlines travel down the call chain; running out of time is an ordinary error.

#include "base/error.hpp"
#include "base/time.hpp"
#include "net/task.hpp"

#include <optional>
#include <type_traits>
#include <utility>

namespace berth::net {

// Runs the task until it ends or the deadline passes; then it is cancelled, awaited, and
// Errc::timed_out is the answer. An exception of the task passes through at once; cancellation of
// the caller cancels the task at once and passes through. Runs on the caller's executor.
// Not `task || timer`: in Boost 1.81 that waits for the first success (docs/traps/asio-or.md).
template <class T>
Task<Result<T>> with_deadline(Task<Result<T>> task, Deadline deadline);

// The same with another coroutine in the clock's place: when `stop` ends first, the task is cancelled,
// awaited, and Errc::ended is the answer; when the task does, `stop` is cancelled and awaited.
template <class T>
Task<Result<T>> unless(Task<void> stop, Task<Result<T>> task);

// Ends at that time, or throws operation_aborted on cancellation.
Task<void> sleep_until(Deadline deadline);
Task<void> sleep_for(Milliseconds span);

// Runs the task on another executor and brings the result back to the caller's; cancellation is
// passed on. The one bridge between the gateway threads and the core thread.
// The other executor must go on running until the task has ended; the caller's context is destroyed
// only after the other's threads are joined (one may still be inside its last post to us).
template <class T>
Task<T> run_on(Executor executor, Task<T> task);

// The bodies: only Task<void> reaches Asio's templates, in deadline.cpp.
namespace detail {

// False: the deadline passed first and the task was cancelled and has ended.
Task<bool> finish_before(Task<void> task, Deadline deadline);
// False: `stop` ended first.
Task<bool> finish_unless(Task<void> stop, Task<void> task);
Task<void> run_elsewhere(Executor executor, Task<void> task);
Error deadline_passed();

template <class T>
Task<void> store(Task<T> task, std::optional<T>* out) {
    out->emplace(co_await std::move(task));
}

} // namespace detail

template <class T>
Task<Result<T>> with_deadline(Task<Result<T>> task, Deadline deadline) {
    std::optional<Result<T>> result;
    auto storing = detail::store(std::move(task), &result);
    bool is_in_time = co_await detail::finish_before(std::move(storing), deadline);
    if (!is_in_time) co_return detail::deadline_passed();
    co_return std::move(*result);
}

template <class T>
Task<Result<T>> unless(Task<void> stop, Task<Result<T>> task) {
    std::optional<Result<T>> result;
    auto storing = detail::store(std::move(task), &result);
    bool is_finished = co_await detail::finish_unless(std::move(stop), std::move(storing));
    if (!is_finished) co_return Error{Errc::ended, "stopped before it was done"};
    co_return std::move(*result);
}

template <class T>
Task<T> run_on(Executor executor, Task<T> task) {
    if constexpr (std::is_void_v<T>) {
        co_await detail::run_elsewhere(std::move(executor), std::move(task)); // NOLINT(bugprone-use-after-move): co_await is no loop
    } else {
        std::optional<T> result;
        auto storing = detail::store(std::move(task), &result);
        co_await detail::run_elsewhere(std::move(executor), std::move(storing));
        co_return std::move(*result);
    }
}

} // namespace berth::net
