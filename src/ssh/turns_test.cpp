// SPDX-License-Identifier: Apache-2.0
#include "ssh/turns.hpp"

#include "net/deadline.hpp"
#include "net/task_scope.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace berth::ssh {
namespace {

using net::Task;
using Turn = Turns::Turn;

class TurnsTest : public testing::Test {
protected:
    ~TurnsTest() override { test::run_task(context_, scope_.stop()); }

    // Takes a turn and keeps it in `held` under its number.
    void ask(int number, std::string server) {
        auto asking = [](TurnsTest* test, int me, std::string where) -> Task<void> {
            auto turn = co_await test->turns_.take(std::move(where));
            if (!turn) {
                test->refused_.push_back(me);
                co_return;
            }
            test->order_.push_back(me);
            test->held_[static_cast<std::size_t>(me)].emplace(std::move(*turn));
        };
        scope_.spawn(asking(this, number, std::move(server)));
        settle();
    }
    void give_back(int number) {
        held_[static_cast<std::size_t>(number)].reset();
        settle();
    }
    void settle() { test::run_task(context_, net::sleep_for(Milliseconds{1})); }

    boost::asio::io_context context_{1};
    net::TaskScope scope_{context_.get_executor(), "turns"};
    Turns turns_{context_.get_executor(), 3, 2};
    std::array<std::optional<Turn>, 10> held_;
    std::vector<int> order_, refused_;
};

TEST_F(TurnsTest, AreGivenInOrderOfAsking) {
    for (int i = 0; i < 6; ++i) ask(i, "s" + std::to_string(i));
    EXPECT_EQ(order_, (std::vector{0, 1, 2}));
    give_back(1);
    give_back(0);
    EXPECT_EQ(order_, (std::vector{0, 1, 2, 3, 4}));
    give_back(4);
    EXPECT_EQ(order_.back(), 5);
}

TEST_F(TurnsTest, AServerThatIsFullHoldsUpNobodyElse) {
    for (int i = 0; i < 4; ++i) ask(i, "busy");
    ask(4, "other");
    EXPECT_EQ(order_, (std::vector{0, 1, 4}));
    give_back(4);
    EXPECT_EQ(order_, (std::vector{0, 1, 4})) << "there is room, but not with that server";
    give_back(0);
    EXPECT_EQ(order_, (std::vector{0, 1, 4, 2}));
}

TEST_F(TurnsTest, WhoIsCancelledWhileWaitingTakesNothing) {
    for (int i = 0; i < 3; ++i) ask(i, "s" + std::to_string(i));
    auto wait_a_little = [](Turns* turns) -> Task<bool> {
        auto waiting = turns->take("s9");
        auto late = co_await net::with_deadline(std::move(waiting), deadline_in(Milliseconds{5}));
        co_return late.has_value();
    };
    EXPECT_FALSE(test::run_task(context_, wait_a_little(&turns_)));
    ask(3, "s3");
    for (int i = 0; i < 3; ++i) give_back(i);
    for (int i = 4; i < 7; ++i) ask(i, "t" + std::to_string(i));
    EXPECT_EQ(order_, (std::vector{0, 1, 2, 3, 4, 5})) << "three at once still: none was lost, none was made";
}

TEST_F(TurnsTest, AStopSendsThoseWhoWaitAway) {
    for (int i = 0; i < 5; ++i) ask(i, "s" + std::to_string(i));
    turns_.stop();
    settle();
    EXPECT_EQ(refused_, (std::vector{3, 4}));
    for (auto& turn : held_) turn.reset();
    ask(5, "later");
    EXPECT_EQ(order_.back(), 5) << "what runs on until the end may still take one";
}

} // namespace
} // namespace berth::ssh
