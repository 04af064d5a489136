// SPDX-License-Identifier: Apache-2.0
#include "identity/login_limiter.hpp"
#include "identity/names.hpp"
#include "tests/support/manual_clock.hpp"

#include <gtest/gtest.h>

#include <string>

namespace berth::identity {
namespace {

class LoginLimiterTest : public ::testing::Test {
protected:
    test::ManualClock clock_;
    LoginLimits limits_;
    LoginLimiter limiter_{limits_, clock_};

    // 0 = may go on and fails; otherwise the seconds to wait.
    int fail(const std::string& account, const std::string& address) {
        auto attempt = limiter_.begin(account, address);
        if (attempt) return 0;
        EXPECT_EQ(attempt.error().code(), Errc::rate_limited);
        return attempt.error().retry_after_s();
    }
    bool succeed(const std::string& account, const std::string& address) {
        auto attempt = limiter_.begin(account, address);
        if (attempt) attempt->succeeded();
        return attempt.has_value();
    }
};

TEST_F(LoginLimiterTest, TheDelayDoublesAfterTheFreeFailures) {
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(fail("ann", "192.0.2.1"), 0);
    for (int delay : {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}) {
        EXPECT_EQ(fail("ann", "192.0.2.1"), delay);
        clock_.advance(Seconds{delay} - Milliseconds{1});
        EXPECT_EQ(fail("ann", "192.0.2.1"), 1);
        clock_.advance(Milliseconds{1});
        EXPECT_EQ(fail("ann", "192.0.2.1"), 0);
    }
}

TEST_F(LoginLimiterTest, TheNamesCaseIsNoWayAround) {
    for (const auto* name : {"ann", "Ann", "ANN", "aNN", "anN"})
        EXPECT_EQ(fail(name, "192.0.2.1"), 0);
    EXPECT_GT(fail("AnN", "192.0.2.1"), 0);
}

TEST_F(LoginLimiterTest, AGuesserDoesNotLockOutThePersonElsewhere) {
    for (int i = 0; i < 10000; ++i) {
        (void)fail("ann", "192.0.2.1");
        clock_.advance(Milliseconds{100});
    }
    EXPECT_GT(fail("ann", "192.0.2.1"), 0);
    EXPECT_TRUE(succeed("ann", "198.51.100.7"));
}

// T-06: 10,000 guesses, at most 30 verified per minute.
TEST_F(LoginLimiterTest, OneAddressGetsAtMostThirtyGuessesInAMinuteWhateverTheNames) {
    int verified = 0;
    for (int i = 0; i < 10000; ++i) {
        if (fail("user" + std::to_string(i), "192.0.2.1") == 0) ++verified;
        clock_.advance(Milliseconds{6});
    }
    EXPECT_LE(verified, 30);
    EXPECT_GE(verified, 10);
}

TEST_F(LoginLimiterTest, ManyAddressesTogetherAreLimitedOnOneAccount) {
    int verified = 0;
    for (int i = 0; i < 1000; ++i)
        if (fail("ann", "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250)) == 0)
            ++verified;
    EXPECT_EQ(verified, 60);
    EXPECT_EQ(fail("bob", "192.0.2.1"), 0) << "another account has its own";
}

TEST_F(LoginLimiterTest, AKnownAddressIsNotLockedOutByManyOthers) {
    EXPECT_TRUE(succeed("ann", "198.51.100.7"));
    for (int i = 0; i < 1000; ++i)
        (void)fail("ann", "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
    EXPECT_FALSE(succeed("ann", "203.0.113.9")) << "a new address has to wait";
    EXPECT_TRUE(succeed("ann", "198.51.100.7"));
}

TEST_F(LoginLimiterTest, ASchoolBehindOneAddressSignsIn) {
    for (int i = 0; i < 1000; ++i)
        EXPECT_TRUE(succeed("pupil" + std::to_string(i), "192.0.2.1"));
    for (int i = 0; i < 20; ++i)
        (void)fail("stranger" + std::to_string(i), "192.0.2.1");
    EXPECT_FALSE(succeed("newcomer", "192.0.2.1"));
    EXPECT_TRUE(succeed("pupil7", "192.0.2.1"));
}

TEST_F(LoginLimiterTest, ASuccessForgetsTheFailures) {
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(fail("ann", "192.0.2.1"), 0);
    EXPECT_TRUE(succeed("ann", "192.0.2.1"));
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(fail("ann", "192.0.2.1"), 0);
    EXPECT_GT(fail("ann", "192.0.2.1"), 0);
}

TEST_F(LoginLimiterTest, WhatWasNotVerifiedDoesNotCount) {
    for (int i = 0; i < 100; ++i) {
        auto attempt = limiter_.begin("ann", "192.0.2.1");
        ASSERT_TRUE(attempt) << i;
        attempt->withdrawn();
    }
}

TEST_F(LoginLimiterTest, AttemptsAtTheSameTimeCountBeforeTheyEnd) {
    int open = 0;
    for (int i = 0; i < 100; ++i)
        if (limiter_.begin("ann", "192.0.2.1")) ++open;
    EXPECT_EQ(open, 5);
}

TEST_F(LoginLimiterTest, QuietFailuresAreForgotten) {
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(fail("ann", "192.0.2.1"), 0);
    clock_.advance(std::chrono::hours{1});
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(fail("ann", "192.0.2.1"), 0);
}

TEST_F(LoginLimiterTest, AClockThatGoesBackGivesNothing) {
    for (int i = 0; i < 20; ++i)
        (void)fail("u" + std::to_string(i), "192.0.2.1");
    clock_.advance(-std::chrono::hours{2});
    EXPECT_GT(fail("x", "192.0.2.1"), 0);
    clock_.advance(Seconds{3});
    EXPECT_EQ(fail("x", "192.0.2.1"), 0);
}

TEST(AddressBlock, IsTheWholeOfV4AndTheNetworkOfV6) {
    EXPECT_EQ(address_block("192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(address_block("::ffff:192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(address_block("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    EXPECT_EQ(address_block("2001:db8:1:2:ffff::1"), "2001:db8:1:2::/64");
    EXPECT_NE(address_block("2001:db8:1:3::1"), address_block("2001:db8:1:2::1"));
    EXPECT_EQ(address_block("local"), "local");
    EXPECT_EQ(address_block(std::string(1000, 'x')).size(), 64U);
}

TEST(LruMap, KeepsItsBoundAndWhatWasUsedLast) {
    LruMap<int> map{2};
    map.put("a", 1);
    map.put("b", 2);
    ASSERT_NE(map.find("a"), nullptr);
    map.put("c", 3);
    EXPECT_EQ(map.find("b"), nullptr);
    ASSERT_NE(map.find("a"), nullptr);
    EXPECT_EQ(*map.find("a"), 1);
    map.put("a", 5);
    EXPECT_EQ(*map.find("a"), 5);
    EXPECT_EQ(map.size(), 2U);
    EXPECT_TRUE(map.erase("a"));
    EXPECT_FALSE(map.erase("a"));
    EXPECT_EQ(map.size(), 1U);
}

} // namespace
} // namespace berth::identity
