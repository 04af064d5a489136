// SPDX-License-Identifier: Apache-2.0
#include "identity/turn.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <vector>

namespace berth::identity {
namespace {

namespace asio = boost::asio;

// Enters, lets everybody else run, leaves.
net::Task<> visit(Turn& turn, int& inside, std::vector<int>& order, int number) {
    auto held = co_await turn.take();
    EXPECT_EQ(++inside, 1);
    order.push_back(number);
    auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i < 3; ++i)
        co_await asio::post(executor, asio::use_awaitable);
    --inside;
}

TEST(Turn, LetsOneInAtATimeInOrderOfArrival) {
    asio::io_context context{1};
    Turn turn;
    int inside = 0;
    std::vector<int> order;
    for (int i = 0; i < 5; ++i)
        asio::co_spawn(context, visit(turn, inside, order, i), [](std::exception_ptr e) {
            EXPECT_FALSE(e);
        });
    context.run_for(test::hard_limit);
    const std::vector expected{0, 1, 2, 3, 4};
    EXPECT_EQ(order, expected);
}

TEST(Turn, ACancelledWaiterLeavesTheQueueAndTheOthersGoOn) {
    asio::io_context context{1};
    Turn turn;
    int inside = 0;
    std::vector<int> order;
    asio::cancellation_signal signal;
    bool was_cancelled = false;
    auto ignore = [](std::exception_ptr) {};
    asio::co_spawn(context, visit(turn, inside, order, 0), ignore);
    auto note = [&](std::exception_ptr e) { was_cancelled = e != nullptr; };
    asio::co_spawn(
        context, visit(turn, inside, order, 1), asio::bind_cancellation_slot(signal.slot(), note)
    );
    asio::co_spawn(context, visit(turn, inside, order, 2), ignore);
    context.poll_one();
    context.poll_one();
    context.poll_one();
    signal.emit(asio::cancellation_type::terminal);
    context.run_for(test::hard_limit);
    EXPECT_TRUE(was_cancelled);
    const std::vector expected{0, 2};
    EXPECT_EQ(order, expected);
}

} // namespace
} // namespace berth::identity
