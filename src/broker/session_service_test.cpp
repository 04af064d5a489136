// SPDX-License-Identifier: Apache-2.0
#include "broker/session_service.hpp"

#include "tests/support/broker_bench.hpp"
#include "tests/support/host_bench.hpp"

#include <boost/asio/co_spawn.hpp>

#include <gtest/gtest.h>

namespace berth::broker {
namespace {

using session::EndReason;
using session::State;
using test::BenchConfig;
using test::BrokerBench;
using test::FakeHost;
using test::World;

// The invariants that hold once everything has settled (I-1, I-2, I-13).
void expect_agreement(World& world, BrokerBench& bench) {
    std::set<SessionId> live;
    for (const auto& runner : bench.runners->all()) live.insert(runner->session().id);
    for (auto* host : {&world.a, &world.b}) {
        for (const auto& [key, container] : host->containers)
            EXPECT_TRUE(live.contains(key.first)) << "container without a live row: " << key.first.str();
    }
    int used = 0;
    for (const auto* host : bench.hosts.views()) {
        used += host->used;
        EXPECT_EQ(host->creating, 0) << "creation slot held on " << host->id.str();
    }
    EXPECT_EQ(used, static_cast<int>(live.size()));
    auto stored = bench.run(world.store.sessions().load_live());
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->size(), live.size());
}

bool is_settled(BrokerBench& bench) {
    for (const auto& runner : bench.runners->all()) {
        if (runner->session().state != State::ready) return false;
    }
    return true;
}

class SessionServiceTest : public testing::Test {
protected:
    SessionServiceTest() { start(); }
    void start(SessionQuota quota = {}) {
        bench.reset();
        bench = std::make_unique<BrokerBench>(world, quota);
        bench->boot();
    }
    void start_with_quick_checks() {
        BenchConfig config;
        config.health = test::quick_health();
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
    std::vector<EventRecord> host_events(const char* host) {
        auto found = bench->run(world.store.sessions().host_events(HostId{host}, HostNews::all, 100));
        EXPECT_TRUE(found) << describe(found.error());
        return found ? *found : std::vector<EventRecord>{};
    }
    World world;
    std::unique_ptr<BrokerBench> bench;
};

TEST_F(SessionServiceTest, AClickLeadsToAReadySessionAndAStopLeavesNothing) {
    auto s = ready("ann");
    EXPECT_EQ(world.a.containers.size() + world.b.containers.size(), 1U);
    EXPECT_TRUE(s.lease_end);
    auto stopped = bench->run(bench->service->stop(bench->caller("ann"), s.id));
    ASSERT_TRUE(stopped);
    EXPECT_EQ(stopped->state, State::stopping);
    bench->until_state(s.id, State::ended);
    EXPECT_EQ(bench->session(s.id).end->reason, EndReason::owner_request);
    EXPECT_EQ(bench->viewers.closed, std::vector{s.id});
    EXPECT_TRUE(world.a.containers.empty() && world.b.containers.empty());
    expect_agreement(world, *bench);
}

// simultaneous creates of one owner give exactly one session and one container.
TEST_F(SessionServiceTest, A02SimultaneousCreatesOfOneOwnerGiveOneSession) {
    world.a.latency = world.b.latency = Milliseconds{5};
    std::set<SessionId> ids;
    int answers = 0, fresh = 0;
    for (int i = 0; i < 50; ++i) {
        CreateSession command;
        command.template_name = TemplateName{"desktop"};
        boost::asio::co_spawn(
            world.context, bench->service->create(bench->caller("ann"), command, deadline_in(Seconds{10})),
            [&](std::exception_ptr, Result<Created> created) {
                ++answers;
                ASSERT_TRUE(created);
                ids.insert(created->session.id);
                fresh += created->is_new;
            }
        );
    }
    bench->until([&] { return answers == 50 && is_settled(*bench); }, "all answers");
    EXPECT_EQ(ids.size(), 1U);
    EXPECT_EQ(fresh, 1);
    EXPECT_EQ(world.a.starts + world.b.starts, 1);
    expect_agreement(world, *bench);
}

// choice and reservation are one step.
TEST_F(SessionServiceTest, A03TenOwnersAtOnceSplitEvenlyOverTwoHosts) {
    world.a.latency = world.b.latency = Milliseconds{3};
    int answers = 0;
    for (int i = 0; i < 10; ++i) {
        CreateSession command;
        command.template_name = TemplateName{"desktop"};
        boost::asio::co_spawn(
            world.context,
            bench->service->create(bench->caller("u" + std::to_string(i)), command, deadline_in(Seconds{10})),
            [&](std::exception_ptr, Result<Created> created) { answers += created.has_value(); });
    }
    bench->until([&] { return answers == 10 && is_settled(*bench); }, "ten sessions");
    EXPECT_EQ(world.a.containers.size(), 5U);
    EXPECT_EQ(world.b.containers.size(), 5U);
    EXPECT_LE(world.a.most_creating, 4);
}

// what never becomes ready leaves no container.
TEST_F(SessionServiceTest, A04AFailedReadinessLeavesNoContainer) {
    bench->probe.is_never = true;
    CreateSession command;
    command.template_name = TemplateName{"doomed"};
    auto created = bench->run(bench->service->create(bench->caller("ann"), command, deadline_in(Seconds{10})));
    ASSERT_TRUE(created);
    bench->until_state(created->session.id, State::ended);
    auto s = bench->session(created->session.id);
    EXPECT_EQ(s.end->code, Errc::timed_out);
    EXPECT_EQ(s.end->message, "The desktop took too long to start.");
    EXPECT_TRUE(world.a.containers.empty() && world.b.containers.empty());
    expect_agreement(world, *bench);
}

// one bad start does not condemn the host.
TEST_F(SessionServiceTest, A05AFailedCreationLeavesTheHostInRotation) {
    bench->probe.failure = Error{Errc::protocol_violation, "not RFB"};
    auto bad = bench->create(bench->caller("ann"));
    bench->until_state(bad->session.id, State::ended);
    auto there = host_events("a");
    ASSERT_GE(there.size(), 2U);
    EXPECT_EQ(there[0].type, "session.container_removed");
    EXPECT_EQ(there[0].cause, "failed");
    EXPECT_EQ(there[1].type, "session.failed");
    EXPECT_EQ(there[1].cause, "waiting: protocol_violation: not RFB");
    for (const auto* host : bench->hosts.views()) EXPECT_EQ(host->state, placement::HostState::up);
    bench->probe.failure.reset();
    ready("bob");
}

TEST_F(SessionServiceTest, WhatIsKeptOfAFailedStartIsBounded) {
    bench->probe.failure = Error{Errc::protocol_violation, std::string(299, 'x') + "\n" + std::string(4000, 'x')};
    auto bad = bench->create(bench->caller("ann"));
    bench->until_state(bad->session.id, State::ended);
    EXPECT_EQ(host_events("a")[1].cause, "waiting: protocol_violation: " + std::string(271, 'x') + "…");
}

// A host that is lost is not waited for: a hanging engine has 30 s of its own, and a probe the whole start.
TEST_F(SessionServiceTest, AStartWhoseHostIsLostGoesOnElsewhere) {
    for (auto lost_while : {State::creating, State::probing}) {
        start_with_quick_checks();
        auto& probe = bench->probe;
        if (lost_while == State::probing) probe.mute = &world.a;
        else world.a.is_frozen = true;
        auto created = bench->create(bench->caller("ann"));
        ASSERT_TRUE(created);
        auto id = created->session.id;
        bench->until_state(id, lost_while);
        EXPECT_EQ(bench->session(id).host, HostId{"a"});
        world.a.is_frozen = true;
        bench->until_state(id, State::ready);
        const auto s = bench->session(id);
        EXPECT_EQ(s.host, HostId{"b"});
        ASSERT_EQ(s.attempts.size(), 1U);
        EXPECT_EQ(s.attempts[0].code, Errc::host_unreachable);
        auto there = host_events("a");
        auto failed = std::ranges::find(there, "session.failed", &EventRecord::type);
        ASSERT_NE(failed, there.end());
        EXPECT_EQ(failed->session, id);
        EXPECT_EQ(failed->to_state, "queued");
        auto stage = std::string{session::name_of(s.attempts[0].stage)};
        EXPECT_EQ(failed->cause, stage + ": host_unreachable: " + s.attempts[0].detail);
        auto here = host_events("b");
        EXPECT_EQ(here.front().type, "session.became_ready");
        EXPECT_EQ(std::ranges::find(here, "session.failed", &EventRecord::type), here.end());
        world.a.is_frozen = false;
        probe.mute = nullptr;
        ASSERT_TRUE(bench->run(bench->service->stop(bench->caller("ann"), id)));
        bench->until_state(id, State::ended);
        bench->until([&] { return world.a.containers.empty(); }, "the former container is removed");
    }
}

TEST_F(SessionServiceTest, AStartOnTheOnlyHostWaitsForIt) {
    start_with_quick_checks();
    ASSERT_TRUE(bench->hosts.set_draining(HostId{"b"}, true));
    bench->probe.mute = &world.a;
    auto created = bench->create(bench->caller("ann"));
    ASSERT_TRUE(created);
    bench->until_state(created->session.id, State::probing);
    world.a.is_frozen = true;
    bench->until([&] { return bench->hosts.find(HostId{"a"})->view.state == placement::HostState::down; }, "down");
    bench->run_for(Milliseconds{200});
    EXPECT_EQ(bench->session(created->session.id).state, State::probing);
    world.a.is_frozen = false;
    bench->probe.mute = nullptr;
    bench->until_state(created->session.id, State::ready);
    EXPECT_TRUE(bench->session(created->session.id).attempts.empty());
}

// Requests may come before a host has been looked at for the first time.
TEST_F(SessionServiceTest, AStartBeforeTheFirstCheckWaits) {
    bench.reset();
    bench = std::make_unique<BrokerBench>(world);
    auto created = bench->create(bench->caller("ann"));
    ASSERT_TRUE(created) << describe(created.error());
    EXPECT_EQ(created->session.state, State::queued);
    bench->run(bench->hosts.check_all(deadline_in(Seconds{5})));
    bench->until_state(created->session.id, State::ready);
}

// a host that does not answer keeps the row; nothing vanishes with the container alive.
TEST_F(SessionServiceTest, A06DestroyOnAnUnreachableHostEndsAfterItHeals) {
    auto s = ready("ann");
    world.a.is_unreachable = world.b.is_unreachable = true;
    auto stopped = bench->run(bench->service->stop(bench->caller("ann"), s.id));
    ASSERT_TRUE(stopped);
    bench->run_for(Milliseconds{300});
    EXPECT_EQ(bench->session(s.id).state, State::stopping);
    EXPECT_EQ(world.a.containers.size() + world.b.containers.size(), 1U);
    world.a.is_unreachable = world.b.is_unreachable = false;
    bench->until_state(s.id, State::ended);
    expect_agreement(world, *bench);
}

// the state survives a restart; the lease does not move.
TEST_F(SessionServiceTest, A07ARestartKeepsTheSessionAndItsLease) {
    auto before = ready("ann");
    start();
    auto after = bench->session(before.id);
    EXPECT_EQ(after.state, State::ready);
    EXPECT_EQ(after.lease_end, before.lease_end);
    auto again = bench->create(bench->caller("ann"));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->session.id, before.id);
    EXPECT_EQ(world.a.starts + world.b.starts, 1);
}

// a container that disappears is noticed, and the owner may start again.
TEST_F(SessionServiceTest, A08AContainerRemovedByHandEndsTheSession) {
    auto s = ready("ann");
    (world.a.containers.empty() ? world.b : world.a).erase(s.id, true);
    bench->until_state(s.id, State::ended);
    EXPECT_EQ(bench->session(s.id).end->reason, EndReason::removed_outside);
    EXPECT_NE(ready("ann").id, s.id);
}

TEST_F(SessionServiceTest, AContainerThatVanishedUnseenIsFoundByTheReconciler) {
    auto s = ready("ann");
    (world.a.containers.empty() ? world.b : world.a).erase(s.id, false);
    for (const auto* host : bench->hosts.all()) (void)bench->run(bench->reconciler->reconcile(host->view.id));
    bench->until_state(s.id, State::ended);
    EXPECT_EQ(bench->session(s.id).end->reason, EndReason::removed_outside);
}

// I-24: a host that does not answer proves nothing.
TEST_F(SessionServiceTest, I24AnUnreachableHostEndsNobody) {
    auto s = ready("ann");
    world.a.is_unreachable = world.b.is_unreachable = true;
    for (const auto* host : bench->hosts.all()) EXPECT_FALSE(bench->run(bench->reconciler->reconcile(host->view.id)));
    bench->run_for(Milliseconds{50});
    EXPECT_EQ(bench->session(s.id).state, State::ready);
}

TEST_F(SessionServiceTest, OutOfMemoryIsSaid) {
    auto s = ready("ann");
    (world.a.containers.empty() ? world.b : world.a).kill(s.id, 137, true);
    bench->until_state(s.id, State::ended);
    EXPECT_EQ(bench->session(s.id).end->reason, EndReason::out_of_memory);
}

// looking at a session that was just destroyed is an answer, not an error.
TEST_F(SessionServiceTest, A12AnEndedSessionCanStillBeReadAndStopped) {
    auto s = ready("ann");
    auto admin = bench->caller("root", access::Role::admin);
    ASSERT_TRUE(bench->run(bench->service->stop(admin, s.id)));
    bench->until_state(s.id, State::ended);
    auto seen = bench->run(bench->service->find(bench->caller("ann"), s.id));
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->end->reason, EndReason::admin_request);
    EXPECT_TRUE(bench->run(bench->service->stop(bench->caller("ann"), s.id)));
    EXPECT_EQ(bench->run(bench->service->extend(bench->caller("ann"), s.id)).error().code(), Errc::ended);
}

TEST_F(SessionServiceTest, AStopDuringCreationEndsWithoutAContainer) {
    world.a.latency = world.b.latency = Milliseconds{50};
    auto created = bench->create(bench->caller("ann"));
    ASSERT_TRUE(created);
    EXPECT_EQ(created->session.state, State::creating);
    ASSERT_TRUE(bench->run(bench->service->stop(bench->caller("ann"), created->session.id)));
    bench->until_state(created->session.id, State::ended);
    // Its end is stored a few steps before its runner has gone.
    bench->until([&] { return bench->runners->size() == 0; }, "the end of its runner");
    EXPECT_TRUE(world.a.containers.empty() && world.b.containers.empty());
    expect_agreement(world, *bench);
}

TEST_F(SessionServiceTest, AStartRightAfterAStopWaitsForTheEnd) {
    world.a.latency = world.b.latency = Milliseconds{100};
    auto s = ready("ann");
    ASSERT_TRUE(bench->run(bench->service->stop(bench->caller("ann"), s.id)));
    auto next = bench->create(bench->caller("ann"));
    ASSERT_TRUE(next) << describe(next.error());
    EXPECT_NE(next->session.id, s.id);
    EXPECT_TRUE(next->is_new);
}

TEST_F(SessionServiceTest, AForeignSessionIsAsUnknownAsAMissingOne) {
    auto s = ready("ann");
    auto bob = bench->caller("bob");
    EXPECT_EQ(bench->run(bench->service->find(bob, s.id)).error().code(), Errc::not_found);
    EXPECT_EQ(bench->run(bench->service->stop(bob, s.id)).error().code(), Errc::not_found);
    EXPECT_EQ(bench->run(bench->service->extend(bob, s.id)).error().code(), Errc::not_found);
    EXPECT_EQ(bench->service->grant_ticket(bob, s.id, "", session::Rights::view).error().code(), Errc::not_found);
    EXPECT_EQ(bench->session(s.id).state, State::ready);
}

TEST_F(SessionServiceTest, AnAdminMayWatchButNotType) {
    auto s = ready("ann");
    auto admin = bench->caller("root", access::Role::admin);
    EXPECT_TRUE(bench->service->grant_ticket(admin, s.id, "", session::Rights::view));
    EXPECT_EQ(bench->service->grant_ticket(admin, s.id, "", session::Rights::control).error().code(), Errc::forbidden);
}

TEST_F(SessionServiceTest, ATicketOpensOnce) {
    auto s = ready("ann");
    auto ticket = bench->service->grant_ticket(bench->caller("ann"), s.id, "desktop", session::Rights::control);
    ASSERT_TRUE(ticket);
    auto admitted = bench->service->admit(ticket->text);
    ASSERT_TRUE(admitted);
    EXPECT_EQ(admitted->session.id, s.id);
    EXPECT_EQ(admitted->endpoint.port, 5900);
    EXPECT_EQ(bench->service->admit(ticket->text).error().code(), Errc::ticket_spent);
}

TEST_F(SessionServiceTest, AnEndpointThatCannotBeWatchedIsItsOwnersAlone) {
    BenchConfig config;
    auto notebook = bench->catalog.all().front();
    notebook.name = TemplateName{"notebook"};
    notebook.spec.endpoints.front().protocol = session::Protocol::web;
    config.templates.push_back(std::move(notebook));
    bench.reset();
    bench = std::make_unique<BrokerBench>(world, SessionQuota{}, config);
    bench->boot();
    const auto ann = bench->caller("ann");
    CreateSession command;
    command.template_name = TemplateName{"notebook"};
    auto created = bench->run(bench->service->create(ann, std::move(command), deadline_in(Seconds{5})));
    ASSERT_TRUE(created);
    const auto id = created->session.id;
    bench->until_state(id, State::ready);
    const auto refused_to_watch = [&](const access::Caller& who) {
        return bench->service->grant_ticket(who, id, "", session::Rights::view).error();
    };
    for (auto role : {access::Role::operator_, access::Role::admin})
        EXPECT_EQ(refused_to_watch(bench->caller("root", role)).code(), Errc::forbidden);
    EXPECT_EQ(refused_to_watch(ann).code(), Errc::forbidden);
    EXPECT_NE(refused_to_watch(ann).user_text().find("cannot be watched"), std::string::npos);
    EXPECT_TRUE(bench->service->grant_ticket(ann, id, "", session::Rights::control));
}

TEST_F(SessionServiceTest, TheViewersOfASessionAreBounded) {
    auto s = ready("ann");
    const auto ask = [&] {
        auto ticket = bench->service->grant_ticket(bench->caller("ann"), s.id, "", session::Rights::control);
        EXPECT_TRUE(ticket);
        return bench->service->admit(ticket->text);
    };
    for (int i = 0; i < limits::viewers_per_session; ++i) {
        EXPECT_TRUE(ask());
        bench->service->viewer_joined(s.id, i % 2 == 0 ? session::Rights::control : session::Rights::view);
    }
    bench->until([&] {
        const auto now = bench->session(s.id);
        return now.control_viewers + now.view_viewers == limits::viewers_per_session;
    }, "all viewers");
    EXPECT_EQ(ask().error().code(), Errc::quota_exceeded);
    bench->service->viewer_left(s.id, session::Rights::view);
    bench->until([&] { return bench->session(s.id).view_viewers < limits::viewers_per_session / 2; }, "one less");
    EXPECT_TRUE(ask());
}

TEST_F(SessionServiceTest, TheSameKeyGivesTheSameSessionEvenAfterItEnded) {
    auto first = bench->create(bench->caller("ann"), "k1");
    ASSERT_TRUE(first);
    bench->until_state(first->session.id, State::ready);
    EXPECT_EQ(bench->create(bench->caller("ann"), "k1")->session.id, first->session.id);
    ASSERT_TRUE(bench->run(bench->service->stop(bench->caller("ann"), first->session.id)));
    bench->until_state(first->session.id, State::ended);
    auto again = bench->create(bench->caller("ann"), "k1");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->session.id, first->session.id);
    EXPECT_FALSE(again->is_new);
    EXPECT_EQ(world.a.starts + world.b.starts, 1);
}

TEST_F(SessionServiceTest, QuotasAreHeld) {
    start(SessionQuota{2, 3});
    ASSERT_TRUE(bench->create(bench->caller("ann"), "", "s1"));
    ASSERT_TRUE(bench->create(bench->caller("ann"), "", "s2"));
    EXPECT_EQ(bench->create(bench->caller("ann"), "", "s3").error().code(), Errc::quota_exceeded);
    ASSERT_TRUE(bench->create(bench->caller("bob"), "", "s1"));
    EXPECT_EQ(bench->create(bench->caller("cid"), "", "s1").error().code(), Errc::no_capacity);
}

TEST_F(SessionServiceTest, AMissingImageIsSaidBeforeAnythingIsCreated) {
    world.a.missing_images.insert("img");
    world.b.missing_images.insert("img");
    start();
    auto created = bench->create(bench->caller("ann"));
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().code(), Errc::image_missing);
    EXPECT_EQ(bench->runners->size(), 0U);
    EXPECT_TRUE(world.a.containers.empty() && world.b.containers.empty());
    // The image was built meanwhile: the next click finds it at once.
    world.a.missing_images.clear();
    EXPECT_TRUE(bench->create(bench->caller("ann")));
}

TEST_F(SessionServiceTest, BadNamesAreRefusedAndNothingHappens) {
    for (auto slot : {"../x", "a b", "A", "ä", "x'y", "a\nb"}) {
        auto created = bench->create(bench->caller("ann"), "", slot);
        ASSERT_FALSE(created) << slot;
        EXPECT_EQ(created.error().code(), Errc::invalid_input);
    }
    EXPECT_EQ(bench->runners->size(), 0U);
}

TEST_F(SessionServiceTest, ABrokenStoreChangesNothingAndIsSaid) {
    world.store.fail_with(Error{Errc::unavailable, "disk"});
    EXPECT_EQ(bench->create(bench->caller("ann")).error().code(), Errc::unavailable);
    world.store.fail_with(std::nullopt);
    auto s = ready("ann");
    world.store.fail_with(Error{Errc::unavailable, "disk"});
    EXPECT_EQ(bench->run(bench->service->extend(bench->caller("ann"), s.id)).error().code(), Errc::unavailable);
    world.store.fail_with(std::nullopt);
    EXPECT_EQ(bench->session(s.id).extensions_used, 0);
    expect_agreement(world, *bench);
}

TEST_F(SessionServiceTest, A01TheLeaseEndsWithoutAnyPoll) {
    CreateSession command;
    command.template_name = TemplateName{"brief"};
    auto created = bench->run(bench->service->create(bench->caller("ann"), command, deadline_in(Seconds{10})));
    ASSERT_TRUE(created);
    bench->until([&] { return bench->runners->size() == 0; }, "end of the lease");
    auto s = bench->session(created->session.id);
    EXPECT_EQ(s.end->reason, EndReason::lease_expired);
    EXPECT_LT(*s.ended_at - *s.lease_end, Seconds{2});
}

// G-03: the n-th outside call fails, before the work or after it; whatever n is, the system settles
// into agreement.
class EveryCall : public testing::TestWithParam<std::tuple<int, FakeHost::Fault>> {};

TEST_P(EveryCall, MayFailAndTheSystemSettles) {
    auto [n, fault] = GetParam();
    World world;
    BrokerBench bench{world};
    bench.boot();
    world.a.fault_at(n, fault);
    world.b.fault_at(n, fault);
    for (auto subject : {"ann", "bob"}) {
        auto created = bench.create(bench.caller(subject));
        if (created) bench.until([&] { return session::State::ready <= bench.session(created->session.id).state; }, "a verdict");
        if (created) (void)bench.run(bench.service->stop(bench.caller(subject), created->session.id));
    }
    bench.until([&] { return bench.runners->size() == 0; }, "the end of all");
    for (const auto* host : bench.hosts.all()) (void)bench.run(bench.reconciler->reconcile(host->view.id));
    expect_agreement(world, bench);
    EXPECT_TRUE(world.a.containers.empty() && world.b.containers.empty());
    for (const auto* host : bench.hosts.views()) EXPECT_EQ(host->state, placement::HostState::up);
}

INSTANTIATE_TEST_SUITE_P(
    Broker, EveryCall,
    testing::Combine(testing::Range(0, 6), testing::Values(FakeHost::Fault::fails_before, FakeHost::Fault::answer_lost)));

// F-01, F-02: the process dies after the n-th step of the event loop, the next one takes over.
class EveryStep : public testing::TestWithParam<int> {};

TEST_P(EveryStep, F01MayBeTheLastAndTheNextProcessAgrees) {
    World world;
    world.a.latency = world.b.latency = Milliseconds{1};
    std::optional<SessionId> id;
    {
        BrokerBench bench{world};
        bench.boot();
        auto created = bench.create(bench.caller("ann"));
        ASSERT_TRUE(created);
        id = created->session.id;
        world.context.restart();
        for (int i = 0; i < GetParam(); ++i) world.context.run_one_for(Milliseconds{5});
    }
    BrokerBench next{world};
    next.boot();
    next.until_state(*id, State::ready);
    expect_agreement(world, next);
    EXPECT_EQ(world.a.starts + world.b.starts, 1) << "started twice";
    ASSERT_TRUE(next.run(next.service->stop(next.caller("ann"), *id)));
    for (int i = 0; i < GetParam() % 7; ++i) world.context.run_one_for(Milliseconds{5});
    next.stop();
    BrokerBench last{world};
    last.boot();
    last.until([&] { return last.runners->size() == 0; }, "the end");
    expect_agreement(world, last);
    EXPECT_TRUE(world.a.containers.empty() && world.b.containers.empty());
}

INSTANTIATE_TEST_SUITE_P(Broker, EveryStep, testing::Range(0, 40));

} // namespace
} // namespace berth::broker
