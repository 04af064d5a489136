// SPDX-License-Identifier: Apache-2.0
#pragma once
// The few threads on which calls may block: SQL, password hashing, file reads.

#include "net/task.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace berth::net {

class BlockingPool {
public:
    // `name` names the threads (at most 15 characters are shown by the system).
    BlockingPool(std::size_t threads, std::string_view name);
    // Waits for running jobs; jobs not begun are dropped (their awaiters get operation_aborted).
    ~BlockingPool();

    // Runs f on a pool thread and resumes the caller on its own executor with f's result; an
    // exception of f is rethrown there. Cancelling the caller does NOT stop f: the caller goes on
    // only after f has ended, so f may use references to the caller's frame.
    template <class F>
    Task<std::invoke_result_t<F&>> run(F f);

    void post(std::function<void()> job); // from any thread

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace berth::net
