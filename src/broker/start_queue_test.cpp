// SPDX-License-Identifier: Apache-2.0
#include "broker/start_queue.hpp"

#include "base/limits.hpp"
#include "tests/support/broker_bench.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace berth::broker {
namespace {

using test::BenchConfig;
using test::BrokerBench;
using test::FakeHost;
using test::World;

// The queue in front of two hosts with places that the test holds and gives back by hand.
class StartQueueTest : public testing::Test {
protected:
    StartQueueTest() {
        BenchConfig config;
        config.capacity = 0;
        config.creating_limit = 1;
        bench = std::make_unique<BrokerBench>(world, SessionQuota{}, config);
        bench->run(bench->hosts.check_all(deadline_in(Seconds{5})));
        // Both lanes are taken: whoever comes waits until one is given back.
        for (auto& lane : lanes) (void)bench->hosts.choose_and_reserve(need(), lane);
    }

    static placement::Need need(std::string image = "img") {
        placement::Need made;
        made.image = std::move(image);
        return made;
    }

    void join(const std::string& owner, const std::string& name, placement::Need wanted = need(), bool had_its_turn = false) {
        Waiter waiter;
        waiter.session = SessionId{name};
        waiter.owner = {"local", owner};
        waiter.since = TimePoint{Milliseconds{++arrivals}};
        waiter.had_its_turn = had_its_turn;
        waiter.need = std::move(wanted);
        waiter.ready = [this, name](session::Event event, HostSlot slot) {
            if (std::holds_alternative<session::Placed>(event)) served.push_back(name);
            else failed.push_back(name);
            held.push_back(std::move(slot));
        };
        bench->queue.wait(std::move(waiter));
    }

    // One creation ends: one more may begin.
    void let_one_in() {
        auto before = served.size();
        if (held.empty()) lanes[0].release();
        else held[before - 1].creation_done();
        EXPECT_LE(served.size(), before + 1);
    }

    int position(const std::string& name) {
        auto place = bench->queue.place_of(SessionId{name});
        return place ? place->position : 0;
    }

    World world;
    std::unique_ptr<BrokerBench> bench;
    HostSlot lanes[2];
    std::vector<HostSlot> held;
    std::vector<std::string> served, failed;
    int arrivals = 0;

    ~StartQueueTest() override {
        // Nobody is let in by what is given back now.
        bench->hosts.on_room = nullptr;
        held.clear();
        for (auto& lane : lanes) lane.release();
    }
};

using Names = std::vector<std::string>;

TEST_F(StartQueueTest, IsFirstComeFirstServedBetweenOwnersOfOneEach) {
    for (int i = 0; i < 5; ++i) join("u" + std::to_string(i), "s" + std::to_string(i));
    EXPECT_EQ(position("s0"), 1);
    EXPECT_EQ(position("s4"), 5);
    for (int i = 0; i < 5; ++i) let_one_in();
    EXPECT_EQ(served, (Names{"s0", "s1", "s2", "s3", "s4"}));
    EXPECT_EQ(bench->queue.size(), 0U);
}

// Names are random: they must not decide between two who came in the same millisecond.
TEST_F(StartQueueTest, OfOneMillisecondTheFirstIsServedFirst) {
    for (const char* name : {"z", "m", "a"}) {
        arrivals = 0;
        join(name, name);
    }
    for (int i = 0; i < 3; ++i) let_one_in();
    EXPECT_EQ(served, (Names{"z", "m", "a"}));
}

// Fair between owners: ten of one person do not stand in front of the others.
TEST_F(StartQueueTest, AnOwnerWithManyTakesTurns) {
    for (int i = 0; i < 4; ++i) join("greedy", "g" + std::to_string(i));
    join("ann", "ann");
    join("bob", "bob");
    EXPECT_EQ(position("g0"), 1);
    EXPECT_EQ(position("ann"), 2);
    EXPECT_EQ(position("bob"), 3);
    EXPECT_EQ(position("g1"), 4);
    for (int i = 0; i < 6; ++i) let_one_in();
    EXPECT_EQ(served, (Names{"g0", "ann", "bob", "g1", "g2", "g3"}));
}

// A stream of newcomers does not starve the second session of somebody.
TEST_F(StartQueueTest, NobodyStarves) {
    join("greedy", "g0");
    join("greedy", "g1");
    int round = 0;
    while (std::find(served.begin(), served.end(), "g1") == served.end() && round < 50) {
        join("n" + std::to_string(round), "n" + std::to_string(round));
        ++round;
        let_one_in();
    }
    EXPECT_LT(round, 10);
}

TEST_F(StartQueueTest, WhoLeavesAndComesBackKeepsTheTurnButNotTheTime) {
    join("ann", "a0");
    join("bob", "b0");
    for (int i = 0; i < 20; ++i) {
        bench->queue.leave(SessionId{"a0"});
        join("ann", "a0");
    }
    EXPECT_EQ(position("b0"), 1);
    EXPECT_EQ(position("a0"), 2);
}

TEST_F(StartQueueTest, WhoHadItsTurnAlreadyStandsInFront) {
    join("ann", "a0");
    join("bob", "b0", need(), true);
    let_one_in();
    EXPECT_EQ(served, Names{"b0"});
}

TEST_F(StartQueueTest, WhoCannotBePlacedHoldsUpNobody) {
    auto special = need();
    special.labels["gpu"] = "yes";
    join("ann", "a0", special);
    join("bob", "b0");
    EXPECT_EQ(position("b0"), 1) << "they do not compete";
    EXPECT_EQ(bench->queue.place_of(SessionId{"a0"})->reason, WaitReason::no_host);
    let_one_in();
    EXPECT_EQ(served, Names{"b0"});
    EXPECT_TRUE(failed.empty()) << "such a host may come back";
}

TEST_F(StartQueueTest, AMissingImageIsSaidToAllWhoNeedIt) {
    for (auto name : {"a", "b"}) bench->hosts.note_image_missing(HostId{name}, "gone");
    join("ann", "a0", need("gone"));
    EXPECT_EQ(failed, Names{"a0"});
    EXPECT_EQ(bench->queue.size(), 0U);
}

TEST_F(StartQueueTest, AStartWithoutAnotherHostIsNotKeptWaiting) {
    auto again = need();
    again.excluded = {HostId{"a"}, HostId{"b"}};
    join("ann", "a0", again, true);
    EXPECT_EQ(failed, Names{"a0"});
}

// One refusal covers all who need the same: a pass costs as much for 2,000 as for one.
TEST_F(StartQueueTest, APassLooksOnceAtEachKindOfNeed) {
    auto special = need();
    special.labels["gpu"] = "yes";
    for (int i = 0; i < 1000; ++i) join("u" + std::to_string(i), "p" + std::to_string(i));
    for (int i = 0; i < 1000; ++i) join("v" + std::to_string(i), "q" + std::to_string(i), special);
    auto before = bench->queue.looks();
    bench->queue.pump();
    EXPECT_EQ(bench->queue.looks() - before, 2);
    before = bench->queue.looks();
    let_one_in();
    EXPECT_EQ(served.size(), 1U);
    EXPECT_LE(bench->queue.looks() - before, 6);
}

TEST_F(StartQueueTest, ThePlacesOfAllAgreeWithThePlaceOfEach) {
    auto special = need();
    special.labels["gpu"] = "yes";
    for (int i = 0; i < 30; ++i)
        join("u" + std::to_string(i % 7), "s" + std::to_string(i), i % 3 == 0 ? special : need());
    std::vector<int> alone;
    for (int i = 0; i < 30; ++i) alone.push_back(position("s" + std::to_string(i)));
    std::set<std::string> told;
    StartQueue other{world.context.get_executor(), bench->clock, bench->hosts, bench->meter, [&](const SessionId& id) { told.insert(id.str()); }};
    // The same through the announcement, which computes all at once.
    net::TaskScope scope{world.context.get_executor(), "queue"};
    scope.spawn(bench->queue.run());
    bench->run_for(Milliseconds{20});
    for (int i = 0; i < 30; ++i) EXPECT_EQ(position("s" + std::to_string(i)), alone[static_cast<std::size_t>(i)]) << i;
    bench->run(scope.stop());
}

} // namespace
} // namespace berth::broker
