// SPDX-License-Identifier: Apache-2.0
#include "tests/support/host_bench.hpp"

#include "net/deadline.hpp"

#include <gtest/gtest.h>

namespace berth::broker {
namespace {

using placement::HostState;
using test::HostBench;

placement::Need plain() {
    placement::Need need;
    need.image = "img";
    return need;
}

std::string chosen(HostBench& bench, const placement::Need& need = plain()) {
    auto verdict = bench.hosts.choose(need);
    return verdict.choice ? verdict.choice->host.str() : std::string{name_of(verdict.refusal->error.code())};
}

// ---- health ---------------------------------------------------------------------------------------

TEST(HostRegistry, AFrozenEngineLeavesAndComesBackOnProbation) {
    HostBench bench;
    auto& a = bench.add("a");
    bench.add("b");
    bench.hosts.start();
    bench.until_state("a", HostState::up);
    bench.until_state("b", HostState::up);
    a.is_frozen = true;
    bench.until_state("a", HostState::down);
    EXPECT_EQ(bench.state("b"), HostState::up) << "I-20: one that hangs delays nobody";
    EXPECT_FALSE(bench.host("a").view.reason.empty());
    EXPECT_GE(bench.host("a").failed_checks, 2U);
    a.is_frozen = false;
    bench.until_state("a", HostState::up);
    EXPECT_TRUE(bench.host("a").view.is_on_probation);
    EXPECT_FALSE(bench.host("b").view.is_on_probation);
    EXPECT_EQ(state_word(bench.host("a")), "probation");
    bench.hosts.creation_succeeded(HostId{"a"});
    EXPECT_FALSE(bench.host("a").view.is_on_probation);
}

TEST(HostRegistry, AnEngineThatIsBusyWithOtherRequestsIsNotDown) {
    HostBench bench;
    auto& a = bench.add("a");
    bench.hosts.start();
    bench.until_state("a", HostState::up);
    a.is_busy = true;
    auto before = a.checks;
    bench.until([&] { return a.checks >= before + 6; }, "six more checks");
    EXPECT_EQ(bench.state("a"), HostState::up);
    a.is_busy = false;
    a.is_frozen = true; // now nothing at all is answered
    bench.until_state("a", HostState::down);
    a.is_frozen = false;
    a.is_busy = true;
    before = a.checks;
    bench.until([&] { return a.checks >= before + 3; }, "three more checks");
    EXPECT_EQ(bench.state("a"), HostState::down) << "who was away comes back by a whole check only";
}

TEST(HostRegistry, OneThatIsQuietComesOffProbationByItself) {
    HostBench bench;
    auto& a = bench.add("a");
    a.is_unreachable = true;
    bench.hosts.start();
    bench.until_state("a", HostState::down);
    a.is_unreachable = false;
    bench.until_state("a", HostState::up);
    EXPECT_TRUE(bench.host("a").view.is_on_probation) << "a failure at the start counts too";
    bench.until([&] { return !bench.host("a").view.is_on_probation; }, "the end of the probation");
}

TEST(HostRegistry, WhoIsWaitedForStaysOnProbation) {
    HostBench bench;
    bench.hosts.is_anybody_waiting = [] { return true; };
    auto& a = bench.add("a");
    a.is_unreachable = true;
    bench.hosts.start();
    bench.until_state("a", HostState::down);
    a.is_unreachable = false;
    bench.until_state("a", HostState::up);
    auto before = a.checks;
    bench.until([&] { return a.checks >= before + 6; }, "six more checks");
    EXPECT_TRUE(bench.host("a").view.is_on_probation);
}

TEST(HostRegistry, OnProbationOneCreationAtATime) {
    HostBench bench;
    auto& a = bench.add("a");
    a.is_unreachable = true;
    bench.run(bench.hosts.check_all(deadline_in(Seconds{5})));
    a.is_unreachable = false;
    EXPECT_TRUE(bench.run(bench.hosts.check(HostId{"a"}, deadline_in(Seconds{5}))));
    HostSlot first, second;
    EXPECT_TRUE(bench.hosts.choose_and_reserve(plain(), first).choice);
    auto refused = bench.hosts.choose_and_reserve(plain(), second).refusal;
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->kind, placement::RefusalKind::busy);
    bench.hosts.creation_succeeded(HostId{"a"});
    EXPECT_TRUE(bench.hosts.choose_and_reserve(plain(), second).choice);
}

// a failed creation leads to a look, and a host that answers keeps its place.
TEST(HostRegistry, A05ASuspectIsCheckedAtOnceAndKeepsItsPlaceIfItAnswers) {
    auto health = test::quick_health();
    health.interval = std::chrono::hours{1};
    HostBench bench{health};
    auto& a = bench.add("a");
    bench.run(bench.hosts.check_all(deadline_in(Seconds{5})));
    bench.hosts.start();
    auto before = a.checks;
    bench.hosts.suspect(HostId{"a"});
    bench.until([&] { return a.checks > before; }, "a check");
    EXPECT_EQ(bench.state("a"), HostState::up);
    a.is_unreachable = true;
    bench.hosts.suspect(HostId{"a"});
    bench.until_state("a", HostState::down);
}

TEST(HostRegistry, TheWayInWorksAgainAndTheCheckIsNotWaitedFor) {
    auto health = test::quick_health();
    health.recheck = health.recheck_longest = std::chrono::hours{1};
    HostBench bench{health};
    auto& a = bench.add("a");
    a.is_unreachable = true;
    bench.run(bench.hosts.check_all(deadline_in(Seconds{5})));
    bench.hosts.start();
    bench.until([&] { return a.checks >= 2 && a.is_watched(); }, "the watch and the second check");
    a.is_unreachable = false;
    a.announce_gap();
    bench.until_state("a", HostState::up);
}

// A-32, F-30: the image decides for its own desktops only, and a ping alone heals nothing.
TEST(HostRegistry, A32AHostWithoutTheImageIsOutForThatDesktopOnly) {
    HostBench bench{test::quick_health(), {"img", "other"}};
    auto& a = bench.add("a");
    a.missing_images.insert("img");
    bench.hosts.start();
    bench.until_state("a", HostState::up);
    EXPECT_EQ(chosen(bench), "image_missing");
    auto other = plain();
    other.image = "other";
    EXPECT_EQ(chosen(bench, other), "a");
    auto before = a.checks;
    bench.until([&] { return a.checks >= before + 4; }, "four more checks");
    EXPECT_EQ(chosen(bench), "image_missing");
    a.missing_images.clear();
    bench.until([&] { return chosen(bench) == "a"; }, "the image's return");
}

TEST(HostRegistry, AnUnknownKeyIsTheReason) {
    HostBench bench;
    auto& a = bench.add("a");
    a.refusal = Error{Errc::host_key_unknown, "the host key SHA256:abc is not known"};
    a.host_key = "SHA256:abc";
    bench.run(bench.hosts.check_all(deadline_in(Seconds{5})));
    EXPECT_EQ(bench.state("a"), HostState::down);
    EXPECT_NE(bench.host("a").view.reason.find("SHA256:abc"), std::string::npos);
    EXPECT_EQ(bench.host("a").engine->access().key, KeyStatus::unknown);
}

TEST(HostRegistry, HundredsAreCheckedSideBySide) {
    auto health = test::quick_health();
    health.first_check_limit = Milliseconds{200};
    HostBench bench{health};
    for (int i = 0; i < 200; ++i) {
        auto& host = bench.add("h" + std::to_string(1000 + i));
        host.is_frozen = i % 10 == 0;
    }
    auto began = std::chrono::steady_clock::now();
    bench.run(bench.hosts.check_all(deadline_in(Seconds{15})));
    auto took = std::chrono::steady_clock::now() - began;
    int up = 0, down = 0;
    for (const auto* view : bench.hosts.views()) {
        up += view->state == HostState::up;
        down += view->state == HostState::down;
    }
    EXPECT_EQ(up, 180);
    EXPECT_EQ(down, 20);
    EXPECT_LT(took, Milliseconds{200} * 20) << "one after the other";
}

TEST(HostRegistry, TheStartDoesNotWaitLongerThanItWasTold) {
    auto health = test::quick_health();
    health.first_check_limit = Seconds{10};
    HostBench bench{health};
    bench.add("a").is_frozen = true;
    bench.add("b");
    auto began = std::chrono::steady_clock::now();
    bench.run(bench.hosts.check_all(deadline_in(Milliseconds{100})));
    EXPECT_LT(std::chrono::steady_clock::now() - began, Seconds{5});
    EXPECT_EQ(bench.state("b"), HostState::up);
    EXPECT_EQ(bench.state("a"), HostState::unknown);
}

TEST(HostRegistry, ReachabilityIsToldOnceEachWay) {
    HostBench bench;
    std::vector<bool> told;
    bench.hosts.on_reachability = [&](const HostId& id) { told.push_back(bench.hosts.is_reachable(id)); };
    auto& a = bench.add("a");
    bench.hosts.start();
    bench.until_state("a", HostState::up);
    a.is_unreachable = true;
    bench.until_state("a", HostState::down);
    bench.until([&] { return !told.empty(); }, "the news that nothing is heard of it");
    EXPECT_FALSE(bench.hosts.is_reachable(HostId{"a"}));
    a.is_unreachable = false;
    bench.until([&] { return told.size() == 2; }, "the news of its return");
    EXPECT_EQ(told, (std::vector<bool>{false, true}));
    EXPECT_FALSE(bench.hosts.is_reachable(HostId{"nobody"}));
}

TEST(HostRegistry, AnotherEngineBehindTheSameNameIsNoticedWhileItIsUp) {
    HostBench bench;
    int news = 0;
    bench.hosts.on_up = [&](const HostId&) { ++news; };
    auto& a = bench.add("a");
    bench.hosts.start();
    bench.until([&] { return news == 1; }, "its coming up");
    a.engine_id = "another";
    bench.until([&] { return news == 2; }, "the news of the other engine");
    EXPECT_EQ(bench.host("a").facts.engine_id, "another");
    EXPECT_EQ(bench.state("a"), HostState::up);
}

// ---- places ---------------------------------------------------------------------------------------

TEST(HostRegistry, PlacesAreCountedWithTheirLimitsAndGivenBack) {
    HostBench bench;
    auto definition = test::host_definition("a");
    definition.memory_bytes = 10;
    definition.nano_cpus = 4;
    auto made = bench.factory.make_host(definition);
    ASSERT_TRUE(bench.hosts.add(definition, {}, std::move(*made)));
    bench.run(bench.hosts.check_all(deadline_in(Seconds{5})));
    auto need = plain();
    need.memory_bytes = 6;
    need.nano_cpus = 1;
    need.volumes = {"files"};
    {
        HostSlot slot, second;
        ASSERT_TRUE(bench.hosts.choose_and_reserve(need, slot).choice);
        const auto& view = bench.host("a").view;
        EXPECT_EQ(view.used, 1);
        EXPECT_EQ(view.creating, 1);
        EXPECT_EQ(view.committed_memory, 6);
        EXPECT_EQ(view.committed_nano_cpus, 1);
        EXPECT_TRUE(view.volumes.contains("files")) << "it will be there";
        auto refusal = bench.hosts.choose_and_reserve(need, second).refusal;
        ASSERT_TRUE(refusal);
        EXPECT_EQ(refusal->kind, placement::RefusalKind::full);
        slot.creation_done();
        EXPECT_EQ(view.creating, 0);
    }
    EXPECT_EQ(bench.host("a").view.used, 0);
    EXPECT_EQ(bench.host("a").view.committed_memory, 0);
    EXPECT_EQ(bench.host("a").view.committed_nano_cpus, 0);
}

// I-13, F-91: who sits on a host that is not configured is counted once it is.
TEST(HostRegistry, I13SessionsOfAHostThatIsAddedLaterAreCounted) {
    HostBench bench;
    HostLoad load;
    load.memory_bytes = 7;
    HostSlot slot{bench.hosts, HostId{"late"}, false, load};
    bench.add("late");
    EXPECT_EQ(bench.host("late").view.used, 1);
    EXPECT_EQ(bench.host("late").view.committed_memory, 7);
    slot.release();
    EXPECT_EQ(bench.host("late").view.used, 0);
}

TEST(HostRegistry, CreationsAreLimitedByTheCoresUnlessSaidOtherwise) {
    HostBench bench;
    auto definition = test::host_definition("a");
    definition.creating_limit = 0;
    auto made = bench.factory.make_host(definition);
    ASSERT_TRUE(bench.hosts.add(definition, {}, std::move(*made)));
    bench.factory.at("fake://a").cpus = 8;
    bench.run(bench.hosts.check_all(deadline_in(Seconds{5})));
    EXPECT_EQ(bench.host("a").view.creating_limit, 16);
    bench.hosts.set_creating_limit(HostId{"a"}, 3);
    EXPECT_EQ(bench.host("a").view.creating_limit, 3);
    bench.hosts.set_creating_limit(HostId{"a"}, 99);
    EXPECT_EQ(bench.host("a").view.creating_limit, 16);
    definition.creating_limit = 5;
    ASSERT_TRUE(bench.hosts.change(definition, {}));
    EXPECT_EQ(bench.host("a").view.creating_limit, 5);
}

TEST(HostRegistry, AChoiceSaysWhyAndOfWhichEngine) {
    HostBench bench;
    bench.add("a").engine_id = "ENGINE";
    bench.add("b").is_unreachable = true;
    bench.run(bench.hosts.check_all(deadline_in(Seconds{5})));
    HostSlot slot;
    auto verdict = bench.hosts.choose_and_reserve(plain(), slot);
    ASSERT_TRUE(verdict.choice);
    auto placed = bench.hosts.placed(std::move(*verdict.choice));
    EXPECT_EQ(placed.host.str(), "a");
    EXPECT_EQ(placed.engine_id, "ENGINE");
    ASSERT_EQ(placed.considered.size(), 2U);
    EXPECT_EQ(placed.considered[0].verdict, "chosen");
    EXPECT_EQ(placed.considered[1].verdict, "down");
}

// ---- who is there ---------------------------------------------------------------------------------

TEST(HostRegistry, AHostWithSessionsIsNotTakenOut) {
    HostBench bench;
    bench.add("a");
    HostSlot slot{bench.hosts, HostId{"a"}, false};
    auto refused = bench.hosts.remove(HostId{"a"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::conflict);
    EXPECT_EQ(refused.error().user_text(), "1 desktop is still there.");
    slot.release();
    EXPECT_TRUE(bench.hosts.remove(HostId{"a"}));
    EXPECT_EQ(bench.hosts.find(HostId{"a"}), nullptr);
    EXPECT_EQ(bench.hosts.engine(HostId{"a"}), nullptr);
}

TEST(HostRegistry, AnEngineIsClosedOnlyWhenNobodyUsesItAnyMore) {
    HostBench bench;
    auto& a = bench.add("a");
    bench.hosts.start();
    bench.until_state("a", HostState::up);
    auto used = bench.hosts.engine(HostId{"a"});
    ASSERT_TRUE(bench.hosts.remove(HostId{"a"}));
    bench.run(net::sleep_for(Milliseconds{300}));
    EXPECT_EQ(a.closes, 0) << "somebody still uses it";
    used.reset();
    bench.until([&] { return a.closes == 1 && bench.factory.users_of("fake://a") == 0; }, "the end of the engine");
}

TEST(HostRegistry, ANewWayInTakesOverWithoutTouchingPlaces) {
    HostBench bench;
    auto& a = bench.add("a");
    bench.hosts.start();
    bench.until_state("a", HostState::up);
    HostSlot slot{bench.hosts, HostId{"a"}, false};
    auto definition = test::host_definition("a");
    definition.endpoint = "fake://elsewhere";
    auto made = bench.factory.make_host(definition);
    ASSERT_TRUE(bench.hosts.change(definition, std::move(*made)));
    EXPECT_EQ(bench.state("a"), HostState::unknown) << "nothing is known of it yet";
    EXPECT_EQ(bench.host("a").view.used, 1);
    bench.until_state("a", HostState::up);
    EXPECT_GT(bench.factory.at("fake://elsewhere").checks, 0);
    bench.until([&] { return a.closes == 1; }, "the end of the former engine");
    auto checks = a.checks;
    auto& elsewhere = bench.factory.at("fake://elsewhere");
    auto before = elsewhere.checks;
    bench.until([&] { return elsewhere.checks >= before + 3; }, "three more checks");
    EXPECT_EQ(a.checks, checks) << "nobody asks the former one";
}

TEST(HostRegistry, ACheckThatRunsWhileItsHostIsTakenOutHurtsNobody) {
    auto health = test::quick_health();
    health.check_limit = health.first_check_limit = Milliseconds{200};
    HostBench bench{health};
    auto& a = bench.add("a");
    a.is_frozen = true;
    bench.hosts.start();
    bench.until([&] { return a.checks > 0; }, "the first check");
    ASSERT_TRUE(bench.hosts.remove(HostId{"a"}));
    bench.add("a").is_frozen = false;
    bench.until_state("a", HostState::up);
}

TEST(HostRegistry, StopClosesEveryEngineAlsoThoseOnTheirWayOut) {
    HostBench bench;
    auto& a = bench.add("a");
    auto& b = bench.add("b");
    bench.hosts.start();
    bench.until_state("a", HostState::up);
    auto used = bench.hosts.engine(HostId{"b"});
    ASSERT_TRUE(bench.hosts.remove(HostId{"b"}));
    bench.stop();
    EXPECT_EQ(a.closes, 1);
    EXPECT_EQ(b.closes, 1);
}

TEST(HostRegistry, HostsComeAndGoUnderLoad) {
    HostBench bench;
    std::vector<std::string> names{"a", "b", "c", "d", "e", "f"};
    for (const auto& name : names) bench.add(name);
    bench.hosts.start();
    std::vector<HostSlot> slots;
    auto need = plain();
    for (int i = 0; i < 300; ++i) {
        auto name = names[static_cast<std::size_t>(i) % names.size()];
        bench.factory.at("fake://" + name).is_frozen = i % 7 == 0;
        HostSlot slot;
        if (bench.hosts.choose_and_reserve(need, slot).choice) slots.push_back(std::move(slot));
        if (slots.size() > 20) slots.erase(slots.begin(), slots.begin() + 15);
        if (i % 5 == 0) slots.clear();
        if (i % 5 == 0 && bench.hosts.remove(HostId{name})) bench.add(name);
        auto definition = test::host_definition(name);
        definition.weight = 1 + i % 4;
        MadeHost made;
        if (i % 3 == 0) made = *bench.factory.make_host(definition);
        ASSERT_TRUE(bench.hosts.change(definition, std::move(made)));
        bench.run(net::sleep_for(Milliseconds{2}));
    }
    slots.clear();
    for (const auto& name : names) {
        bench.factory.at("fake://" + name).is_frozen = false;
        EXPECT_EQ(bench.host(name).view.used, 0);
        EXPECT_EQ(bench.host(name).view.creating, 0);
        bench.until_state(name, HostState::up);
    }
}

// ---- load and concerns ------------------------------------------------------------------------------

MachineLoad loaded(std::int64_t disk_used) {
    MachineLoad load;
    load.cpu = 0.5;
    load.memory_used = 1;
    load.memory_total = 4;
    load.disk_used = disk_used;
    load.disk_total = std::int64_t{100} << 30;
    return load;
}

TEST(HostRegistry, AMachineThatTellsOfItselfIsLookedAtAgainAndAgain) {
    HostBench bench;
    auto& a = bench.add("a");
    auto& b = bench.add("b");
    a.machine = loaded(0);
    bench.hosts.start();
    bench.until([&] { return bench.host("a").loads.size() >= 3; }, "three looks");
    EXPECT_EQ(bench.host("a").loads.back().load.cpu, 0.5);
    EXPECT_TRUE(bench.host("b").loads.empty());
    EXPECT_EQ(bench.state("b"), HostState::up) << "who does not tell is well all the same";
    b.machine = loaded(0);
    bench.until([&] { return !bench.host("b").loads.empty(); }, "another try");
    a.machine.reset();
    bench.until([&] { return bench.host("a").loads.empty(); }, "nothing that is not true any more");
}

TEST(HostRegistry, ANearlyFullDiskSendsOthersFirstAndIsSaid) {
    HostBench bench;
    auto& a = bench.add("a");
    bench.add("b");
    a.machine = loaded(std::int64_t{99} << 30);
    bench.hosts.start();
    bench.until([&] { return !bench.host("a").concerns.empty(); }, "the concern");
    bench.until_state("b", HostState::up);
    EXPECT_EQ(bench.host("a").concerns[0].code, "disk_nearly_full");
    EXPECT_EQ(state_word(bench.host("a")), "degraded");
    EXPECT_EQ(chosen(bench), "b");
    a.machine = loaded(std::int64_t{50} << 30);
    auto changes = bench.sink.changes[HostId{"a"}];
    bench.until([&] { return bench.host("a").concerns.empty(); }, "its end");
    EXPECT_GT(bench.sink.changes[HostId{"a"}], changes) << "pages must learn of it";
    EXPECT_EQ(state_word(bench.host("a")), "up");
    EXPECT_EQ(chosen(bench), "a");
}

TEST(HostRegistry, StartsThatFailInARowSendOthersFirstForAWhile) {
    HostBench bench;
    bench.add("a");
    bench.add("b");
    bench.hosts.start();
    bench.until_state("a", HostState::up);
    bench.until_state("b", HostState::up);
    Status failed = Error{Errc::engine_error, "no space left on device"};
    HostId a{"a"};
    for (int i = 1; i < limits::failed_starts; ++i) bench.hosts.start_ended(a, failed);
    bench.hosts.start_ended(a, Status{});
    for (int i = 1; i < limits::failed_starts; ++i) bench.hosts.start_ended(a, failed);
    EXPECT_EQ(chosen(bench), "a") << "one that succeeds begins the count anew";
    bench.hosts.start_ended(a, failed);
    EXPECT_EQ(chosen(bench), "b");
    EXPECT_EQ(bench.state("a"), HostState::up) << "no failed start takes a host out";
    EXPECT_NE(bench.host("a").view.concern.find("no space left"), std::string::npos);
    bench.until([&] { return chosen(bench) == "a"; }, "another chance");
    EXPECT_EQ(state_word(bench.host("a")), "up");
}

TEST(HostRegistry, StartsThatFailedBecauseTheHostWasAwayCountForNothing) {
    HostBench bench;
    auto& a = bench.add("a");
    bench.hosts.start();
    bench.until_state("a", HostState::up);
    Status failed = Error{Errc::host_unreachable, "connection lost"};
    HostId id{"a"};
    for (int i = 1; i < limits::failed_starts; ++i) bench.hosts.start_ended(id, failed);
    a.is_unreachable = true;
    bench.until_state("a", HostState::down);
    bench.hosts.start_ended(id, failed);
    a.is_unreachable = false;
    bench.until_state("a", HostState::up);
    EXPECT_TRUE(bench.host("a").concerns.empty());
    bench.hosts.start_ended(id, failed);
    EXPECT_TRUE(bench.host("a").concerns.empty());
}

} // namespace
} // namespace berth::broker
