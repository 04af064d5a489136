// SPDX-License-Identifier: Apache-2.0
#pragma once
// Absolute deadlines travel down the call chain; running out of time is an ordinary error.

#include "base/error.hpp"
#include "base/time.hpp"
#include "net/task.hpp"

namespace berth::net {

// Runs the task until it ends or the deadline passes; then it is cancelled, awaited, and
// Errc::timed_out is the answer. An exception of the task passes through at once; cancellation of
// the caller cancels the task at once and passes through. Runs on the caller's executor.
// Not `task || timer`: in Boost 1.81 that waits for the first success (docs/traps/asio-or.md).
template <class T>
Task<Result<T>> with_deadline(Task<Result<T>> task, Deadline deadline);

// Ends at that time, or throws operation_aborted on cancellation.
Task<void> sleep_until(Deadline deadline);
Task<void> sleep_for(Milliseconds span);

// Runs the task on another executor and brings the result back to the caller's; cancellation is
// passed on. The one bridge between the gateway threads and the core thread.
template <class T>
Task<T> run_on(Executor executor, Task<T> task);

} // namespace berth::net
