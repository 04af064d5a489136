// SPDX-License-Identifier: Apache-2.0
#pragma once
// Runs one coroutine to its end in a test, with a hard limit: a hanging test fails, it never waits
// for ever.

#include "net/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace berth::test {

inline constexpr std::chrono::seconds hard_limit{20};

// Until the task has ended; throws std::runtime_error after the limit. The task is left suspended
// then and destroyed with the context, so the context must be declared before what it uses.
template <class T>
T run_task(
    boost::asio::io_context& context, net::Task<T> task,
    std::chrono::steady_clock::duration limit = hard_limit
) {
    std::exception_ptr failure;
    bool is_done = false;
    auto give_up = std::chrono::steady_clock::now() + limit;
    auto drive = [&] {
        context.restart();
        while (!is_done && std::chrono::steady_clock::now() < give_up) {
            if (context.run_one_until(give_up) == 0 && context.stopped()) break;
        }
        if (failure) std::rethrow_exception(failure);
        if (!is_done) throw std::runtime_error("run_task: the task did not end");
    };
    if constexpr (std::is_void_v<T>) {
        boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr e) {
            failure = e;
            is_done = true;
        });
        drive();
    } else {
        std::optional<T> result;
        boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr e, T value) {
            failure = e;
            if (!e) result.emplace(std::move(value));
            is_done = true;
        });
        drive();
        return std::move(*result);
    }
}

// Outlives every pool of a test: a pool's thread may still be inside its last post when the task it answered has ended.
inline boost::asio::io_context& lasting_context() {
    thread_local boost::asio::io_context context{1};
    return context;
}

// The same on a context that the test does not see; for tasks that use nothing but this_coro::executor.
template <class T>
T run_task(net::Task<T> task, std::chrono::steady_clock::duration limit = hard_limit) {
    return run_task(lasting_context(), std::move(task), limit);
}

// Turns the context until the condition holds; false after the limit. For state that no task
// announces; an idle context is asked again every millisecond.
template <class Condition>
bool run_until(
    boost::asio::io_context& context, Condition condition,
    std::chrono::steady_clock::duration limit = hard_limit
) {
    auto give_up = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= give_up) return false;
        context.restart();
        context.run_one_for(std::chrono::milliseconds{1});
    }
    return true;
}

} // namespace berth::test
