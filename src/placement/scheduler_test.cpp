// SPDX-License-Identifier: Apache-2.0
#include "placement/scheduler.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <cstdlib>

namespace berth::placement {
namespace {

Host up(std::string name, int used = 0, int weight = 1) {
    Host host;
    host.id = HostId{std::move(name)};
    host.state = HostState::up;
    host.used = used;
    host.weight = weight;
    host.creating_limit = 100;
    return host;
}

Need plain() { return Need{"img", {}}; }

std::string chosen(const std::vector<Host>& hosts, const Need& need = plain()) {
    auto verdict = choose(hosts, need);
    return verdict.choice ? verdict.choice->host.str() : "none";
}

TEST(Scheduler, TakesTheLeastLoadedAndBreaksTiesByName) {
    EXPECT_EQ(chosen({up("b"), up("a")}), "a");
    EXPECT_EQ(chosen({up("a", 1), up("b", 0)}), "b");
}

TEST(Scheduler, AHeavierHostTakesProportionallyMore) {
    std::vector hosts{up("a", 0, 3), up("b", 0, 1)};
    int a = 0;
    for (int i = 0; i < 40; ++i) {
        auto name = chosen(hosts);
        auto& host = name == "a" ? hosts[0] : hosts[1];
        ++host.used;
        a += name == "a";
    }
    EXPECT_EQ(a, 30);
}

// ten simultaneous creates on two empty hosts must split 5/5; choice and reservation are one
// step for the caller, so counting between the choices is what it does.
TEST(Scheduler, A03TenCreatesOnTwoEmptyHostsSplitEvenly) {
    std::vector hosts{up("a"), up("b")};
    for (int i = 0; i < 10; ++i) ++(chosen(hosts) == "a" ? hosts[0] : hosts[1]).used;
    EXPECT_EQ(hosts[0].used, 5);
    EXPECT_EQ(hosts[1].used, 5);
}

TEST(Scheduler, SkipsHostsThatAreDownDrainingFullOrWithoutTheImage) {
    auto down = up("a");
    down.state = HostState::down;
    down.reason = "ssh: refused";
    auto draining = up("b");
    draining.is_draining = true;
    auto full = up("c", 2);
    full.capacity = 2;
    auto bare = up("d");
    bare.images_missing.insert("img");
    auto verdict = choose({down, draining, full, bare, up("e", 9)}, plain());
    ASSERT_TRUE(verdict.choice);
    EXPECT_EQ(verdict.choice->host.str(), "e");
    EXPECT_EQ(verdict.choice->note, "e: score 1/10=0.100; c: full (2 of 2); d: image missing; "
                                    "b: draining; a: down (ssh: refused)");
    ASSERT_EQ(verdict.choice->considered.size(), 5U);
    EXPECT_EQ(verdict.choice->considered[0].standing, Standing::chosen);
    EXPECT_DOUBLE_EQ(verdict.choice->considered[0].score, 0.1);
    EXPECT_EQ(verdict.choice->considered[4].standing, Standing::down);
}

TEST(Scheduler, SaysWhyNothingIsLeft) {
    auto down = up("a");
    down.state = HostState::down;
    EXPECT_EQ(choose({down}, plain()).refusal->error.code(), Errc::host_unreachable);
    EXPECT_EQ(choose(std::vector<Host>{}, plain()).refusal->error.code(), Errc::host_unreachable);
    auto bare = up("a");
    bare.images_missing.insert("img");
    EXPECT_EQ(choose({bare, down}, plain()).refusal->error.code(), Errc::image_missing);
    auto full = up("a", 1);
    full.capacity = 1;
    auto refusal = choose({full, bare}, plain()).refusal;
    EXPECT_EQ(refusal->error.code(), Errc::no_capacity);
    EXPECT_EQ(refusal->kind, RefusalKind::full);
}

TEST(Scheduler, CreationLimitsOnlyMakeItWait) {
    auto busy = up("a");
    busy.creating = busy.creating_limit = 2;
    auto refusal = choose({busy}, plain()).refusal;
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->kind, RefusalKind::busy);
    EXPECT_EQ(fit_of(busy, plain()), Fit::busy);
}

TEST(Scheduler, AllWantedLabelsMustMatch) {
    auto gpu = up("b", 5);
    gpu.labels = {{"gpu", "yes"}};
    Need need{"img", {{"gpu", "yes"}}};
    EXPECT_EQ(chosen({up("a"), gpu}, need), "b");
    need.labels["zone"] = "x";
    auto refusal = choose({up("a"), gpu}, need).refusal;
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->kind, RefusalKind::unsuitable);
    EXPECT_EQ(refusal->error.code(), Errc::no_capacity);
    EXPECT_EQ(refusal->error.user_text(), "There is no machine for this kind of desktop.");
}

// Only hosts that could ever take it decide: that they are down is the reason, not the others' labels.
TEST(Scheduler, AHostWithOtherLabelsHidesNoReason) {
    auto gpu = up("b");
    gpu.labels = {{"gpu", "yes"}};
    gpu.state = HostState::down;
    EXPECT_EQ(choose({up("a"), gpu}, Need{"img", {{"gpu", "yes"}}}).refusal->kind, RefusalKind::unreachable);
}

// After a start of the program, or of a host that was just added: it is a matter of seconds.
TEST(Scheduler, AHostThatNobodyHasLookedAtYetIsWaitedFor) {
    auto fresh = up("a");
    fresh.state = HostState::unknown;
    EXPECT_EQ(choose({fresh}, plain()).refusal->kind, RefusalKind::busy);
    auto gone = up("b");
    gone.state = HostState::down;
    EXPECT_EQ(choose({fresh, gone}, plain()).refusal->kind, RefusalKind::busy);
    EXPECT_EQ(choose({gone}, plain()).refusal->kind, RefusalKind::unreachable);
    auto without = up("c");
    without.images_missing = {plain().image};
    EXPECT_EQ(choose({fresh, without}, plain()).refusal->kind, RefusalKind::busy) << "it may have the image";
}

TEST(Scheduler, CountsMemoryAndCpusAgainstWhatIsCommitted) {
    auto host = up("a");
    host.memory_bytes = 8;
    host.committed_memory = 5;
    host.nano_cpus = 4;
    auto need = plain();
    need.memory_bytes = 3;
    need.nano_cpus = 4;
    EXPECT_EQ(chosen({host}, need), "a");
    need.memory_bytes = 4;
    auto refusal = choose({host}, need).refusal;
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->kind, RefusalKind::full);
    need.memory_bytes = 0; // nothing to count
    host.committed_nano_cpus = 1;
    EXPECT_EQ(choose({host}, need).refusal->kind, RefusalKind::full);
    host.nano_cpus = 0; // no limit
    EXPECT_EQ(chosen({host}, need), "a");
}

TEST(Scheduler, GoesWhereTheFilesAre) {
    auto home = up("b", 5);
    home.volumes = {"files-ann"};
    auto need = plain();
    need.volumes = {"files-ann"};
    EXPECT_EQ(chosen({up("a"), home}, need), "b");
    EXPECT_EQ(chosen({up("a"), up("b", 5)}, need), "a") << "a volume that is nowhere binds nobody";
    home.state = HostState::down;
    EXPECT_EQ(choose({up("a"), home}, need).refusal->kind, RefusalKind::unreachable)
        << "a new empty one elsewhere would hide the files";
}

TEST(Scheduler, AHostThatFailedThisStartIsNotChosenAgain) {
    auto need = plain();
    need.excluded = {HostId{"a"}};
    EXPECT_EQ(chosen({up("a"), up("b", 9)}, need), "b");
    EXPECT_EQ(choose({up("a")}, need).refusal->kind, RefusalKind::unsuitable);
}

TEST(Scheduler, OnProbationOneCreationAtATime) {
    auto back = up("a");
    back.is_on_probation = true;
    EXPECT_EQ(chosen({back}), "a");
    back.creating = 1;
    EXPECT_EQ(choose({back}, plain()).refusal->kind, RefusalKind::busy);
    back.is_on_probation = false;
    EXPECT_EQ(chosen({back}), "a");
}

// A full disk and starts that fail are no reason to send nobody there, only to send others first.
TEST(Scheduler, AHostWithAConcernComesLast) {
    auto ill = up("a");
    ill.concern = "its disk is nearly full";
    EXPECT_EQ(chosen({ill, up("b", 7)}), "b");
    auto pack = plain();
    pack.strategy = Strategy::pack;
    ill.used = 9;
    EXPECT_EQ(chosen({ill, up("b", 7)}, pack), "b");
    auto busy = up("b");
    busy.creating = busy.creating_limit;
    auto verdict = choose({ill, busy}, plain());
    ASSERT_TRUE(verdict.refusal) << "one that is well is free in a moment";
    EXPECT_EQ(verdict.refusal->kind, RefusalKind::busy);
    EXPECT_NE(verdict.refusal->error.operator_text().find("but last: its disk is nearly full"), std::string::npos);
    auto full = up("b", 2);
    full.capacity = 2;
    EXPECT_EQ(chosen({ill, full}), "a") << "a lease may last for hours";
    auto other = ill;
    other.id = HostId{"c"};
    other.used = 0;
    EXPECT_EQ(chosen({ill, other}), "c") << "among themselves as ever";
}

TEST(Scheduler, AHostThatTheNeedShunsComesLast) {
    auto need = plain();
    need.shunned.insert(HostId{"a"});
    auto well = up("b", 7);
    EXPECT_EQ(chosen({up("a"), well}, need), "b");
    EXPECT_EQ(chosen({up("a"), well}), "a") << "only this start shuns it";
    well.is_draining = true;
    auto again = choose({up("a"), well}, need).choice;
    ASSERT_TRUE(again);
    EXPECT_EQ(again->host.str(), "a");
    EXPECT_EQ(again->note, "a: score 1/1=1.000, but last: it failed this start once; b: draining");
    well.is_draining = false;
    well.creating = well.creating_limit;
    EXPECT_EQ(choose({up("a"), well}, need).refusal->kind, RefusalKind::busy) << "another is free in a moment";
}

TEST(Scheduler, MaintenanceAndDrainingAreSaid) {
    auto closed = up("a"), drained = up("b");
    closed.is_in_maintenance = true;
    drained.is_draining = true;
    auto refusal = choose({closed, drained}, plain()).refusal;
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->kind, RefusalKind::unsuitable);
    EXPECT_EQ(refusal->error.operator_text(), "b: draining; a: maintenance");
}

TEST(Scheduler, PackFillsOneHostBeforeTheNext) {
    std::vector hosts{up("a"), up("b"), up("c")};
    for (auto& host : hosts) host.capacity = 4;
    auto need = plain();
    need.strategy = Strategy::pack;
    std::string order;
    for (int i = 0; i < 12; ++i) {
        auto name = chosen(hosts, need);
        order += name;
        for (auto& host : hosts) host.used += host.id.str() == name;
    }
    EXPECT_EQ(order, "aaaabbbbcccc");
}

TEST(Scheduler, AnImageIsFetchedToTheHostThatWouldBeChosen) {
    std::vector hosts{up("a", 3), up("b", 1), up("c", 0), up("d", 0), up("e", 0), up("f", 0)};
    for (auto& host : hosts) host.images_missing.insert("img");
    hosts[2].creating = hosts[2].creating_limit = 1;
    hosts[3].capacity = hosts[3].used = 1;
    hosts[4].is_draining = true;
    hosts[5].images_missing.clear();
    std::vector<const Host*> views;
    for (const auto& host : hosts) views.push_back(&host);
    auto order = [&](const Need& need) {
        std::string names;
        for (const auto& id : lacking_image(views, need)) names += id.str();
        return names;
    };
    EXPECT_EQ(order(plain()), "bacd") << "by room, then who is busy, then who is full; not where it is, nor where nobody may go";
    auto packed = plain();
    packed.strategy = Strategy::pack;
    EXPECT_EQ(order(packed), "abcd");
    packed.excluded.insert(HostId{"a"});
    EXPECT_EQ(order(packed), "bcd");
}

TEST(Scheduler, TellsOfHundredsOfHostsInAFewLines) {
    std::vector<Host> hosts;
    for (int i = 0; i < 200; ++i) hosts.push_back(up("host" + std::to_string(1000 + i), 1));
    hosts[150].used = 0;
    auto choice = choose(hosts, plain()).choice;
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->considered.size(), most_considered);
    EXPECT_EQ(choice->considered[0].host.str(), "host1150");
    EXPECT_TRUE(choice->note.ends_with("; and 184 more")) << choice->note;
}

TEST(Scheduler, EveryStandingHasItsOwnWord) {
    std::set<std::string_view> words;
    for (int i = 0; i < standing_count; ++i) words.insert(name_of(static_cast<Standing>(i)));
    EXPECT_EQ(words.size(), static_cast<std::size_t>(standing_count));
    EXPECT_EQ(name_of(Standing::unknown), "unknown");
    EXPECT_EQ(strategy_from(name_of(Strategy::pack)), Strategy::pack);
    EXPECT_FALSE(strategy_from("best"));
}

// ---- properties -----------------------------------------------------------------------------------

Host any_host(int i) {
    auto host = up(std::string(1, static_cast<char>('a' + i)), *rc::gen::inRange(0, 5));
    host.state = *rc::gen::element(HostState::up, HostState::up, HostState::up, HostState::down, HostState::unknown);
    host.capacity = *rc::gen::inRange(0, 5);
    host.weight = *rc::gen::inRange(1, 5);
    host.creating = *rc::gen::inRange(0, 3);
    host.creating_limit = *rc::gen::inRange(1, 4);
    host.memory_bytes = *rc::gen::inRange(0, 4);
    host.committed_memory = *rc::gen::inRange(0, 4);
    host.is_draining = *rc::gen::inRange(0, 5) == 0;
    host.is_in_maintenance = *rc::gen::inRange(0, 5) == 0;
    host.is_on_probation = *rc::gen::arbitrary<bool>();
    if (*rc::gen::inRange(0, 4) == 0) host.images_missing.insert("img");
    if (*rc::gen::inRange(0, 3) == 0) host.volumes.insert("v");
    return host;
}

// Written anew, so that a slip in the scheduler's own condition is seen.
bool may_take(const Host& host, const Need& need, bool is_volume_somewhere) {
    bool is_open = host.state == HostState::up && !host.is_draining && !host.is_in_maintenance;
    bool has_place = host.capacity == 0 || host.used < host.capacity;
    bool has_lane = host.creating < (host.is_on_probation ? 1 : host.creating_limit);
    bool has_memory = host.memory_bytes == 0 || need.memory_bytes == 0
                   || host.committed_memory + need.memory_bytes <= host.memory_bytes;
    bool has_files = need.volumes.empty() || !is_volume_somewhere || host.volumes.contains("v");
    return is_open && has_place && has_lane && has_memory && has_files && !host.images_missing.contains("img")
        && !need.excluded.contains(host.id);
}

RC_GTEST_PROP(Scheduler, ChoosesExactlyWhenSomebodyMayTakeIt, ()) {
    std::vector<Host> hosts;
    auto count = *rc::gen::inRange(1, 6);
    for (int i = 0; i < count; ++i) hosts.push_back(any_host(i));
    auto need = plain();
    need.memory_bytes = *rc::gen::inRange(0, 3);
    if (*rc::gen::arbitrary<bool>()) need.volumes.insert("v");
    if (*rc::gen::arbitrary<bool>()) need.excluded.insert(HostId{"a"});
    need.strategy = *rc::gen::element(Strategy::spread, Strategy::pack);
    bool is_volume_somewhere = false, may_any = false;
    for (const auto& host : hosts) is_volume_somewhere |= host.volumes.contains("v");
    for (const auto& host : hosts) may_any |= may_take(host, need, is_volume_somewhere);
    auto verdict = choose(hosts, need);
    RC_ASSERT(verdict.choice.has_value() == may_any);
    RC_ASSERT(verdict.refusal.has_value() == !may_any);
    if (!verdict.choice) return;
    for (const auto& host : hosts) {
        if (host.id == verdict.choice->host) RC_ASSERT(may_take(host, need, is_volume_somewhere));
    }
}

RC_GTEST_PROP(Scheduler, SharesFollowTheWeightsWithinOne, ()) {
    std::vector<Host> hosts;
    auto count = *rc::gen::inRange(2, 5);
    int weights = 0;
    for (int i = 0; i < count; ++i) {
        hosts.push_back(up(std::string(1, static_cast<char>('a' + i)), 0, *rc::gen::inRange(1, 6)));
        weights += hosts.back().weight;
    }
    auto rounds = *rc::gen::inRange(1, 6);
    for (int i = 0; i < rounds * weights; ++i) {
        auto name = chosen(hosts);
        for (auto& host : hosts) host.used += host.id.str() == name;
    }
    for (const auto& host : hosts) RC_ASSERT(std::abs(host.used - rounds * host.weight) <= 1);
}

} // namespace
} // namespace berth::placement
