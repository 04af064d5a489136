// SPDX-License-Identifier: Apache-2.0
#include "net/task_scope.hpp"

#include "net/deadline.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace berth::net {
namespace {

namespace asio = boost::asio;

Task<void> count_after(Milliseconds span, int* count) {
    co_await sleep_for(span);
    ++*count;
}

Task<void> fail() {
    co_await sleep_for(Milliseconds{0});
    throw std::runtime_error("on purpose");
}

Task<void> count_at_once(int* count) {
    ++*count;
    co_return;
}

// Needs some time to go even when asked to.
Task<void> leave_slowly(int* left) {
    try {
        co_await sleep_for(Seconds{60});
    } catch (const boost::system::system_error&) {
        ++*left;
    }
}

TEST(TaskScope, JoinWaitsForEveryChild) {
    asio::io_context context;
    TaskScope scope{context.get_executor(), "test"};
    int count = 0;
    for (int i = 0; i < 50; ++i) scope.spawn(count_after(Milliseconds{i % 5}, &count));
    EXPECT_EQ(scope.size(), 50u);
    test::run_task(context, scope.join());
    EXPECT_EQ(count, 50);
    EXPECT_EQ(scope.size(), 0u);
}

TEST(TaskScope, StopCancelsChildrenInMidFlightAndWaitsForThem) {
    asio::io_context context;
    TaskScope scope{context.get_executor(), "test"};
    int left = 0;
    for (int i = 0; i < 50; ++i) scope.spawn(leave_slowly(&left));
    context.poll();
    EXPECT_EQ(left, 0);
    test::run_task(context, scope.stop());
    EXPECT_EQ(left, 50);
    test::run_task(context, scope.stop());
}

TEST(TaskScope, AChildNeverStartsInsideSpawn) {
    asio::io_context context;
    TaskScope scope{context.get_executor(), "test"};
    int count = 0;
    int seen = -1;
    auto spawner = [](TaskScope* s, int* c, int* at_return) -> Task<void> {
        s->spawn(count_at_once(c));
        *at_return = *c;
        co_await s->join();
    };
    test::run_task(context, spawner(&scope, &count, &seen));
    EXPECT_EQ(seen, 0);
    EXPECT_EQ(count, 1);
}

TEST(TaskScope, AChildCancelledBeforeItsFirstStepNeverRuns) {
    asio::io_context context;
    TaskScope scope{context.get_executor(), "test"};
    int count = 0;
    scope.spawn(count_at_once(&count));
    scope.cancel();
    test::run_task(context, scope.join());
    EXPECT_EQ(count, 0);
}

// Whatever the child has left to do when it is cancelled, down to its very last step.
TEST(TaskScope, ACancelFromOutsideTheLoopMayComeAtAnyStepOfAChild) {
    for (int steps = 0; steps < 12; ++steps) {
        asio::io_context context;
        TaskScope scope{context.get_executor(), "test"};
        int count = 0;
        scope.spawn(count_at_once(&count));
        for (int i = 0; i < steps; ++i) context.poll_one();
        scope.cancel();
        test::run_task(context, scope.join());
        EXPECT_EQ(scope.size(), 0U) << steps;
    }
}

TEST(TaskScope, RefusesWorkAfterStop) {
    asio::io_context context;
    TaskScope scope{context.get_executor(), "test"};
    test::run_task(context, scope.stop());
    int count = 0;
    EXPECT_FALSE(scope.spawn(count_at_once(&count)));
    context.restart();
    context.poll();
    EXPECT_EQ(count, 0);
}

TEST(TaskScope, TakesWorkAfterCancel) {
    asio::io_context context;
    TaskScope scope{context.get_executor(), "test"};
    scope.cancel();
    int count = 0;
    EXPECT_TRUE(scope.spawn(count_at_once(&count)));
    test::run_task(context, scope.join());
    EXPECT_EQ(count, 1);
}

TEST(TaskScope, AnExceptionEndsOnlyItsChildAndIsCounted) {
    asio::io_context context;
    TaskScope scope{context.get_executor(), "test"};
    auto before = failed_tasks();
    int count = 0;
    scope.spawn(fail());
    scope.spawn(count_after(Milliseconds{5}, &count));
    test::run_task(context, scope.join());
    EXPECT_EQ(count, 1);
    EXPECT_EQ(failed_tasks(), before + 1);
}

TEST(TaskScope, CancellationIsNoFailure) {
    asio::io_context context;
    TaskScope scope{context.get_executor(), "test"};
    auto before = failed_tasks();
    int count = 0;
    scope.spawn(count_after(Milliseconds{60000}, &count));
    context.poll();
    test::run_task(context, scope.stop());
    EXPECT_EQ(count, 0);
    EXPECT_EQ(failed_tasks(), before);
}

TEST(TaskScope, ACancelledStopperStillWaitsForTheChildren) {
    asio::io_context context;
    TaskScope inner{context.get_executor(), "inner"};
    TaskScope outer{context.get_executor(), "outer"};
    int left = 0;
    bool is_stopped = false;
    auto leave_late = [](int* l) -> Task<void> {
        co_await asio::this_coro::throw_if_cancelled(false);
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        co_await sleep_for(Milliseconds{20});
        ++*l;
    };
    auto stopper = [](TaskScope* s, bool* done) -> Task<void> {
        co_await s->stop();
        *done = true;
        co_await sleep_for(Seconds{60}); // throws at once: the stopper was cancelled
    };
    inner.spawn(leave_late(&left));
    outer.spawn(stopper(&inner, &is_stopped));
    context.poll();
    outer.cancel();
    test::run_task(context, outer.join());
    EXPECT_TRUE(is_stopped);
    EXPECT_EQ(left, 1);
    EXPECT_EQ(inner.size(), 0u);
}

TEST(TaskScope, SeveralMayJoin) {
    asio::io_context context;
    TaskScope scope{context.get_executor(), "test"};
    TaskScope joiners{context.get_executor(), "joiners"};
    int count = 0;
    scope.spawn(count_after(Milliseconds{5}, &count));
    joiners.spawn(scope.join());
    joiners.spawn(scope.join());
    test::run_task(context, joiners.join());
    EXPECT_EQ(count, 1);
}

void abandon_a_child() {
    asio::io_context context;
    int count = 0;
    TaskScope scope{context.get_executor(), "test"};
    scope.spawn(count_at_once(&count));
}

TEST(TaskScopeDeathTest, DiesWhenDestroyedWithAChild) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(abandon_a_child(), "children.empty");
}

} // namespace
} // namespace berth::net
