// SPDX-License-Identifier: Apache-2.0
#include "broker/queue_forecast.hpp"

#include <gtest/gtest.h>

namespace berth::broker {
namespace {

constexpr TimePoint now{Milliseconds{1'700'000'000'000}};

Prospect two_hosts() {
    Prospect prospect;
    prospect.hosts = {HostId{"a"}, HostId{"b"}};
    return prospect;
}

TEST(QueueForecast, SaysNothingBeforeAnythingWasMeasured) {
    auto answer = forecast(two_hosts(), 5, now);
    EXPECT_EQ(answer.reason, WaitReason::busy);
    EXPECT_FALSE(answer.estimate);
}

TEST(QueueForecast, FollowsFromWhatTheHostsFinish) {
    auto prospect = two_hosts();
    prospect.per_second = 10;
    EXPECT_EQ(forecast(prospect, 500, now).estimate, Seconds{50});
    EXPECT_EQ(forecast(prospect, 1, now).estimate, Seconds{1});
}

TEST(QueueForecast, WaitsForLeasesWhereEverythingIsTaken) {
    auto prospect = two_hosts();
    prospect.per_second = 10;
    prospect.free_places = 0;
    prospect.ends = {now + Seconds{60}, now + Seconds{600}};
    EXPECT_EQ(forecast(prospect, 1, now).reason, WaitReason::all_full);
    EXPECT_EQ(forecast(prospect, 1, now).estimate, Seconds{60});
    EXPECT_EQ(forecast(prospect, 2, now).estimate, Seconds{600});
    EXPECT_EQ(forecast(prospect, 3, now).reason, WaitReason::all_full);
    EXPECT_FALSE(forecast(prospect, 3, now).estimate) << "nobody knows";
}

TEST(QueueForecast, OnlyThoseBeyondTheFreePlacesWaitForLeases) {
    auto prospect = two_hosts();
    prospect.per_second = 1;
    prospect.free_places = 2;
    prospect.ends = {now + Seconds{60}};
    EXPECT_EQ(forecast(prospect, 2, now).estimate, Seconds{2});
    EXPECT_EQ(forecast(prospect, 2, now).reason, WaitReason::busy);
    EXPECT_EQ(forecast(prospect, 3, now).estimate, Seconds{60});
}

TEST(QueueForecast, ALeaseThatIsOverIsNotAnEstimateOfNothing) {
    auto prospect = two_hosts();
    prospect.free_places = 0;
    prospect.ends = {now - Seconds{5}};
    EXPECT_EQ(forecast(prospect, 1, now).estimate, Seconds{1});
}

TEST(QueueForecast, WithoutAHostThereIsNoEstimate) {
    EXPECT_EQ(forecast(Prospect{}, 1, now).reason, WaitReason::no_host);
    EXPECT_FALSE(forecast(Prospect{}, 1, now).estimate);
}

TEST(QueueForecast, NeedsCompeteWhenTheyShareAHost) {
    Prospect a, b, c;
    a.hosts = {HostId{"a"}, HostId{"b"}};
    b.hosts = {HostId{"b"}, HostId{"c"}};
    c.hosts = {HostId{"c"}};
    EXPECT_TRUE(overlap(a, b));
    EXPECT_TRUE(overlap(b, c));
    EXPECT_FALSE(overlap(a, c));
    EXPECT_FALSE(overlap(a, Prospect{}));
}

} // namespace
} // namespace berth::broker
