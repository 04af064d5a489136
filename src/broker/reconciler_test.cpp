// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_bench.hpp"
#include "tests/support/host_bench.hpp"

#include "net/deadline.hpp"

#include <gtest/gtest.h>

namespace berth::broker {
namespace {

using session::EndReason;
using session::State;
using test::BenchConfig;
using test::BrokerBench;
using test::FakeHost;
using test::World;

class ReconcilerTest : public testing::Test {
protected:
    ReconcilerTest() { start(); }

    void start() {
        bench.reset();
        bench = std::make_unique<BrokerBench>(world, SessionQuota{}, config);
        bench->boot();
    }
    session::Session ready(const std::string& subject) {
        auto created = bench->create(bench->caller(subject));
        EXPECT_TRUE(created) << describe(created.error());
        bench->until_state(created->session.id, State::ready);
        return bench->session(created->session.id);
    }
    FakeHost& home_of(const session::Session& s) { return s.host->str() == "a" ? world.a : world.b; }
    FakeHost& other_than(const session::Session& s) { return s.host->str() == "a" ? world.b : world.a; }
    // One look at the host now.
    void look(const HostId& host) {
        auto status = bench->run(bench->reconciler->reconcile(host));
        EXPECT_TRUE(status) << describe(status.error());
    }
    static void put(FakeHost& host, const SessionId& session, int generation) {
        FakeHost::Container container;
        container.id = ContainerId{std::string(64, 'c')};
        container.state = ContainerState::running;
        host.containers[{session, generation}] = container;
    }

    World world;
    BenchConfig config;
    std::unique_ptr<BrokerBench> bench;
};

// F-26: the engine is another one, and what ran there is proved to be gone.
TEST_F(ReconcilerTest, F26AReplacedHostEndsItsSessionsAsLost) {
    auto s = ready("ann");
    EXPECT_EQ(s.engine_id, "fake");
    auto& home = home_of(s);
    home.containers.clear();
    home.engine_id = "replaced";
    look(*s.host);
    bench->until_state(s.id, State::ended);
    auto end = bench->session(s.id).end;
    ASSERT_TRUE(end);
    EXPECT_EQ(end->reason, EndReason::host_lost);
    EXPECT_NE(end->detail.find("replaced"), std::string::npos);
    EXPECT_NE(ready("ann").id, s.id) << "the owner may go on";
}

TEST_F(ReconcilerTest, TheSameEngineWithoutTheContainerMeansRemovedThere) {
    auto s = ready("ann");
    home_of(s).containers.clear();
    look(*s.host);
    bench->until_state(s.id, State::ended);
    EXPECT_EQ(bench->session(s.id).end->reason, EndReason::removed_outside);
}

// The stored id decides, not what this process has seen.
TEST_F(ReconcilerTest, F26AReplacementWhileWeWereAwayIsNoticedToo) {
    auto s = ready("ann");
    bench.reset();
    home_of(s).containers.clear();
    home_of(s).engine_id = "replaced";
    start();
    bench->until_state(s.id, State::ended);
    EXPECT_EQ(bench->session(s.id).end->reason, EndReason::host_lost);
}

TEST_F(ReconcilerTest, AnEngineWithANewIdThatStillHasTheContainerLosesNobody) {
    auto s = ready("ann");
    home_of(s).engine_id = "renamed";
    look(*s.host);
    bench->run_for(Milliseconds{50});
    EXPECT_EQ(bench->session(s.id).state, State::ready);
}

// I-24: the list said so, but who said it is not known any more.
TEST_F(ReconcilerTest, I24AbsenceWithoutAnEngineToSwearToItProvesNothing) {
    auto s = ready("ann");
    home_of(s).containers.clear();
    home_of(s).refusal = Error{Errc::timed_out, "no answer"};
    auto status = bench->run(bench->reconciler->reconcile(*s.host));
    EXPECT_FALSE(status);
    bench->run_for(Milliseconds{50});
    EXPECT_EQ(bench->session(s.id).state, State::ready);
}

TEST_F(ReconcilerTest, I24NothingIsJudgedWhileAHostIsNotUp) {
    auto s = ready("ann");
    home_of(s).is_unreachable = true;
    (void)bench->run(bench->hosts.check(*s.host, deadline_in(Seconds{5})));
    home_of(s).is_unreachable = false; // it would answer, but its check has not passed yet
    home_of(s).containers.clear();
    auto status = bench->run(bench->reconciler->reconcile(*s.host));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), Errc::host_unreachable);
    EXPECT_EQ(bench->session(s.id).state, State::ready);
}

TEST_F(ReconcilerTest, WhatStandsStillIsNotGone) {
    auto s = ready("ann");
    for (auto& [key, one] : home_of(s).containers) one.state = ContainerState::paused;
    look(*s.host);
    bench->run_for(Milliseconds{50});
    EXPECT_EQ(bench->session(s.id).state, State::ready);
}

// F-27: an older generation comes to light on a host that was away; the new one is untouched.
TEST_F(ReconcilerTest, F27AnOlderGenerationElsewhereIsRemoved) {
    auto s = ready("ann");
    auto& elsewhere = other_than(s);
    put(elsewhere, s.id, s.generation + 1);
    put(home_of(s), s.id, s.generation + 7);
    look(HostId{"a"});
    look(HostId{"b"});
    EXPECT_TRUE(elsewhere.containers.empty());
    EXPECT_EQ(home_of(s).containers.size(), 1U);
    EXPECT_TRUE(home_of(s).containers.contains({s.id, s.generation}));
    EXPECT_EQ(bench->session(s.id).state, State::ready);
}

// A creation that broke off between the two, on a host that nobody could ask to clear it away.
TEST_F(ReconcilerTest, ANetworkWithoutAContainerIsRemoved) {
    auto s = ready("ann");
    auto& home = home_of(s);
    home.networks = {{s.id, s.generation}, {s.id, s.generation + 1}};
    auto& elsewhere = other_than(s);
    elsewhere.networks = {{s.id, s.generation + 1}};
    look(HostId{"a"});
    look(HostId{"b"});
    EXPECT_EQ(home.networks, (std::set<FakeHost::Key>{{s.id, s.generation}}));
    EXPECT_TRUE(elsewhere.networks.empty());
    EXPECT_EQ(home.containers.size(), 1U);
}

TEST_F(ReconcilerTest, WhatItsHostDidNotRemoveBecauseItWasAwayIsRemovedWhenItComesBack) {
    auto s = ready("ann");
    auto& home = home_of(s);
    home.is_unreachable = true;
    (void)bench->run(bench->hosts.check(*s.host, deadline_in(Seconds{5})));
    put(home, s.id, s.generation + 1);
    home.is_unreachable = false;
    EXPECT_TRUE(bench->run(bench->hosts.check(*s.host, deadline_in(Seconds{5}))));
    bench->until([&] { return home.containers.size() == 1; }, "the removal of the older generation");
    EXPECT_EQ(bench->session(s.id).state, State::ready);
}

TEST_F(ReconcilerTest, TheContainerOfAnEndedSessionIsRemovedAtOnce) {
    config.unknown_kept = std::chrono::hours{1};
    start();
    auto s = ready("ann");
    ASSERT_TRUE(bench->run(bench->service->stop(bench->caller("ann"), s.id)));
    bench->until([&] { return bench->runners->size() == 0; }, "the end");
    put(world.a, s.id, 1);
    look(HostId{"a"});
    EXPECT_TRUE(world.a.containers.empty());
}

// F-92: rows were lost with a restored backup; their containers are not thrown away at once.
TEST_F(ReconcilerTest, F92AContainerWithoutAnyRowIsLeftAloneForAWhile) {
    config.unknown_kept = Milliseconds{200};
    start();
    auto stranger = make_session_id(bench->random);
    put(world.a, stranger, 1);
    look(HostId{"a"});
    EXPECT_EQ(world.a.containers.size(), 1U);
    bench->run_for(Milliseconds{250});
    look(HostId{"a"});
    EXPECT_TRUE(world.a.containers.empty());
}

TEST_F(ReconcilerTest, ADatabaseThatDoesNotAnswerRemovesNobody) {
    auto stranger = make_session_id(bench->random);
    put(world.a, stranger, 1);
    world.store.fail_with(Error{Errc::unavailable, "disk"});
    look(HostId{"a"});
    EXPECT_EQ(world.a.containers.size(), 1U);
    world.store.fail_with(std::nullopt);
    look(HostId{"a"});
    EXPECT_TRUE(world.a.containers.empty());
}

// I-20: hosts are looked at side by side.
TEST_F(ReconcilerTest, I20AFrozenHostDelaysNobody) {
    auto s = ready("ann");
    auto& frozen = other_than(s);
    frozen.is_frozen = true;
    home_of(s).containers.clear();
    auto began = std::chrono::steady_clock::now();
    bench->reconciler->look_at(s.host->str() == "a" ? HostId{"b"} : HostId{"a"});
    bench->reconciler->look_at(*s.host);
    bench->until_state(s.id, State::ended);
    EXPECT_LT(std::chrono::steady_clock::now() - began, limits::engine_list) << "one after the other";
}

TEST_F(ReconcilerTest, AllAreLookedAtButNoLongerThanTold) {
    world.a.is_frozen = true;
    put(world.b, make_session_id(bench->random), 1);
    bench->run(bench->reconciler->reconcile_all(deadline_in(Milliseconds{200})));
    EXPECT_TRUE(world.b.containers.empty());
    world.a.is_frozen = false;
}

// I-28, I-24: a host goes and comes back under a running session; nothing of it changes.
TEST_F(ReconcilerTest, AHostThatWasAwayGivesItsSessionsBack) {
    config.health = test::quick_health();
    start();
    auto s = ready("ann");
    auto& home = home_of(s);
    home.is_frozen = true;
    bench->until([&] { return !bench->hosts.is_reachable(*s.host); }, "nothing heard of it");
    EXPECT_EQ(bench->session(s.id).state, State::ready);
    auto elsewhere = ready("bob");
    EXPECT_NE(elsewhere.host, s.host);
    home.is_frozen = false;
    bench->until([&] { return bench->hosts.is_reachable(*s.host); }, "its return");
    bench->run_for(Milliseconds{100});
    auto after = bench->session(s.id);
    EXPECT_EQ(after.state, State::ready);
    EXPECT_EQ(after.generation, s.generation);
    EXPECT_EQ(home.containers.size(), 1U);
}

} // namespace
} // namespace berth::broker
