// SPDX-License-Identifier: Apache-2.0
// Many at once, hosts that fail, and people who overdo it.
#include "base/limits.hpp"
#include "broker/session_service.hpp"

#include "tests/support/broker_bench.hpp"

#include <boost/asio/co_spawn.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace berth::broker {
namespace {

using session::State;
using test::BenchConfig;
using test::BrokerBench;
using test::FakeHost;
using test::World;

CreateSession command(std::string name = "desktop", std::string slot = "") {
    CreateSession made;
    made.template_name = TemplateName{std::move(name)};
    made.slot = std::move(slot);
    return made;
}

// Starts without waiting for the answer; answers are collected.
struct Crowd {
    BrokerBench& bench;
    std::vector<Result<Created>> answers;

    void ask(const std::string& subject, CreateSession what = command()) {
        boost::asio::co_spawn(
            bench.world.context, bench.service->create(bench.caller(subject), std::move(what), deadline_in(Seconds{20})),
            [this](std::exception_ptr error, Result<Created> created) {
                EXPECT_FALSE(error);
                answers.push_back(std::move(created));
            });
    }
    void until_answered(std::size_t count) {
        bench.until([&] { return answers.size() == count; }, "answers to all");
    }
};

void expect_no_leftovers(World& world, BrokerBench& bench) {
    for (const auto* host : bench.hosts.all()) (void)bench.run(bench.reconciler->reconcile(host->view.id));
    std::map<std::pair<SessionId, int>, int> live;
    for (const auto& runner : bench.runners->all())
        if (runner->session().state != State::queued) ++live[{runner->session().id, runner->session().generation}];
    std::size_t containers = 0;
    for (auto* host : world.hosts()) {
        for (const auto& [key, container] : host->containers) EXPECT_TRUE(live.contains(key)) << key.first.str();
        containers += host->containers.size();
    }
    EXPECT_EQ(containers, live.size());
    int used = 0;
    for (const auto* host : bench.hosts.all()) {
        used += host->view.used;
        EXPECT_EQ(host->view.creating, 0);
    }
    EXPECT_EQ(used, static_cast<int>(live.size()));
}

// ---- starts that go on elsewhere --------------------------------------------------------------------

class Retry : public testing::Test {
protected:
    Retry() { bench.boot(); }

    // Asks for a desktop, and returns it as it is in that state.
    session::Session start(State until) {
        auto created = bench.create(bench.caller("ann"));
        if (!created) throw std::runtime_error{describe(created.error())};
        bench.until_state(created->session.id, until);
        return bench.session(created->session.id);
    }

    World world;
    BrokerBench bench{world};
};

TEST_F(Retry, AHostThatFailsIsReplacedByAnother) {
    // Ties go to "a": it answers checks and lists, but cannot create.
    world.a.fail_creates(1, FakeHost::Fault::fails_before);
    auto s = start(State::ready);
    EXPECT_EQ(s.host->str(), "b");
    EXPECT_EQ(s.generation, 2);
    ASSERT_EQ(s.attempts.size(), 1U);
    EXPECT_EQ(s.attempts[0].host.str(), "a");
    expect_no_leftovers(world, bench);
    auto stored = bench.run(world.store.sessions().find(s.id));
    EXPECT_EQ((*stored)->attempts, s.attempts);
}

TEST_F(Retry, WhatTheFirstHostMadeAfterAllIsRemoved) {
    world.a.fail_creates(1, FakeHost::Fault::answer_lost);
    (void)start(State::ready);
    bench.until([&] { return world.a.containers.empty(); }, "removal of the first container");
    EXPECT_EQ(world.b.containers.size(), 1U);
}

TEST_F(Retry, TheReconcilerRemovesWhatAHostKeptThatDidNotAnswer) {
    world.a.fail_creates(1, FakeHost::Fault::answer_lost);
    world.a.latency = Milliseconds{5};
    auto created = bench.create(bench.caller("ann"));
    bench.until([&] { return bench.session(created->session.id).generation == 2; }, "the second attempt");
    world.a.is_unreachable = true;
    bench.until_state(created->session.id, State::ready);
    bench.run_for(Milliseconds{30});
    EXPECT_EQ(world.a.containers.size(), 1U) << "nobody could ask for its removal";
    world.a.is_unreachable = false;
    (void)bench.run(bench.reconciler->reconcile(HostId{"a"}));
    EXPECT_TRUE(world.a.containers.empty());
    EXPECT_EQ(bench.session(created->session.id).state, State::ready);
}

TEST_F(Retry, AMissingImageOnOneHostIsNoFailure) {
    world.a.missing_images.insert("img");
    EXPECT_EQ(start(State::ready).host->str(), "b");
}

// A port that was taken meanwhile, an engine that stumbles: with one host there is nobody else to ask.
TEST_F(Retry, TheOnlyHostIsAskedTwiceWhenItsEngineFails) {
    ASSERT_TRUE(bench.hosts.set_draining(HostId{"b"}, true));
    world.a.fail_creates(1, FakeHost::Fault::engine_error);
    auto s = start(State::ready);
    EXPECT_EQ(s.host->str(), "a");
    EXPECT_EQ(s.generation, 2);
    EXPECT_NE(s.placement_note.find("but last: it failed this start once"), std::string::npos) << s.placement_note;
    expect_no_leftovers(world, bench);
    ASSERT_TRUE(bench.run(bench.service->stop(bench.caller("ann"), s.id)));
    bench.until_state(s.id, State::ended);

    world.a.fail_creates(2, FakeHost::Fault::engine_error);
    s = start(State::ended);
    EXPECT_EQ(s.end->code, Errc::engine_error);
    EXPECT_EQ(s.attempts.size(), 2U);
    EXPECT_NE(s.end->detail.find("no other host"), std::string::npos) << s.end->detail;
}

TEST_F(Retry, AnotherHostIsAskedBeforeTheOneWhoseEngineFailed) {
    world.a.fail_creates(1, FakeHost::Fault::engine_error);
    EXPECT_EQ(start(State::ready).host->str(), "b");
}

TEST_F(Retry, WithoutAnotherHostItFailsAtOnceWithTheReason) {
    ASSERT_TRUE(bench.hosts.set_draining(HostId{"b"}, true));
    world.a.fail_creates(1, FakeHost::Fault::fails_before);
    auto s = start(State::ended);
    EXPECT_EQ(s.end->code, Errc::host_unreachable);
    EXPECT_EQ(s.end->stage, session::Stage::creating);
    expect_no_leftovers(world, bench);
}

// I-4: whatever is lost at whatever step, one container runs in the end, and of each generation at
// most one was ever started.
class RetryCrash : public testing::TestWithParam<int> {};

TEST_P(RetryCrash, TheNextProcessGoesOnWhereThisOneDied) {
    World world;
    world.a.latency = world.b.latency = Milliseconds{1};
    std::optional<SessionId> id;
    {
        BrokerBench bench{world};
        bench.boot();
        world.a.fail_creates(1, FakeHost::Fault::answer_lost);
        auto created = bench.create(bench.caller("ann"));
        ASSERT_TRUE(created);
        id = created->session.id;
        world.context.restart();
        for (int i = 0; i < GetParam(); ++i) world.context.run_one_for(Milliseconds{5});
    }
    BrokerBench next{world};
    next.boot();
    next.until_state(*id, State::ready);
    expect_no_leftovers(world, next);
    EXPECT_LE(world.a.starts, 1);
    EXPECT_LE(world.b.starts, 1);
    ASSERT_TRUE(next.run(next.service->stop(next.caller("ann"), *id)));
    next.until([&] { return next.runners->size() == 0; }, "the end");
    expect_no_leftovers(world, next);
}

INSTANTIATE_TEST_SUITE_P(Broker, RetryCrash, testing::Range(0, 40));

// ---- everything taken ---------------------------------------------------------------------------------

TEST(FullHosts, WaitInTheQueueAndAreServedWhenAPlaceIsFree) {
    World world;
    BenchConfig config;
    config.capacity = 1;
    BrokerBench bench{world, SessionQuota{}, config};
    bench.boot();
    auto first = bench.create(bench.caller("ann"));
    auto second = bench.create(bench.caller("bob"));
    bench.until_state(first->session.id, State::ready);
    bench.until_state(second->session.id, State::ready);
    auto third = bench.create(bench.caller("cid"));
    ASSERT_TRUE(third) << describe(third.error());
    EXPECT_EQ(third->session.state, State::queued);
    auto place = bench.service->place_of(third->session.id);
    ASSERT_TRUE(place);
    EXPECT_EQ(place->position, 1);
    EXPECT_EQ(place->reason, WaitReason::all_full);
    ASSERT_TRUE(place->estimate) << "the earliest lease ends";
    EXPECT_GT(*place->estimate, Seconds{3 * 3600});
    auto fourth = bench.create(bench.caller("dan"));
    ASSERT_TRUE(bench.run(bench.service->stop(bench.caller("ann"), first->session.id)));
    bench.until_state(third->session.id, State::ready);
    EXPECT_EQ(bench.session(fourth->session.id).state, State::queued);
    EXPECT_EQ(bench.service->place_of(fourth->session.id)->position, 1);
    expect_no_leftovers(world, bench);
}

TEST(FullHosts, WhatNoTimeHealsIsSaidAtOnce) {
    World world;
    BenchConfig config;
    auto& templates = config.templates;
    Template special;
    special.name = TemplateName{"special"};
    special.spec.image = "img";
    special.host_labels["gpu"] = "yes";
    templates.push_back(special);
    BrokerBench bench{world, SessionQuota{}, config};
    bench.boot();
    auto none = bench.run(bench.service->create(bench.caller("ann"), command("special"), deadline_in(Seconds{5})));
    EXPECT_EQ(none.error().code(), Errc::no_capacity);
    for (auto name : {"a", "b"}) ASSERT_TRUE(bench.hosts.set_draining(HostId{name}, true));
    EXPECT_EQ(bench.create(bench.caller("ann")).error().code(), Errc::no_capacity);
    EXPECT_EQ(bench.runners->size(), 0U);
}

// ---- a rush -------------------------------------------------------------------------------------------

World& with_hosts(World& world, int count, Milliseconds latency) {
    for (int i = 2; i < count; ++i) world.more.push_back(std::make_unique<FakeHost>());
    for (auto* host : world.hosts()) host->latency = latency;
    return world;
}

void expect_best_choice(const session::Session& s) {
    ASSERT_FALSE(s.placement.empty());
    const auto& chosen = s.placement.front();
    EXPECT_EQ(chosen.verdict, "chosen");
    EXPECT_EQ(chosen.host, *s.host);
    for (const auto& one : s.placement) {
        if (one.verdict == "free") EXPECT_GE(chosen.score, one.score) << chosen.host.str() << " before " << one.host.str();
    }
}

// F-76 in small: 500 people at once on 30 hosts.
TEST(Rush, FiveHundredAtOnceAllGetTheirDesktopAndNoHostIsOverrun) {
    World world;
    with_hosts(world, 30, Milliseconds{4});
    BenchConfig config;
    config.creating_limit = 3;
    BrokerBench bench{world, SessionQuota{}, config};
    bench.boot();
    Crowd crowd{bench, {}};
    for (int i = 0; i < 500; ++i) crowd.ask("u" + std::to_string(i));
    crowd.until_answered(500);
    for (const auto& answer : crowd.answers) ASSERT_TRUE(answer) << describe(answer.error());
    bench.until(
        [&] {
            auto all = bench.runners->all();
            return std::all_of(all.begin(), all.end(), [](const auto& one) { return one->session().state == State::ready; });
        },
        "500 desktops");
    EXPECT_EQ(bench.runners->size(), 500U);
    for (auto* host : world.hosts()) EXPECT_LE(host->most_creating, 3);
    // How even the end is depends on whose lanes were free when; each choice was the best of its moment.
    for (const auto& runner : bench.runners->all()) expect_best_choice(runner->session());
    expect_no_leftovers(world, bench);
}

// I-29: of those with the same need nobody is served before who came first.
TEST(Rush, TheOrderIsThatOfTheRequestsAlsoAfterARestart) {
    World world;
    world.a.latency = world.b.latency = Milliseconds{3};
    BenchConfig config;
    config.creating_limit = 1;
    std::vector<SessionId> order;
    {
        BrokerBench bench{world, SessionQuota{}, config};
        bench.boot();
        for (int i = 0; i < 12; ++i) {
            auto created = bench.create(bench.caller("u" + std::to_string(i)));
            ASSERT_TRUE(created);
            order.push_back(created->session.id);
            bench.run_for(Milliseconds{2}); // so that no two have the same time
        }
    }
    BrokerBench next{world, SessionQuota{}, config};
    next.boot();
    for (const auto& id : order) next.until_state(id, State::ready);
    std::vector<TimePoint> placed;
    for (const auto& id : order) placed.push_back(*next.session(id).stages[0].ended_at);
    EXPECT_TRUE(std::is_sorted(placed.begin(), placed.end()));
}

// ---- who overdoes it -----------------------------------------------------------------------------------

SessionQuota with_budget() {
    SessionQuota quota;
    quota.starts.burst = 3;
    return quota;
}

TEST(Budget, AStartAndStopLoopIsRefusedAndADoubleClickIsNot) {
    World world;
    BrokerBench bench{world, with_budget()};
    bench.boot();
    auto ann = bench.caller("ann");
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(bench.create(ann)) << "the same desktop again and again";
    ASSERT_TRUE(bench.create(ann, "", "s2"));
    ASSERT_TRUE(bench.create(ann, "", "s3"));
    auto refused = bench.create(ann, "", "s4");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::rate_limited);
    EXPECT_GT(refused.error().retry_after_s(), 0);
    EXPECT_TRUE(bench.create(bench.caller("bob")));
    auto admin = bench.caller("root", access::Role::admin);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(bench.create(admin, "", "s" + std::to_string(i)));
}

TEST(Budget, ARefusedStartCostsNothing) {
    World world;
    BrokerBench bench{world, with_budget()};
    bench.boot();
    for (auto name : {"a", "b"}) ASSERT_TRUE(bench.hosts.set_draining(HostId{name}, true));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(bench.create(bench.caller("ann")).error().code(), Errc::no_capacity);
    for (auto name : {"a", "b"}) ASSERT_TRUE(bench.hosts.set_draining(HostId{name}, false));
    EXPECT_TRUE(bench.create(bench.caller("ann")));
}

// T-17: somebody's loop of start and stop does not move others back.
TEST(Budget, T17ALoopDoesNotDelayOthers) {
    World world;
    BenchConfig config;
    config.capacity = 1;
    BrokerBench bench{world, SessionQuota{}, config};
    bench.boot();
    for (auto name : {"x", "y"}) ASSERT_TRUE(bench.create(bench.caller(name)));
    auto ann = bench.create(bench.caller("ann"));
    ASSERT_TRUE(ann);
    auto loop = bench.caller("loop");
    for (int i = 0; i < 30; ++i) {
        auto one = bench.create(loop, "", "s" + std::to_string(i));
        ASSERT_TRUE(one);
        ASSERT_EQ(bench.service->place_of(ann->session.id)->position, 1);
        if (i % 2 == 0) ASSERT_TRUE(bench.run(bench.service->stop(loop, one->session.id)));
    }
    auto bob = bench.create(bench.caller("bob"));
    EXPECT_LE(bench.service->place_of(bob->session.id)->position, 3) << "one turn of the loop at most";
}

} // namespace
} // namespace berth::broker
