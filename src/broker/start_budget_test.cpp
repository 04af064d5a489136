// SPDX-License-Identifier: Apache-2.0
#include "broker/start_budget.hpp"

#include <gtest/gtest.h>

namespace berth::broker {
namespace {

constexpr TimePoint t0{Milliseconds{1'700'000'000'000}};

StartBudgetConfig config() {
    StartBudgetConfig made;
    made.burst = 6;
    made.per_window = 20;
    made.window = Seconds{600};
    return made;
}

TEST(StartBudget, ABurstIsFreeThenItIsOneEachHalfMinute) {
    StartBudget budget{config()};
    for (int i = 0; i < 6; ++i) EXPECT_FALSE(budget.take("local", "ann", t0)) << i;
    EXPECT_EQ(budget.take("local", "ann", t0), Seconds{30});
    EXPECT_EQ(budget.take("local", "ann", t0 + Seconds{20}), Seconds{10}) << "asking costs nothing";
    EXPECT_FALSE(budget.take("local", "ann", t0 + Seconds{30}));
    EXPECT_TRUE(budget.take("local", "ann", t0 + Seconds{30}));
}

TEST(StartBudget, IsEachPersonsOwn) {
    StartBudget budget{config()};
    for (int i = 0; i < 6; ++i) (void)budget.take("local", "ann", t0);
    EXPECT_TRUE(budget.take("local", "ann", t0));
    EXPECT_FALSE(budget.take("local", "bob", t0));
    EXPECT_FALSE(budget.take("other", "ann", t0));
}

TEST(StartBudget, WhatWasNotStartedIsGivenBack) {
    StartBudget budget{config()};
    for (int i = 0; i < 100; ++i) {
        EXPECT_FALSE(budget.take("local", "ann", t0));
        budget.give_back("local", "ann");
    }
}

TEST(StartBudget, NeverHoldsMoreThanTheBurst) {
    StartBudget budget{config()};
    (void)budget.take("local", "ann", t0);
    for (int i = 0; i < 6; ++i) EXPECT_FALSE(budget.take("local", "ann", t0 + std::chrono::hours{100})) << i;
    EXPECT_TRUE(budget.take("local", "ann", t0 + std::chrono::hours{100}));
}

TEST(StartBudget, AClockThatGoesBackChangesNothing) {
    StartBudget budget{config()};
    for (int i = 0; i < 6; ++i) (void)budget.take("local", "ann", t0);
    EXPECT_TRUE(budget.take("local", "ann", t0 - std::chrono::hours{1}));
}

TEST(StartBudget, NoBurstMeansNoLimit) {
    StartBudget budget{StartBudgetConfig{}};
    for (int i = 0; i < 1000; ++i) EXPECT_FALSE(budget.take("local", "ann", t0));
}

} // namespace
} // namespace berth::broker
