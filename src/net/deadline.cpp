// SPDX-License-Identifier: Apache-2.0
#include "net/deadline.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace berth::net {
namespace {

namespace asio = boost::asio;

bool is_cancellation(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

// What became of a task that ran against something else, once both have ended.
bool is_finished(bool is_first, std::exception_ptr failure, const asio::cancellation_state& own) {
    if (is_first) {
        if (failure) std::rethrow_exception(failure);
        return true;
    }
    if (own.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error{asio::error::operation_aborted};
    // Unwinding is what the cancelled task was asked for; any other exception is news.
    if (failure && !is_cancellation(failure)) std::rethrow_exception(failure);
    return false;
}

std::exception_ptr cancellation() {
    return std::make_exception_ptr(boost::system::system_error{asio::error::operation_aborted});
}

} // namespace

Task<void> sleep_until(Deadline deadline) {
    asio::steady_timer timer{co_await asio::this_coro::executor, deadline};
    co_await timer.async_wait(asio::use_awaitable);
}

Task<void> sleep_for(Milliseconds span) { return sleep_until(deadline_in(span)); }

namespace detail {

Error deadline_passed() { return Error{Errc::timed_out, "the deadline passed"}; }

Task<bool> finish_before(Task<void> task, Deadline deadline) {
    if (deadline == Deadline::max()) {
        co_await std::move(task);
        co_return true;
    }
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer{executor, deadline};
    // The group is complete only when both have ended: the task never outlives this frame.
    auto waiting = asio::experimental::make_parallel_group(
                       asio::co_spawn(executor, std::move(task), asio::deferred),
                       timer.async_wait(asio::deferred)
    )
                       .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    auto [order, failure, timer_ec] = co_await std::move(waiting);
    auto own = co_await asio::this_coro::cancellation_state;
    co_return is_finished(order[0] == 0, std::move(failure), own);
}

Task<bool> finish_unless(Task<void> stop, Task<void> task) {
    auto executor = co_await asio::this_coro::executor;
    auto waiting = asio::experimental::make_parallel_group(
                       asio::co_spawn(executor, std::move(task), asio::deferred),
                       asio::co_spawn(executor, std::move(stop), asio::deferred)
    )
                       .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    auto [order, failure, stop_failure] = co_await std::move(waiting);
    auto own = co_await asio::this_coro::cancellation_state;
    bool is_first = order[0] == 0;
    bool is_done = is_finished(is_first, std::move(failure), own);
    if (!is_first && stop_failure) std::rethrow_exception(stop_failure);
    co_return is_done;
}

namespace {

// Signals and slots are not thread-safe: this one lives on the other executor, and only posts
// reach it. (co_spawn's own forwarding in Boost 1.81 posts a raw pointer into the caller's slot.)
struct Bridge {
    explicit Bridge(Executor there_)
        : there{std::move(there_)} {}
    Executor there;
    asio::cancellation_signal signal;
};

struct StartElsewhere {
    template <class Handler>
    void operator()(Handler handler, std::shared_ptr<Bridge> bridge, Executor here, Task<void> task)
        const {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) {
            slot.assign([bridge](asio::cancellation_type type) {
                asio::post(bridge->there, [bridge, type] { bridge->signal.emit(type); });
            });
        }
        auto on_end = [bridge,
                       work = asio::make_work_guard(here),
                       handler = std::move(handler)](std::exception_ptr failure) mutable {
            auto home = work.get_executor();
            // Cancellation, the everyday exception, is thrown anew over there: a shared exception
            // object would cross threads by a count that thread sanitizers cannot see.
            bool was_cancelled = failure && is_cancellation(failure);
            if (was_cancelled) failure = nullptr;
            // The work guard goes along: after this post that context may end at any moment.
            auto resume = [failure = std::move(failure),
                           was_cancelled,
                           work = std::move(work),
                           handler = std::move(handler)]() mutable {
                if (was_cancelled) failure = cancellation();
                std::move(handler)(std::move(failure));
            };
            asio::post(home, std::move(resume));
        };
        auto start = [bridge, on_end = std::move(on_end), task = std::move(task)]() mutable {
            auto token = asio::bind_cancellation_slot(bridge->signal.slot(), std::move(on_end));
            asio::co_spawn(bridge->there, std::move(task), std::move(token));
        };
        auto there = bridge->there;
        asio::post(there, std::move(start));
    }
};

} // namespace

Task<void> run_elsewhere(Executor executor, Task<void> task) {
    auto here = co_await asio::this_coro::executor;
    auto bridge = std::make_shared<Bridge>(std::move(executor));
    auto running = asio::async_initiate<
        const asio::use_awaitable_t<>&,
        void(std::exception_ptr)>(
        StartElsewhere{}, asio::use_awaitable, std::move(bridge), here, std::move(task)
    );
    co_await std::move(running);
}

} // namespace detail
} // namespace berth::net
