// SPDX-License-Identifier: Apache-2.0
#include "broker/pool_keeper.hpp"

#include "tests/support/pool_bench.hpp"

#include <boost/asio/co_spawn.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace berth::broker {
namespace {

using session::EndReason;
using session::State;
using test::BrokerBench;
using test::FakeHost;
using test::PoolTest;
using test::warm_template;

// ---- keeping --------------------------------------------------------------------------------------

TEST_F(PoolTest, KeepsMinReadyAndPausedOnTheHostsInTurn) {
    boot({warm_template("pooled", 4)});
    until_ready("pooled", 4);
    until_paused("pooled", 4);
    EXPECT_EQ(world.a.containers.size(), 2U);
    EXPECT_EQ(world.b.containers.size(), 2U);
    EXPECT_LE(world.a.most_creating, 1) << "one at a time on each host";
    for (auto* host : world.hosts()) {
        for (const auto& [key, one] : host->containers) EXPECT_EQ(one.state, ContainerState::paused);
    }
    EXPECT_EQ(view("pooled").target, 4);
    bench->run_for(Milliseconds{200});
    EXPECT_EQ(world.a.starts + world.b.starts, 4) << "and no more";
}

TEST_F(PoolTest, RunningOnesGoOnRunning) {
    boot({warm_template("pooled", 2, 2, WarmKind::running)});
    until_ready("pooled", 2);
    bench->run_for(Milliseconds{100});
    for (auto* host : world.hosts()) {
        for (const auto& [key, one] : host->containers) EXPECT_EQ(one.state, ContainerState::running);
    }
}

TEST_F(PoolTest, AreNobodysAndCountForNobody) {
    SessionQuota quota;
    quota.total = 1;
    boot({warm_template("pooled", 3)}, quota);
    until_ready("pooled", 3);
    auto ann = bench->caller("ann");
    EXPECT_TRUE(bench->service->list_live(ann, false)->empty());
    EXPECT_EQ(bench->service->used_by(ann), 0);
    EXPECT_EQ(bench->runners->count_claimed(), 0);
    auto staff = bench->caller("root", access::Role::admin);
    auto all = bench->service->list_live(staff, true);
    ASSERT_EQ(all->size(), 3U) << "staff see them";
    EXPECT_EQ(all->front().owner.realm, "pool");
    EXPECT_EQ(bench->run(bench->service->find(ann, all->front().id)).error().code(), Errc::not_found);
    EXPECT_EQ(bench->service->grant_ticket(staff, all->front().id, "", session::Rights::view).error().code(), Errc::not_ready)
        << "nobody looks into what is handed out as new";
    EXPECT_TRUE(start("ann")) << "the one place in the quota is free";
}

TEST_F(PoolTest, GrowsWithTheDemandAndFallsBack) {
    config.pools.trim = Milliseconds{30};
    boot({warm_template("pooled", 1, 4)});
    until_ready("pooled", 1);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(start("u" + std::to_string(i)));
    bench->until([&] { return view("pooled").target == 3; }, "a larger target");
    until_ready("pooled", 3);
    bench->run_for(Milliseconds{100});
    EXPECT_EQ(view("pooled").ready, 3) << "demand of a moment ago is not forgotten at once";
}

TEST_F(PoolTest, GivesUpWhatIsTooMany) {
    boot({warm_template("pooled", 3)});
    until_ready("pooled", 3);
    config.pools.trim = Milliseconds{20};
    boot({warm_template("pooled", 1)});
    until_ready("pooled", 1);
    bench->until([&] { return world.a.containers.size() + world.b.containers.size() == 1; }, "the removal of two");
    expect_agreement();
}

TEST_F(PoolTest, NobodyIsHeldUpByItsCreations) {
    config.creating_limit = 2;
    boot({warm_template("pooled", 20)});
    bench->run_for(Milliseconds{5});
    for (auto* host : world.hosts()) host->latency = Milliseconds{20};
    for (int i = 0; i < 30; ++i) {
        bench->run_for(Milliseconds{3});
        for (const auto* one : bench->hosts.views()) EXPECT_LE(one->creating, 1) << "the other lane is for whoever comes";
    }
}

TEST_F(PoolTest, WhilePeopleWaitNoneIsMade) {
    config.capacity = 1;
    boot({warm_template("pooled", 5)});
    until_ready("pooled", 2);
    for (auto subject : {"ann", "bob"}) {
        auto made = start(subject, "desktop");
        ASSERT_TRUE(made);
        bench->until_state(made->session.id, State::ready);
    }
    auto cid = start("cid", "desktop");
    ASSERT_TRUE(cid);
    EXPECT_EQ(cid->session.state, State::queued);
    auto starts = world.a.starts + world.b.starts;
    ASSERT_TRUE(bench->run(bench->service->stop(bench->caller("ann"), only_of("ann"))));
    bench->until_state(cid->session.id, State::ready);
    bench->run_for(Milliseconds{100});
    EXPECT_EQ(world.a.starts + world.b.starts, starts + 1);
    EXPECT_EQ(view("pooled").ready, 0);
    EXPECT_EQ(view("pooled").target, 0) << "there is no room";
    expect_agreement();
}

TEST_F(PoolTest, OneThatDoesNotStartIsNotTriedAgainAtOnce) {
    config.pools.backoff_first = Seconds{60};
    boot({});
    world.a.fail_creates(1000, FakeHost::Fault::fails_before);
    boot({warm_template("pooled", 2)});
    bench->until([&] { return view("pooled").ready == 2 && world.b.containers.size() == 2; }, "both on the other host");
    auto calls = world.a.calls;
    bench->run_for(Milliseconds{200});
    EXPECT_LE(world.a.calls - calls, 3) << "lists, no creations";
    EXPECT_EQ(bench->hosts.find(HostId{"a"})->view.state, placement::HostState::up);
    world.a.fail_creates(0, FakeHost::Fault::none);
}

TEST_F(PoolTest, AnImageThatIsNowhereIsFetchedIfItMay) {
    auto fetched = warm_template("pooled", 1);
    fetched.spec.image = "far";
    fetched.pull = PullPolicy::missing;
    for (auto* host : world.hosts()) host->missing_images.insert("far");
    boot({fetched});
    until_ready("pooled", 1);
    EXPECT_EQ(world.a.pulls + world.b.pulls, 1);
}

// ---- handing out ----------------------------------------------------------------------------------

TEST_F(PoolTest, AClaimIsResumedProvedAndTheStartersFromThereOn) {
    boot({warm_template("pooled", 1)});
    until_paused("pooled", 1);
    auto before = warm_ids().front();
    auto container = container_of(before);
    auto created = start("ann", "pooled", "key1");
    ASSERT_TRUE(created) << describe(created.error());
    EXPECT_TRUE(created->is_new);
    EXPECT_EQ(created->session.id, before);
    EXPECT_EQ(created->session.state, State::starting);
    bench->until_state(before, State::ready);
    auto s = bench->session(before);
    EXPECT_EQ(container_of(before), container) << "it was there before";
    EXPECT_EQ(state_of(before), ContainerState::running);
    EXPECT_EQ(s.owner, (session::Owner{"local", "ann", "pooled"}));
    EXPECT_EQ(s.requested_by, "ann");
    EXPECT_EQ(s.idempotency_key, "key1");
    EXPECT_TRUE(s.pool.empty());
    EXPECT_EQ(s.policy, bench->catalog.find(TemplateName{"pooled"})->lease);
    EXPECT_TRUE(s.lease_end);
    EXPECT_EQ(bench->service->used_by(bench->caller("ann")), 1);
    EXPECT_EQ(start("ann", "pooled", "key1")->session.id, before) << "the same desktop again";
    EXPECT_EQ(view("pooled").hits, 1U);
    auto records = bench->run(world.store.events_after(0, 1000));
    auto claim = std::ranges::find_if(*records, [](const auto& one) { return one.type == "session.claimed"; });
    ASSERT_NE(claim, records->end()) << "the audit knows";
    EXPECT_EQ(claim->actor, "ann");
    EXPECT_EQ(claim->owner.subject, "ann");
    EXPECT_FALSE(bench->service->typical_start(TemplateName{"pooled"})) << "says nothing about how long a start takes";
    until_ready("pooled", 1);
    EXPECT_NE(warm_ids().front(), before) << "and the pool is filled again";
}

TEST_F(PoolTest, ARunningOneIsReadyWithTheAnswer) {
    boot({warm_template("pooled", 1, 1, WarmKind::running)});
    until_ready("pooled", 1);
    auto created = start("ann");
    ASSERT_TRUE(created);
    EXPECT_EQ(created->session.state, State::ready);
    EXPECT_TRUE(created->session.lease_end);
}

TEST_F(PoolTest, TwoAtOnceGetTwo) {
    boot({warm_template("pooled", 2)});
    until_paused("pooled", 2);
    std::set<SessionId> ids;
    for (const auto& answer : start_together({"ann", "bob", "cid"})) {
        ASSERT_TRUE(answer) << describe(answer.error());
        EXPECT_TRUE(answer->is_new);
        ids.insert(answer->session.id);
        bench->until_state(answer->session.id, State::ready);
    }
    EXPECT_EQ(ids.size(), 3U) << "two warm ones and one made anew";
    EXPECT_EQ(view("pooled").hits, 2U);
    EXPECT_EQ(view("pooled").misses, 1U);
}

TEST_F(PoolTest, ADoubleClickIsOneDesktop) {
    boot({warm_template("pooled", 3)});
    until_paused("pooled", 3);
    std::set<SessionId> ids;
    int fresh = 0;
    for (const auto& answer : start_together({"ann", "ann", "ann", "ann"})) {
        ASSERT_TRUE(answer) << describe(answer.error());
        ids.insert(answer->session.id);
        fresh += answer->is_new;
    }
    EXPECT_EQ(ids.size(), 1U);
    EXPECT_EQ(fresh, 1);
    EXPECT_EQ(bench->service->used_by(bench->caller("ann")), 1);
}

TEST_F(PoolTest, AKeyThatWasAnsweredIsAnsweredTheSame) {
    boot({warm_template("pooled", 2)});
    until_paused("pooled", 2);
    auto first = start("ann", "pooled", "k1");
    bench->until_state(first->session.id, State::ready);
    ASSERT_TRUE(bench->run(bench->service->stop(bench->caller("ann"), first->session.id)));
    bench->until_state(first->session.id, State::ended);
    auto again = start("ann", "pooled", "k1");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->session.id, first->session.id);
    EXPECT_FALSE(again->is_new);
    EXPECT_EQ(bench->service->used_by(bench->caller("ann")), 0);
}

TEST_F(PoolTest, QuotasHoldForClaimsToo) {
    SessionQuota quota;
    quota.per_user = 1;
    boot({warm_template("pooled", 3)}, quota);
    until_ready("pooled", 3);
    ASSERT_TRUE(start("ann"));
    EXPECT_EQ(start("ann", "pooled", "", "other").error().code(), Errc::quota_exceeded);
}

// What is in the container cannot be changed afterwards.
TEST_F(PoolTest, OnlyAnExactMatchIsHandedOut) {
    auto pooled = warm_template("pooled", 1);
    pooled.resolutions = {"800x600", "640x480"};
    pooled.resolution_env = "SIZE";
    boot({pooled});
    until_paused("pooled", 1);
    auto warm = warm_ids().front();
    auto other = start("ann", "pooled", "", "", "640x480");
    ASSERT_TRUE(other);
    EXPECT_NE(other->session.id, warm);
    EXPECT_EQ(other->session.spec.env.at("SIZE"), "640x480");
    EXPECT_EQ(view("pooled").misses, 1U);
    auto same = start("bob", "pooled", "", "", "800x600");
    EXPECT_EQ(same->session.id, warm);
}

TEST_F(PoolTest, WhatWasUsedIsNeverHandedOutAgain) {
    boot({warm_template("pooled", 1)});
    std::set<SessionId> ids;
    std::set<std::pair<HostId, ContainerId>> containers;
    for (int i = 0; i < 4; ++i) {
        until_paused("pooled", 1);
        auto made = start("ann");
        ASSERT_TRUE(made);
        bench->until_state(made->session.id, State::ready);
        EXPECT_TRUE(ids.insert(made->session.id).second);
        EXPECT_TRUE(containers.emplace(*bench->session(made->session.id).host, container_of(made->session.id)).second);
        ASSERT_TRUE(bench->run(bench->service->stop(bench->caller("ann"), made->session.id)));
        bench->until_state(made->session.id, State::ended);
    }
    EXPECT_EQ(view("pooled").hits, 4U);
}

TEST_F(PoolTest, OneThatCannotBeResumedIsReplacedWithoutAWord) {
    boot({warm_template("pooled", 1)});
    until_paused("pooled", 1);
    auto warm = warm_ids().front();
    host_of(warm).erase(warm, false);
    auto made = start("ann");
    ASSERT_TRUE(made);
    EXPECT_EQ(made->session.id, warm);
    bench->until_state(warm, State::ready);
    auto s = bench->session(warm);
    EXPECT_EQ(s.generation, 2);
    EXPECT_FALSE(s.end);
    EXPECT_EQ(s.owner.subject, "ann");
    expect_agreement();
}

TEST_F(PoolTest, ADesktopThatDoesNotAnswerIsReplacedAndDestroyed) {
    boot({warm_template("pooled", 1)});
    until_paused("pooled", 1);
    auto warm = warm_ids().front();
    bench->probe.failing.emplace(warm, 1);
    auto made = start("ann");
    ASSERT_TRUE(made);
    bench->until_state(warm, State::ready);
    EXPECT_EQ(bench->session(warm).generation, 2);
    bench->until([&] { return !has_container(warm, 1); }, "the removal of the bad one");
    expect_agreement();
}

TEST_F(PoolTest, OnAHostThatIsNotHeardOfNoneIsHandedOut) {
    config.health.unknown_after = Milliseconds{60};
    config.health.interval = Milliseconds{20};
    config.health.check_limit = Milliseconds{20};
    boot({warm_template("pooled", 2)});
    until_paused("pooled", 2);
    world.a.is_unreachable = true;
    bench->until([&] { return !bench->hosts.is_reachable(HostId{"a"}); }, "silence");
    auto made = start("ann");
    ASSERT_TRUE(made);
    EXPECT_EQ(made->session.host->str(), "b");
    bench->until([&] { return view("pooled").ready == 2; }, "others in its place, elsewhere");
    EXPECT_EQ(world.a.containers.size(), 1U) << "unknown is not absent";
    world.a.is_unreachable = false;
}

// I-29: who came first gets what becomes free.
TEST_F(PoolTest, NobodyOvertakesThoseWhoWaitForTheSame) {
    auto pooled = warm_template("pooled", 1);
    pooled.spec.memory_bytes = 10;
    boot({pooled});
    until_paused("pooled", 1);
    auto need = need_of(*bench->catalog.find(TemplateName{"pooled"}));
    Waiter waiter;
    waiter.session = SessionId{"somebody"};
    waiter.owner = {"local", "first"};
    waiter.need = need;
    waiter.ready = [](session::Event, HostSlot) {};
    for (auto name : {"a", "b"}) bench->hosts.set_creating_limit(HostId{name}, 1);
    HostSlot lanes[2];
    for (auto& lane : lanes) (void)bench->hosts.choose_and_reserve(need, lane);
    bench->queue.wait(std::move(waiter));
    ASSERT_EQ(bench->queue.size(), 1U);
    auto later = start("ann");
    ASSERT_TRUE(later);
    EXPECT_EQ(later->session.state, State::queued);
    bench->queue.leave(SessionId{"somebody"});
    for (auto& lane : lanes) lane.release();
    bench->until_state(later->session.id, State::ready);
}

// ---- giving up ------------------------------------------------------------------------------------

TEST_F(PoolTest, YieldsItsPlaceToAPerson) {
    config.capacity = 1;
    boot({warm_template("pooled", 2)});
    until_ready("pooled", 2);
    auto made = start("ann", "desktop");
    ASSERT_TRUE(made);
    bench->until_state(made->session.id, State::ready);
    bench->run_for(Milliseconds{100});
    EXPECT_EQ(view("pooled").ready, 1) << "one place, one given up";
    expect_agreement();
    ASSERT_TRUE(bench->run(bench->service->stop(bench->caller("ann"), made->session.id)));
    until_ready("pooled", 2);
}

TEST_F(PoolTest, LeavesAHostThatIsDrained) {
    boot({warm_template("pooled", 2)});
    until_ready("pooled", 2);
    ASSERT_TRUE(bench->hosts.set_draining(HostId{"a"}, true));
    bench->until([&] { return world.a.containers.empty(); }, "an empty host");
    until_ready("pooled", 2);
    EXPECT_EQ(world.b.containers.size(), 2U);
    EXPECT_EQ(bench->hosts.find(HostId{"a"})->view.used, 0);
    expect_agreement();
}

TEST_F(PoolTest, OldOnesAreReplacedOneByOne) {
    config.pools.age = Milliseconds{150};
    boot({warm_template("pooled", 2)});
    until_ready("pooled", 2);
    auto before = warm_ids();
    bench->until(
        [&] {
            auto now = warm_ids();
            return std::ranges::none_of(before, [&](const auto& id) { return std::ranges::find(now, id) != now.end(); });
        },
        "others in their place");
}

TEST_F(PoolTest, AReplacedImageEndsThoseMadeOfTheFormerOne) {
    for (auto* host : world.hosts()) host->image_facts["img"].id = "sha256:old";
    boot({warm_template("pooled", 2)});
    until_ready("pooled", 2);
    auto before = warm_ids();
    for (const auto* host : bench->hosts.all()) (void)bench->run(bench->reconciler->reconcile(host->view.id));
    bench->run_for(Milliseconds{100});
    EXPECT_EQ(warm_ids(), before);
    world.a.image_facts["img"].id = "sha256:new";
    bench->run(bench->hosts.recheck_image("img", deadline_in(Seconds{5})));
    bench->until([&] { return !is_live(on_host(before, "a")); }, "the end of the old one");
    EXPECT_TRUE(is_live(on_host(before, "b"))) << "there it is the same image";
    until_ready("pooled", 2);
}

// The look at the host's images may be older than the container.
TEST_F(PoolTest, ANewerContainerThanTheLookIsKept) {
    for (auto* host : world.hosts()) host->image_facts["img"].id = "sha256:old";
    boot({warm_template("pooled", 2)});
    ASSERT_TRUE(bench->hosts.set_draining(HostId{"b"}, true));
    until_paused("pooled", 2);
    auto before = warm_ids();
    world.a.image_facts["img"].id = "sha256:new";
    auto made = start("ann");
    ASSERT_TRUE(made);
    until_paused("pooled", 2);
    auto now = warm_ids();
    auto fresh = *std::ranges::find_if(now, [&](const auto& id) { return std::ranges::find(before, id) == before.end(); });
    auto old = now.front() == fresh ? now.back() : now.front();
    (void)bench->run(bench->reconciler->reconcile(HostId{"a"}));
    bench->until([&] { return !is_live(old); }, "the end of the one made of the former image");
    until_ready("pooled", 2);
    EXPECT_TRUE(is_live(fresh));
}

// ---- over a restart -------------------------------------------------------------------------------

TEST_F(PoolTest, TheNextProcessGoesOnWithThem) {
    boot({warm_template("pooled", 2)});
    until_paused("pooled", 2);
    auto before = warm_ids();
    boot({warm_template("pooled", 2)});
    until_paused("pooled", 2);
    EXPECT_EQ(warm_ids(), before);
    EXPECT_EQ(world.a.starts + world.b.starts, 2);
    auto made = start("ann");
    ASSERT_TRUE(made);
    EXPECT_TRUE(std::ranges::find(before, made->session.id) != before.end());
    bench->until_state(made->session.id, State::ready);
}

TEST_F(PoolTest, AChangedOrRemovedTemplateLeavesNone) {
    boot({warm_template("pooled", 2)});
    until_ready("pooled", 2);
    auto changed = warm_template("pooled", 2);
    changed.spec.env["LANGUAGE"] = "de";
    auto before = warm_ids();
    boot({changed});
    bench->until([&] { return std::ranges::none_of(before, [&](const auto& id) { return is_live(id); }); }, "the end of both");
    EXPECT_EQ(bench->session(before.front()).end->reason, EndReason::admin_request);
    until_ready("pooled", 2);
    boot({});
    bench->until([&] { return world.a.containers.empty() && world.b.containers.empty(); }, "the end of all");
    changed.is_enabled = false;
    boot({changed});
    bench->run_for(Milliseconds{50});
    EXPECT_EQ(bench->runners->size(), 0U);
}

} // namespace
} // namespace berth::broker
