// SPDX-License-Identifier: Apache-2.0
#include "broker/host_health.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace berth::broker {
namespace {

using placement::HostState;
using Change = HostHealth::Change;
using Patience = HostHealth::Patience;

constexpr HostHealth::Now t0{Seconds{1000}};

class Health : public testing::Test {
protected:
    HealthConfig config_;
    HostHealth health_{config_, t0};
};

TEST_F(Health, OneThatNeverFailedHasNothingToProve) {
    EXPECT_EQ(health_.state(), HostState::unknown);
    EXPECT_EQ(health_.passed(t0, true), Change::up);
    EXPECT_EQ(health_.state(), HostState::up);
    EXPECT_FALSE(health_.is_on_probation());
}

TEST_F(Health, OneSlowAnswerIsNoVerdict) {
    (void)health_.passed(t0, true);
    EXPECT_EQ(health_.missed(t0, Patience::usual), Change::none);
    EXPECT_EQ(health_.state(), HostState::up);
    (void)health_.passed(t0, true);
    EXPECT_EQ(health_.missed(t0, Patience::usual), Change::none) << "misses count in a row only";
    EXPECT_EQ(health_.missed(t0, Patience::usual), Change::down);
    EXPECT_EQ(health_.missed(t0, Patience::usual), Change::none) << "said once";
}

TEST_F(Health, WhoAsksByHandGetsAnAnswerAtOnce) {
    (void)health_.passed(t0, true);
    EXPECT_EQ(health_.missed(t0, Patience::none), Change::down);
}

TEST_F(Health, AFailureAtTheStartIsAVerdict) { EXPECT_EQ(health_.missed(t0, Patience::usual), Change::down); }

TEST_F(Health, WhoComesBackIsOnProbationUntilItHasProvedItself) {
    (void)health_.missed(t0, Patience::usual);
    EXPECT_EQ(health_.passed(t0, true), Change::up);
    EXPECT_TRUE(health_.is_on_probation());
    health_.proved();
    EXPECT_FALSE(health_.is_on_probation());
}

TEST_F(Health, QuietRoundsEndAProbationAndBusyOnesDoNot) {
    (void)health_.missed(t0, Patience::usual);
    (void)health_.passed(t0, true);
    for (int i = 0; i < 10; ++i) (void)health_.passed(t0, i % 3 == 2 ? false : true);
    EXPECT_TRUE(health_.is_on_probation()) << "three in a row, not three at all";
    for (int i = 0; i < 3; ++i) (void)health_.passed(t0, true);
    EXPECT_FALSE(health_.is_on_probation());
}

TEST_F(Health, SessionsAreToldOnceNothingWasHeardForTenSeconds) {
    (void)health_.passed(t0, true);
    (void)health_.missed(t0 + Seconds{4}, Patience::none);
    EXPECT_TRUE(health_.is_reachable(t0 + Seconds{9}));
    EXPECT_EQ(health_.turns_unknown(t0 + Seconds{9}), t0 + Seconds{10});
    EXPECT_FALSE(health_.is_reachable(t0 + Seconds{10}));
    EXPECT_FALSE(health_.turns_unknown(t0 + Seconds{10}));
    (void)health_.passed(t0 + Seconds{20}, true);
    EXPECT_TRUE(health_.is_reachable(t0 + Seconds{60})) << "while it is up the age of the answer does not matter";
}

// F-20: from the last good answer on, whatever the jitter, the verdict falls within ten seconds when
// each further check takes its whole limit.
RC_GTEST_PROP(HealthTimes, F20AFrozenEngineIsDownWithinTenSeconds, ()) {
    HealthConfig config;
    HostHealth health{config, t0};
    (void)health.passed(t0, true);
    auto now = t0;
    while (health.state() == HostState::up) {
        now += health.pause(static_cast<double>(*rc::gen::inRange(0, 1000)) / 1000.0) + config.check_limit;
        (void)health.missed(now, Patience::usual);
    }
    RC_ASSERT(now - t0 <= Seconds{10});
}

// The same from the last sign of life of an engine that was too busy for its check.
RC_GTEST_PROP(HealthTimes, F20AnEngineThatFreezesWhileItWasLateIsDownWithinTenSeconds, ()) {
    HealthConfig config;
    HostHealth health{config, t0};
    auto chance = [] { return static_cast<double>(*rc::gen::inRange(0, 1000)) / 1000.0; };
    (void)health.passed(t0, true);
    auto now = t0 + config.check_limit; // the check that was late ends
    health.late(t0);
    RC_ASSERT(health.state() == HostState::up);
    while (health.state() == HostState::up) {
        now += health.pause(chance()) + config.check_limit;
        (void)health.missed(now, Patience::usual);
    }
    RC_ASSERT(now - t0 <= Seconds{10});
}

// I-28: however long it was away, the next check begins soon enough for thirty seconds in all.
RC_GTEST_PROP(HealthTimes, I28AHealedHostIsBackWithinThirtySeconds, ()) {
    HealthConfig config;
    HostHealth health{config, t0};
    auto misses = *rc::gen::inRange(1, 200);
    for (int i = 0; i < misses; ++i) (void)health.missed(t0, Patience::usual);
    auto chance = static_cast<double>(*rc::gen::inRange(0, 1000)) / 1000.0;
    // A check that began before the healing may fail still, the one after it passes.
    auto worst = config.first_check_limit + health.pause(chance) + config.first_check_limit + config.images_limit / 2;
    RC_ASSERT(worst <= Seconds{30});
}

} // namespace
} // namespace berth::broker
