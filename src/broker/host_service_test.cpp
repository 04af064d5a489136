// SPDX-License-Identifier: Apache-2.0
#include "tests/support/host_bench.hpp"

#include "net/deadline.hpp"

#include <gtest/gtest.h>

namespace berth::broker {
namespace {

using placement::HostState;
using test::HostBench;

access::Caller caller(access::Role role = access::Role::admin) {
    access::Caller who;
    who.realm = "local";
    who.subject = "root";
    who.username = "root";
    who.role = role;
    return who;
}

HostDefinition definition(const std::string& name) { return test::host_definition(name); }

FileHost in_file(const std::string& name, HostMode mode = HostMode::active) {
    FileHost host;
    host.definition = definition(name);
    host.mode.mode = mode;
    return host;
}

HostModeRecord mode_of(HostMode mode, std::string message = "") {
    HostModeRecord record;
    record.mode = mode;
    record.message = std::move(message);
    return record;
}

std::vector<FileHost> files(std::initializer_list<const char*> names) {
    std::vector<FileHost> list;
    for (const auto* name : names) list.push_back(in_file(name));
    return list;
}

class HostServiceTest : public testing::Test {
protected:
    AddedHost add(const std::string& name, std::string key = "") {
        auto added = bench.run(bench.service.add(caller(), definition(name), std::move(key), soon()));
        EXPECT_TRUE(added) << describe(added.error());
        return added ? *added : AddedHost{};
    }
    static Deadline soon() { return deadline_in(Seconds{5}); }
    std::vector<HostRecord> stored(HostBench& of) {
        auto records = of.run(of.store.hosts().load_hosts());
        EXPECT_TRUE(records);
        return records ? *records : std::vector<HostRecord>{};
    }
    std::vector<EventRecord> events() {
        auto found = bench.run(bench.store.events_after(0, 1000));
        return found ? *found : std::vector<EventRecord>{};
    }
    // What the next process would begin with.
    void copy_store_to(HostBench& next) {
        for (auto& record : stored(bench)) ASSERT_TRUE(next.run(next.store.hosts().put_host(record)));
    }

    HostBench bench;
};

TEST_F(HostServiceTest, AnAddedHostIsStoredCheckedAndSaid) {
    bench.hosts.start();
    EXPECT_TRUE(add("a").is_added);
    bench.until_state("a", HostState::up);
    auto records = stored(bench);
    ASSERT_EQ(records.size(), 1U);
    ASSERT_TRUE(records[0].definition);
    EXPECT_EQ(records[0].definition->origin, HostOrigin::added);
    bench.until([&] { return !events().empty(); }, "the event");
    EXPECT_EQ(events()[0].type, "host.added");
    EXPECT_EQ(events()[0].actor, "root");
    EXPECT_EQ(events()[0].host, HostId{"a"});
    EXPECT_GT(bench.sink.changes[HostId{"a"}], 0);
}

TEST_F(HostServiceTest, OneThatDoesNotAnswerIsAddedAndDown) {
    bench.factory.at("fake://a").is_unreachable = true;
    bench.hosts.start();
    EXPECT_TRUE(add("a").is_added);
    bench.until_state("a", HostState::down);
}

TEST_F(HostServiceTest, AnUnknownKeyIsShownAndNothingIsAdded) {
    auto& a = bench.factory.at("fake://a");
    a.refusal = Error{Errc::host_key_unknown, "unknown key"};
    a.host_key = "SHA256:abc";
    auto shown = add("a");
    EXPECT_FALSE(shown.is_added);
    EXPECT_EQ(shown.access.fingerprint, "SHA256:abc");
    EXPECT_EQ(bench.hosts.find(HostId{"a"}), nullptr);
    EXPECT_TRUE(stored(bench).empty());
    bench.until([&] { return a.closes == 1; }, "the end of what was tried");
    auto wrong = bench.run(bench.service.add(caller(), definition("a"), "SHA256:other", soon()));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code(), Errc::conflict);
    EXPECT_TRUE(add("a", "SHA256:abc").is_added);
}

TEST_F(HostServiceTest, AKeyThatIsNamedIsTheOneShownAlsoWhereAnotherIsTrusted) {
    auto& a = bench.factory.at("fake://a");
    a.host_key = "SHA256:shown"; // and trusted: no check is refused
    auto named = [&](const std::string& key) { return bench.run(bench.service.add(caller(), definition("a"), key, soon())); };
    auto other = named("SHA256:other");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code(), Errc::conflict);
    EXPECT_EQ(bench.hosts.find(HostId{"a"}), nullptr);
    EXPECT_TRUE(stored(bench).empty());
    bench.until([&] { return a.closes == 1; }, "the end of what was tried");
    auto same = named("SHA256:shown");
    ASSERT_TRUE(same) << describe(same.error());
    EXPECT_TRUE(same->is_added);
}

TEST_F(HostServiceTest, AKeyThatIsNamedAndNotShownAddsNothing) {
    auto& a = bench.factory.at("fake://a");
    auto named = [&] { return bench.run(bench.service.add(caller(), definition("a"), "SHA256:shown", soon())); };
    auto without_keys = named();
    ASSERT_FALSE(without_keys);
    EXPECT_EQ(without_keys.error().code(), Errc::invalid_input);
    ASSERT_EQ(without_keys.error().fields().size(), 1U);
    EXPECT_EQ(without_keys.error().fields()[0].pointer, "/accept_host_key");
    a.host_key = "SHA256:shown";
    a.is_unreachable = true;
    auto silent = named();
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().code(), Errc::host_unreachable);
    EXPECT_TRUE(stored(bench).empty());
}

TEST_F(HostServiceTest, WhatCannotBeIsRefusedWithThePlace) {
    auto refused = [&](HostDefinition one) {
        auto added = bench.run(bench.service.add(caller(), std::move(one), "", soon()));
        EXPECT_FALSE(added);
        EXPECT_EQ(added.error().code(), Errc::invalid_input);
        return added.error().fields().empty() ? std::string{} : added.error().fields()[0].pointer;
    };
    EXPECT_EQ(refused(definition("-x")), "/name");
    auto one = definition("a");
    one.endpoint = "ftp://a";
    EXPECT_EQ(refused(one), "/endpoint");
    one.endpoint.clear();
    EXPECT_EQ(refused(one), "/endpoint");
    one = definition("a");
    one.weight = 0;
    EXPECT_EQ(refused(one), "/weight");
    one = definition("a");
    one.memory_bytes = -1;
    EXPECT_EQ(refused(one), "/memory_bytes");
    one = definition("a");
    one.labels["x\n"] = "y";
    EXPECT_EQ(refused(one), "/labels");
    one = definition("a");
    one.max_connections = limits::host_connections + 1;
    EXPECT_EQ(refused(one), "/max_connections");
    one = definition("a");
    one.creating_limit = limits::host_creating + 1;
    EXPECT_EQ(refused(one), "/creating_limit");
    EXPECT_TRUE(stored(bench).empty());
}

TEST_F(HostServiceTest, ANameIsTakenOnce) {
    add("a");
    auto again = bench.run(bench.service.add(caller(), definition("a"), "", soon()));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), Errc::already_exists);
}

TEST_F(HostServiceTest, OnlyAdministratorsChangeAndOnlyStaffLooks) {
    add("a");
    auto staff = caller(access::Role::operator_);
    auto user = caller(access::Role::user);
    EXPECT_TRUE(bench.service.list(staff));
    EXPECT_TRUE(bench.service.find(staff, HostId{"a"}));
    EXPECT_EQ(bench.service.list(user).error().code(), Errc::forbidden);
    EXPECT_EQ(bench.service.find(access::Caller{}, HostId{"a"}).error().code(), Errc::unauthenticated);
    const HostId a{"a"};
    auto code = [](const auto& result) { return result ? Errc::internal : result.error().code(); };
    EXPECT_EQ(code(bench.run(bench.service.add(staff, definition("b"), "", soon()))), Errc::forbidden);
    EXPECT_EQ(code(bench.run(bench.service.change(staff, definition("a")))), Errc::forbidden);
    EXPECT_EQ(code(bench.run(bench.service.remove(staff, a))), Errc::forbidden);
    EXPECT_EQ(code(bench.run(bench.service.set_mode(staff, a, mode_of(HostMode::draining)))), Errc::forbidden);
    EXPECT_EQ(code(bench.run(bench.service.test(staff, a, {}, soon()))), Errc::forbidden);
    EXPECT_EQ(code(bench.run(bench.service.accept_key(staff, a, "x", soon()))), Errc::forbidden);
    EXPECT_EQ(code(bench.run(bench.service.pull(staff, a, "img"))), Errc::forbidden);
}

TEST_F(HostServiceTest, AChangeOfNumbersKeepsTheEngineAndOneOfTheWayDoesNot) {
    add("a");
    auto before = bench.factory.made;
    auto one = definition("a");
    one.weight = 7;
    ASSERT_TRUE(bench.run(bench.service.change(caller(), one)));
    EXPECT_EQ(bench.host("a").view.weight, 7);
    EXPECT_EQ(bench.factory.made, before);
    one.endpoint = "fake://elsewhere";
    ASSERT_TRUE(bench.run(bench.service.change(caller(), one)));
    EXPECT_EQ(bench.factory.made, before + 1);
    EXPECT_EQ(bench.host("a").endpoint, "fake://elsewhere");
    EXPECT_EQ(stored(bench)[0].definition->weight, 7);
    EXPECT_EQ(bench.run(bench.service.change(caller(), definition("nobody"))).error().code(), Errc::not_found);
}

TEST_F(HostServiceTest, OnlyAnEmptyHostIsTakenOut) {
    add("a");
    const HostId a{"a"};
    HostSlot slot{bench.hosts, a, false};
    auto refused = bench.run(bench.service.remove(caller(), a));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::conflict);
    EXPECT_EQ(bench.host("a").mode.mode, HostMode::active) << "as it was before";
    EXPECT_EQ(stored(bench).size(), 1U);
    slot.release();
    ASSERT_TRUE(bench.run(bench.service.remove(caller(), a)));
    EXPECT_TRUE(stored(bench).empty());
    EXPECT_EQ(bench.run(bench.service.remove(caller(), a)).error().code(), Errc::not_found);
}

TEST_F(HostServiceTest, ADatabaseThatDoesNotAnswerChangesNothing) {
    add("a");
    const HostId a{"a"};
    bench.store.fail_with(Error{Errc::unavailable, "disk"});
    auto one = definition("a");
    one.weight = 7;
    EXPECT_FALSE(bench.run(bench.service.change(caller(), one)));
    EXPECT_FALSE(bench.run(bench.service.set_mode(caller(), a, mode_of(HostMode::draining))));
    EXPECT_FALSE(bench.run(bench.service.remove(caller(), a)));
    EXPECT_FALSE(bench.run(bench.service.add(caller(), definition("b"), "", soon())));
    EXPECT_EQ(bench.host("a").view.weight, 1);
    EXPECT_EQ(bench.host("a").mode.mode, HostMode::active);
    EXPECT_EQ(bench.hosts.size(), 1U);
}

// ---- restart --------------------------------------------------------------------------------------

TEST_F(HostServiceTest, DrainAndMaintenanceSurviveARestart) {
    ASSERT_TRUE(bench.run(bench.service.load(files({"f"}))));
    add("a");
    ASSERT_TRUE(bench.run(bench.service.set_mode(caller(), HostId{"a"}, mode_of(HostMode::maintenance, "new disks"))));
    ASSERT_TRUE(bench.run(bench.service.set_mode(caller(), HostId{"f"}, mode_of(HostMode::draining, "save your work"))));
    HostBench next;
    copy_store_to(next);
    ASSERT_TRUE(next.run(next.service.load(files({"f"}))));
    EXPECT_TRUE(next.host("a").view.is_in_maintenance);
    EXPECT_EQ(next.host("a").mode.message, "new disks");
    EXPECT_TRUE(next.host("f").view.is_draining);
    EXPECT_EQ(next.host("f").mode.message, "save your work");
    ASSERT_TRUE(next.run(next.service.set_mode(caller(), HostId{"f"}, mode_of(HostMode::active, "ignored"))));
    EXPECT_EQ(next.host("f").mode.message, "") << "there is nothing to say";
    EXPECT_FALSE(next.host("f").view.is_draining);
}

TEST_F(HostServiceTest, WhatWasSaidOfAFilesHostIsYoungerThanTheFile) {
    std::vector<FileHost> drained{in_file("f", HostMode::draining)};
    ASSERT_TRUE(bench.run(bench.service.load(drained)));
    EXPECT_TRUE(bench.host("f").view.is_draining);
    ASSERT_TRUE(bench.run(bench.service.set_mode(caller(), HostId{"f"}, mode_of(HostMode::active))));
    HostBench next;
    copy_store_to(next);
    ASSERT_TRUE(next.run(next.service.load(drained)));
    EXPECT_FALSE(next.host("f").view.is_draining);
}

TEST_F(HostServiceTest, TheFileWinsOverAStoredHostOfTheSameName) {
    auto one = definition("a");
    one.weight = 9;
    ASSERT_TRUE(bench.run(bench.service.add(caller(), one, "", soon())));
    HostBench next;
    copy_store_to(next);
    ASSERT_TRUE(next.run(next.service.load(files({"a"}))));
    EXPECT_EQ(next.host("a").view.weight, 1);
    EXPECT_EQ(next.host("a").definition.origin, HostOrigin::file);
    auto refused = next.run(next.service.change(caller(), one));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::conflict);
    EXPECT_EQ(next.run(next.service.remove(caller(), HostId{"a"})).error().code(), Errc::conflict);
}

TEST_F(HostServiceTest, AHostThatCannotBeMadeStaysInTheListWithItsReason) {
    auto odd = in_file("odd");
    odd.definition.endpoint = "ftp://odd";
    std::vector<FileHost> list{odd};
    ASSERT_TRUE(bench.run(bench.service.load(list)));
    bench.run(bench.hosts.check_all(soon()));
    EXPECT_EQ(bench.state("odd"), HostState::down);
    EXPECT_NE(bench.host("odd").view.reason.find("ftp://odd"), std::string::npos);
}

// ---- drain ------------------------------------------------------------------------------------------

TEST_F(HostServiceTest, ADrainTellsAndEndsWhatIsLeftAtItsTime) {
    HostId a{"a"};
    add("a");
    bench.run(bench.hosts.check_all(soon()));
    int told = 0, cleared = 0;
    bench.service.on_mode = [&](const HostId&) { ++told; };
    HostSlot slot;
    bench.service.clear_host = [&](const HostId&) {
        ++cleared;
        slot.release();
    };
    placement::Need need;
    need.image = "img";
    ASSERT_TRUE(bench.hosts.choose_and_reserve(need, slot).choice);
    auto drain = mode_of(HostMode::draining, "back at noon");
    drain.until = bench.clock.now() - Seconds{1};
    auto late = bench.run(bench.service.set_mode(caller(), a, drain));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), Errc::invalid_input);
    EXPECT_EQ(late.error().fields().at(0).pointer, "/until");
    drain.until = bench.clock.now() + Milliseconds{150};
    ASSERT_TRUE(bench.run(bench.service.set_mode(caller(), a, drain)));
    EXPECT_EQ(told, 1);
    EXPECT_EQ(bench.host("a").mode.message, "back at noon");
    EXPECT_EQ(stored(bench).at(0).mode, drain);
    EXPECT_EQ(cleared, 0);
    bench.until([&] { return cleared == 1; }, "the end that was announced");
    EXPECT_GE(bench.clock.now(), *drain.until);
}

TEST_F(HostServiceTest, ADrainThatWasTakenBackEndsNobody) {
    HostId a{"a"};
    add("a");
    bench.run(bench.hosts.check_all(soon()));
    int cleared = 0;
    bench.service.clear_host = [&](const HostId&) { ++cleared; };
    HostSlot slot;
    placement::Need need;
    need.image = "img";
    ASSERT_TRUE(bench.hosts.choose_and_reserve(need, slot).choice);
    auto drain = mode_of(HostMode::draining);
    drain.until = bench.clock.now() + Milliseconds{100};
    ASSERT_TRUE(bench.run(bench.service.set_mode(caller(), a, drain)));
    ASSERT_TRUE(bench.run(bench.service.set_mode(caller(), a, mode_of(HostMode::active))));
    bench.run(net::sleep_for(Milliseconds{250}));
    EXPECT_EQ(cleared, 0);
}

TEST_F(HostServiceTest, AnAnnouncedEndOutlivesTheProcess) {
    add("a");
    auto drain = mode_of(HostMode::draining);
    drain.until = bench.clock.now() + Milliseconds{200};
    ASSERT_TRUE(bench.run(bench.service.set_mode(caller(), HostId{"a"}, drain)));
    HostBench next;
    copy_store_to(next);
    int cleared = 0;
    next.service.clear_host = [&](const HostId&) { ++cleared; };
    ASSERT_TRUE(next.run(next.service.load({})));
    next.hosts.start();
    HostSlot slot{next.hosts, HostId{"a"}, false};
    next.until([&] { return cleared > 0; }, "the end that was announced");
    slot.release();
}

// ---- see for oneself ------------------------------------------------------------------------------

TEST_F(HostServiceTest, ATestCountsAndTellsOfEachImage) {
    add("a");
    auto& a = bench.factory.at("fake://a");
    auto tested = bench.run(bench.service.test(caller(), HostId{"a"}, {}, soon()));
    ASSERT_TRUE(tested);
    EXPECT_TRUE(tested->is_up);
    EXPECT_EQ(bench.state("a"), HostState::up);
    ASSERT_EQ(tested->steps.back().name, "image");
    EXPECT_EQ(tested->steps.back().state, TestState::ok);
    a.missing_images.insert("img");
    a.is_unreachable = true;
    tested = bench.run(bench.service.test(caller(), HostId{"a"}, {}, soon()));
    ASSERT_TRUE(tested);
    EXPECT_FALSE(tested->is_up);
    EXPECT_EQ(tested->steps.back().state, TestState::skipped);
    EXPECT_EQ(bench.state("a"), HostState::down) << "a person asked: one failure is an answer";
    a.is_unreachable = false;
    tested = bench.run(bench.service.test(caller(), HostId{"a"}, {}, soon()));
    EXPECT_EQ(tested->steps.back().state, TestState::failed);
}

TEST_F(HostServiceTest, AnAcceptedKeyBringsTheHostBack) {
    auto& a = bench.add("a");
    a.refusal = Error{Errc::host_key_changed, "another key"};
    a.host_key = "SHA256:new";
    bench.hosts.start();
    bench.until_state("a", HostState::down);
    EXPECT_FALSE(bench.run(bench.service.accept_key(caller(), HostId{"a"}, "SHA256:old", soon())));
    ASSERT_TRUE(bench.run(bench.service.accept_key(caller(), HostId{"a"}, "SHA256:new", soon())));
    bench.until_state("a", HostState::up);
}

TEST_F(HostServiceTest, AFetchIsForHostsThatAreUpAndItsEndIsKept) {
    bench.pulls.on_end = [&](const HostId& id, const std::string& image, const Status& outcome) {
        bench.service.note_pull(id, image, outcome);
    };
    auto& a = bench.add("a");
    a.missing_images.insert("img");
    bench.run(bench.hosts.check_all(soon()));
    ASSERT_TRUE(bench.run(bench.service.pull(caller(), HostId{"a"}, "img")));
    EXPECT_TRUE(bench.service.pull_of(HostId{"a"}, "img"));
    EXPECT_FALSE(bench.service.pull_of(HostId{"a"}, "other"));
    bench.until([&] { return events().size() == 2; }, "two events");
    EXPECT_EQ(events()[0].type, "host.pull");
    EXPECT_EQ(events()[0].actor, caller().username);
    EXPECT_EQ(events()[1].type, "host.pulled");
    EXPECT_EQ(events()[1].host, HostId{"a"});
    EXPECT_FALSE(bench.service.pull_of(HostId{"a"}, "img"));
    a.is_unreachable = true;
    (void)bench.run(bench.hosts.check(HostId{"a"}, soon()));
    EXPECT_EQ(bench.run(bench.service.pull(caller(), HostId{"a"}, "img")).error().code(), Errc::host_unreachable);
}

TEST_F(HostServiceTest, ComingAndGoingIsKeptAsEvents) {
    bench.hosts.on_state = [&](const HostId& id, HostState from, HostState to) { bench.service.note_state(id, from, to); };
    auto& a = bench.add("a");
    bench.run(bench.hosts.check_all(soon()));
    a.is_unreachable = true;
    (void)bench.run(bench.hosts.check(HostId{"a"}, soon()));
    bench.until([&] { return events().size() == 2; }, "two events");
    EXPECT_EQ(events()[0].type, "host.up");
    EXPECT_EQ(events()[1].type, "host.down");
    EXPECT_EQ(events()[1].from_state, "up");
    EXPECT_EQ(events()[1].cause, "host a: unreachable");
}

TEST_F(HostServiceTest, WhatHappenedOnAHostIsForStaffAndNewestFirst) {
    bench.hosts.on_state = [&](const HostId& id, HostState from, HostState to) { bench.service.note_state(id, from, to); };
    auto& a = bench.add("a");
    bench.add("b");
    bench.run(bench.hosts.check_all(soon()));
    a.is_unreachable = true;
    (void)bench.run(bench.hosts.check(HostId{"a"}, soon()));
    bench.until([&] { return events().size() == 3; }, "both up, one down");
    auto of = [&](access::Caller who, const char* id, int limit) {
        return bench.run(bench.service.events(std::move(who), HostId{id}, HostNews::all, limit));
    };
    auto seen = of(caller(access::Role::operator_), "a", 10);
    ASSERT_TRUE(seen) << describe(seen.error());
    ASSERT_EQ(seen->size(), 2U);
    EXPECT_EQ(seen->front().type, "host.down");
    EXPECT_EQ(seen->back().type, "host.up");
    EXPECT_EQ(of(caller(), "a", 1)->size(), 1U);
    EXPECT_EQ(of(caller(), "nowhere", 10).error().code(), Errc::not_found);
    EXPECT_EQ(of(caller(access::Role::user), "a", 10).error().code(), Errc::forbidden);
    bench.store.fail_with(Error{Errc::unavailable, "disk"});
    EXPECT_EQ(of(caller(), "a", 10).error().code(), Errc::unavailable);
}

} // namespace
} // namespace berth::broker
