// SPDX-License-Identifier: Apache-2.0
#pragma once
// The few threads on which calls may block: SQL, password hashing, file reads.

#include "net/task.hpp"

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace berth::net {

class BlockingPool {
public:
    // `name` names the threads (at most 15 characters are shown by the system).
    BlockingPool(std::size_t threads, std::string_view name);
    // Waits for running jobs; jobs not begun are dropped (their awaiters get operation_aborted).
    // The pool is destroyed before its callers' execution contexts, never after.
    ~BlockingPool();

    // Runs f on a pool thread and resumes the caller on its own executor with f's result; an
    // exception of f is rethrown there. Cancelling the caller does NOT stop f: the caller goes on
    // only after f has ended, so f may use references to the caller's frame.
    template <class F>
    Task<std::invoke_result_t<F&>> run(F f);

    // From any thread. An exception of the job is logged.
    void post(std::function<void()> job);

private:
    Task<void> run_job(std::function<void()> job);

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

template <class F>
Task<std::invoke_result_t<F&>> BlockingPool::run(F f) {
    using R = std::invoke_result_t<F&>;
    std::exception_ptr failure;
    if constexpr (std::is_void_v<R>) {
        auto job = [&f, &failure] {
            try {
                f();
            } catch (...) {
                failure = std::current_exception();
            }
        };
        co_await run_job(std::ref(job));
        if (failure) std::rethrow_exception(failure);
    } else {
        std::optional<R> result;
        auto job = [&f, &failure, &result] {
            try {
                result.emplace(f());
            } catch (...) {
                failure = std::current_exception();
            }
        };
        co_await run_job(std::ref(job));
        if (failure) std::rethrow_exception(failure);
        co_return std::move(*result);
    }
}

} // namespace berth::net
