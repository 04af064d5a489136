// SPDX-License-Identifier: Apache-2.0
#include "broker/warm_target.hpp"

#include "base/limits.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace berth::broker {
namespace {

using placement::Host;
using placement::HostState;
using placement::Need;

// ---- how many -------------------------------------------------------------------------------------

WarmSituation between(int min, int max) {
    WarmSituation now;
    now.min = min;
    now.max = max;
    return now;
}

TEST(WarmTarget, IsMinWithoutDemandAndMaxWithMuchOfIt) {
    auto now = between(2, 10);
    EXPECT_EQ(warm_target(now), 2);
    now.demand = 6.4;
    EXPECT_EQ(warm_target(now), 6);
    now.demand = 500;
    EXPECT_EQ(warm_target(now), 10);
    EXPECT_EQ(warm_target(between(3, 0)), 3) << "min wins";
}

TEST(WarmTarget, TakesNoPlaceThatIsNotThere) {
    auto now = between(5, 10);
    now.have = 2;
    now.free_places = 1;
    EXPECT_EQ(warm_target(now), 3);
    now.free_places = 0;
    EXPECT_EQ(warm_target(now), 2) << "nobody is sent away for that";
    now.free_places = -3;
    EXPECT_EQ(warm_target(now), 2);
    now.free_places = 100;
    now.startable = 1;
    EXPECT_EQ(warm_target(now), 1) << "more than that can nobody have";
    now.startable = -1;
    EXPECT_EQ(warm_target(now), 0);
}

const WarmDemand::Now t0 = WarmDemand::Now{} + std::chrono::hours{1000};

TEST(WarmDemand, IsTheBusiestMinuteAndFadesSlowly) {
    WarmDemand demand;
    EXPECT_EQ(demand.peak(t0), 0);
    for (int i = 0; i < 30; ++i) demand.asked(t0 + Seconds{i});
    EXPECT_DOUBLE_EQ(demand.peak(t0 + Seconds{29}), 30);
    auto later = t0 + Seconds{29} + limits::warm_half_life;
    EXPECT_NEAR(demand.peak(later), 15, 0.01);
    demand.asked(later);
    EXPECT_NEAR(demand.peak(later), 15, 0.01) << "a quiet minute does not make it less";
    EXPECT_LT(demand.peak(t0 + 6 * limits::warm_half_life), 0.5);
    for (int i = 0; i < 20; ++i) demand.asked(later + Seconds{1});
    EXPECT_GE(demand.peak(later + Seconds{1}), 20);
}

TEST(WarmDemand, OnesApartDoNotAddUp) {
    WarmDemand demand;
    for (int i = 0; i < 20; ++i) demand.asked(t0 + std::chrono::minutes{2 * i});
    EXPECT_LT(demand.peak(t0 + std::chrono::minutes{40}), 1.01);
}

// ---- whose place ----------------------------------------------------------------------------------

Host full_host(const std::string& name, int capacity) {
    Host host;
    host.id = HostId{name};
    host.state = HostState::up;
    host.capacity = host.used = capacity;
    return host;
}

WarmPlace warm(const std::string& name, const std::string& host, int since = 0) {
    WarmPlace one;
    one.session = SessionId{name};
    one.host = HostId{host};
    one.since = TimePoint{Seconds{since}};
    return one;
}

std::string given_up(const std::vector<Host>& hosts, const Need& need, std::vector<WarmPlace> places, int waiting) {
    std::vector<const Host*> views;
    for (const auto& host : hosts) views.push_back(&host);
    std::string names;
    for (const auto& id : give_up_for(views, need, std::move(places), waiting)) names += (names.empty() ? "" : " ") + id.str();
    return names;
}

TEST(GiveUp, OneForEachWhoWaitsAndNoMore) {
    std::vector hosts{full_host("a", 3)};
    std::vector places{warm("w1", "a", 1), warm("w2", "a", 2), warm("w3", "a", 3)};
    EXPECT_EQ(given_up(hosts, {}, places, 1), "w3");
    EXPECT_EQ(given_up(hosts, {}, places, 2), "w3 w2");
    EXPECT_EQ(given_up(hosts, {}, places, 9), "w3 w2 w1");
    EXPECT_EQ(given_up(hosts, {}, {}, 1), "");
}

TEST(GiveUp, SpareOnesFirst) {
    std::vector hosts{full_host("a", 2)};
    std::vector places{warm("w1", "a", 1), warm("w2", "a", 2)};
    places[0].is_spare = true;
    EXPECT_EQ(given_up(hosts, {}, places, 1), "w1");
}

TEST(GiveUp, ThoseOnTheirWayOutCount) {
    std::vector hosts{full_host("a", 3)};
    std::vector places{warm("w1", "a"), warm("w2", "a"), warm("w3", "a")};
    places[0].is_going = true;
    EXPECT_EQ(given_up(hosts, {}, places, 1), "");
    EXPECT_EQ(given_up(hosts, {}, places, 2), "w2");
}

TEST(GiveUp, NobodyWhoseGoingWouldNotHelp) {
    std::vector hosts{full_host("a", 1), full_host("b", 1), full_host("c", 1)};
    hosts[0].labels["gpu"] = "yes";
    hosts[1].is_draining = true;
    Need need;
    need.labels["gpu"] = "yes";
    EXPECT_EQ(given_up(hosts, need, {warm("w1", "a"), warm("w2", "b"), warm("w3", "c"), warm("w4", "gone")}, 3), "w1");
    hosts[0].memory_bytes = 100;
    hosts[0].committed_memory = 100;
    need.memory_bytes = 60;
    auto small = warm("w1", "a");
    small.memory_bytes = 10;
    EXPECT_EQ(given_up(hosts, need, {small}, 1), "") << "the people there use the rest";
}

TEST(GiveUp, AsManyAsALargeOneNeedsWhereFewestHaveToGo) {
    std::vector hosts{full_host("a", 9), full_host("b", 9)};
    for (auto& host : hosts) {
        host.capacity = 0;
        host.memory_bytes = host.committed_memory = 100;
    }
    auto sized = [](const std::string& name, const std::string& host, int bytes) {
        auto one = warm(name, host);
        one.memory_bytes = bytes;
        return one;
    };
    Need need;
    need.memory_bytes = 40;
    std::vector places{sized("a1", "a", 20), sized("a2", "a", 20), sized("a3", "a", 20), sized("b1", "b", 50)};
    EXPECT_EQ(given_up(hosts, need, places, 1), "b1");
    EXPECT_EQ(given_up(hosts, need, places, 2), "b1 a1 a2");
    EXPECT_EQ(given_up(hosts, need, places, 3), "b1 a1 a2") << "the last one alone frees too little";
}

TEST(GiveUp, FilesDecideToo) {
    std::vector hosts{full_host("a", 1), full_host("b", 1)};
    hosts[1].volumes.insert("home");
    Need need;
    need.volumes.insert("home");
    EXPECT_EQ(given_up(hosts, need, {warm("w1", "a"), warm("w2", "b")}, 2), "w2");
}

// However they lie: never more than who waits, and each one is named once.
RC_GTEST_PROP(GiveUp, IsNeverMoreThanWhoWaits, ()) {
    std::vector<Host> hosts;
    std::vector<WarmPlace> places;
    auto count = *rc::gen::inRange(1, 4);
    for (int i = 0; i < count; ++i) {
        std::string name{static_cast<char>('a' + i)};
        auto used = *rc::gen::inRange(1, 5);
        hosts.push_back(full_host(name, used));
        auto there = *rc::gen::inRange(0, used + 1);
        for (int k = 0; k < there; ++k) {
            auto one = warm(name + std::to_string(k), name, *rc::gen::inRange(0, 9));
            one.is_going = *rc::gen::arbitrary<bool>();
            one.is_spare = *rc::gen::arbitrary<bool>();
            places.push_back(one);
        }
    }
    auto waiting = *rc::gen::inRange(0, 9);
    std::vector<const Host*> views;
    for (const auto& host : hosts) views.push_back(&host);
    auto names = give_up_for(views, {}, places, waiting);
    auto going = std::ranges::count_if(places, [](const auto& one) { return one.is_going; });
    auto still = std::ssize(places) - going;
    RC_ASSERT(std::ssize(names) == std::min<long>(still, std::max<long>(0, waiting - going)));
    RC_ASSERT(std::set<SessionId>(names.begin(), names.end()).size() == names.size());
}

} // namespace
} // namespace berth::broker
