// SPDX-License-Identifier: Apache-2.0
#include "identity/turn.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>

namespace berth::identity {

namespace asio = boost::asio;

struct Turn::Waiter {
    explicit Waiter(const asio::any_io_executor& executor)
        : timer{executor, asio::steady_timer::time_point::max()} {}
    asio::steady_timer timer;
    bool has_turn = false;
};

net::Task<Turn::Held> Turn::take() {
    if (!is_taken_) {
        is_taken_ = true;
        co_return Held{this};
    }
    auto executor = co_await asio::this_coro::executor;
    auto waiter = std::make_shared<Waiter>(executor);
    waiters_.push_back(waiter);
    boost::system::error_code woken;
    co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (!waiter->has_turn) {
        // Woken by cancellation; the turn was not given to us.
        std::erase(waiters_, waiter);
        throw boost::system::system_error{asio::error::operation_aborted};
    }
    co_return Held{this};
}

void Turn::pass_on() {
    if (waiters_.empty()) {
        is_taken_ = false;
        return;
    }
    auto next = std::move(waiters_.front());
    waiters_.pop_front();
    next->has_turn = true;
    next->timer.cancel();
}

} // namespace berth::identity
