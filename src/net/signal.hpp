// SPDX-License-Identifier: Apache-2.0
#pragma once
// A wake-up between coroutines of one thread. notify() while nobody waits is remembered once, so a
// waiter that checks its condition in a loop misses nothing. Any number of waiters; all wake.

#include "net/task.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace berth::net {

class Signal {
public:
    explicit Signal(const Executor& executor)
        : timer_{executor, boost::asio::steady_timer::time_point::max()} {}

    void notify() {
        ++count_;
        timer_.cancel();
    }

    // Returns once notify() was called after `seen` was read. Cancellation throws as usual.
    std::uint64_t count() const noexcept { return count_; }
    Task<void> wait_past(std::uint64_t seen) {
        while (count_ == seen) {
            boost::system::error_code error;
            co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
            auto state = co_await boost::asio::this_coro::cancellation_state;
            if (state.cancelled() != boost::asio::cancellation_type::none)
                throw boost::system::system_error{boost::asio::error::operation_aborted};
        }
    }

    // As wait_past, but returns at the deadline at the latest.
    Task<void> wait_past_until(std::uint64_t seen, std::chrono::steady_clock::time_point deadline) {
        boost::asio::steady_timer until{timer_.get_executor(), deadline};
        until.async_wait([alive = std::weak_ptr<bool>{alive_}, this](boost::system::error_code error) {
            if (!error && !alive.expired()) timer_.cancel();
        });
        while (count_ == seen && std::chrono::steady_clock::now() < deadline) {
            boost::system::error_code error;
            co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
            auto state = co_await boost::asio::this_coro::cancellation_state;
            if (state.cancelled() != boost::asio::cancellation_type::none)
                throw boost::system::system_error{boost::asio::error::operation_aborted};
        }
    }

private:
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    boost::asio::steady_timer timer_;
    std::uint64_t count_ = 0;
};

} // namespace berth::net
