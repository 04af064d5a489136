// SPDX-License-Identifier: Apache-2.0
#include "placement/scheduler.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

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

Need plain() { return Need{"img", {}, {}}; }

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
    EXPECT_EQ(verdict.choice->note, "a: down (ssh: refused); b: draining; c: full (2 of 2); "
                                    "d: image missing; e: score 1/10=0.100");
}

TEST(Scheduler, SaysWhyNothingIsLeft) {
    auto down = up("a");
    down.state = HostState::down;
    EXPECT_EQ(choose({down}, plain()).refusal->error.code(), Errc::host_unreachable);
    EXPECT_EQ(choose({}, plain()).refusal->error.code(), Errc::host_unreachable);
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
    Need need{"img", {{"gpu", "yes"}}, {}};
    EXPECT_EQ(chosen({up("a"), gpu}, need), "b");
    need.labels["zone"] = "x";
    EXPECT_EQ(chosen({up("a"), gpu}, need), "none");
}

TEST(Scheduler, AHostThatFailedThisStartIsNotChosenAgain) {
    auto need = plain();
    need.excluded.insert(HostId{"a"});
    EXPECT_EQ(chosen({up("a"), up("b", 9)}, need), "b");
    EXPECT_EQ(choose({up("a")}, need).refusal->kind, RefusalKind::unsuitable);
}

RC_GTEST_PROP(Scheduler, NeverChoosesAboveCapacity, ()) {
    std::vector<Host> hosts;
    auto count = *rc::gen::inRange(1, 6);
    for (int i = 0; i < count; ++i) {
        auto host = up(std::string(1, static_cast<char>('a' + i)), *rc::gen::inRange(0, 5));
        host.capacity = *rc::gen::inRange(0, 5);
        host.weight = *rc::gen::inRange(1, 5);
        hosts.push_back(host);
    }
    auto verdict = choose(hosts, plain());
    RC_ASSERT(verdict.choice.has_value() != verdict.refusal.has_value());
    if (!verdict.choice) return;
    for (const auto& host : hosts) {
        if (host.id == verdict.choice->host) RC_ASSERT(host.capacity == 0 || host.used < host.capacity);
    }
}

} // namespace
} // namespace berth::placement
