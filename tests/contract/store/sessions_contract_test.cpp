// SPDX-License-Identifier: Apache-2.0
// The contract of broker::SessionStore, for every implementation.
#include "tests/contract/store/stores.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <functional>
#include <set>
#include <vector>

namespace berth::store {
namespace {

using broker::EventRecord, broker::InsertOutcome, session::Session, session::State, test::run_task;

template <class Store>
class SessionStoreContract : public ::testing::Test {
protected:
    Store store_;

    broker::SessionStore& sessions() { return store_.get().sessions(); }
    InsertOutcome insert(Session session) {
        auto outcome = run_task(sessions().insert(std::move(session), event_of("session.queued")));
        EXPECT_TRUE(outcome) << describe(outcome.error());
        return outcome ? *outcome : InsertOutcome{};
    }
    Result<std::int64_t> update(Session session) {
        return run_task(sessions().update(std::move(session), event_of("session.changed")));
    }
    std::optional<Session> find(const SessionId& id) {
        auto found = run_task(sessions().find(id));
        EXPECT_TRUE(found) << describe(found.error());
        return found ? *found : std::nullopt;
    }
    std::vector<EventRecord> events(std::int64_t after = 0) {
        auto found = run_task(store_.get().events_after(after, 100000));
        EXPECT_TRUE(found) << describe(found.error());
        return found ? *found : std::vector<EventRecord>{};
    }
    std::vector<std::string>
    ended_ids(std::string subject, int limit, std::optional<broker::EndedCursor> after = {}) {
        auto found = run_task(sessions().list_ended("local", std::move(subject), limit, std::move(after)));
        EXPECT_TRUE(found) << describe(found.error());
        std::vector<std::string> ids;
        for (const auto& session : *found)
            ids.push_back(session.id.str());
        return ids;
    }
    broker::EndedCursor behind(const std::string& id) {
        auto session = find(SessionId{id});
        EXPECT_TRUE(session && session->ended_at) << id;
        return session ? broker::EndedCursor{session->ended_at.value_or(TimePoint{}), session->id} : broker::EndedCursor{};
    }
};
TYPED_TEST_SUITE(SessionStoreContract, Stores);

TYPED_TEST(SessionStoreContract, ANewSessionIsStoredAsVersionOne) {
    auto session = session_of("ann");
    auto outcome = this->insert(session);
    EXPECT_TRUE(outcome.is_new);
    EXPECT_EQ(outcome.session.version, 1);
    auto found = this->find(session.id);
    ASSERT_TRUE(found);
    EXPECT_TRUE(is_same(*found, session));
    EXPECT_EQ(found->version, 1);
    EXPECT_FALSE(this->find(session_of("ann").id));
}

TYPED_TEST(SessionStoreContract, OfFiftyInsertsForOneSlotExactlyOneIsNew) {
    boost::asio::io_context context{1};
    std::vector<InsertOutcome> outcomes;
    for (int i = 0; i < 50; ++i) {
        auto task = this->sessions().insert(session_of("ann"), event_of("session.queued"));
        boost::asio::co_spawn(
            context,
            std::move(task),
            [&](std::exception_ptr e, Result<InsertOutcome> outcome) {
                ASSERT_FALSE(e);
                ASSERT_TRUE(outcome) << describe(outcome.error());
                outcomes.push_back(*outcome);
            }
        );
    }
    context.run_for(test::hard_limit);
    ASSERT_EQ(outcomes.size(), 50U);
    EXPECT_EQ(std::count_if(outcomes.begin(), outcomes.end(), [](auto& o) { return o.is_new; }), 1);
    std::set<std::string> ids;
    for (const auto& outcome : outcomes)
        ids.insert(outcome.session.id.str());
    EXPECT_EQ(ids.size(), 1U);
    EXPECT_EQ(this->events().size(), 1U) << "a refused insert must not leave an event";
    EXPECT_EQ(run_task(this->sessions().load_live())->size(), 1U);
}

TYPED_TEST(SessionStoreContract, AnotherSlotSubjectOrRealmIsAnotherPlace) {
    EXPECT_TRUE(this->insert(session_of("ann", "a")).is_new);
    EXPECT_TRUE(this->insert(session_of("ann", "b")).is_new);
    EXPECT_TRUE(this->insert(session_of("bob", "a")).is_new);
    auto elsewhere = session_of("ann", "a");
    elsewhere.owner.realm = "ctfd";
    EXPECT_TRUE(this->insert(elsewhere).is_new);
    EXPECT_FALSE(this->insert(session_of("ann", "a")).is_new);
}

TYPED_TEST(SessionStoreContract, ASlotIsFreeOnceItsSessionLetsGo) {
    auto first = this->insert(session_of("ann")).session;
    ASSERT_TRUE(this->update(ended(first, noon + Seconds{5})));
    auto second = this->insert(session_of("ann"));
    EXPECT_TRUE(second.is_new);
    // The old one may not take it back.
    auto again = this->find(first.id);
    again->holds_slot = true;
    auto refused = this->update(*again);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::already_exists);
}

TYPED_TEST(SessionStoreContract, TheSameKeyGivesTheSameSessionEvenInAnotherSlot) {
    auto session = session_of("ann", "a");
    session.idempotency_key = "k1";
    this->insert(session);
    auto repeat = session_of("ann", "b");
    repeat.idempotency_key = "k1";
    auto outcome = this->insert(repeat);
    EXPECT_FALSE(outcome.is_new);
    EXPECT_EQ(outcome.session.id, session.id);
    repeat.owner.subject = "bob";
    EXPECT_TRUE(this->insert(repeat).is_new) << "a key belongs to its subject";
}

TYPED_TEST(SessionStoreContract, AKeyAnswersForItsEndedSessionUntilADayHasPassed) {
    auto session = session_of("ann");
    session.idempotency_key = "k1";
    auto stored = this->insert(session).session;
    ASSERT_TRUE(this->update(ended(stored, noon + Seconds{5})));
    auto repeat = session_of("ann");
    repeat.idempotency_key = "k1";
    repeat.created_at = noon + std::chrono::hours{24} - Milliseconds{1};
    auto early = this->insert(repeat);
    EXPECT_FALSE(early.is_new);
    EXPECT_EQ(early.session.id, session.id);
    EXPECT_EQ(early.session.state, State::ended);
    repeat.created_at = noon + std::chrono::hours{24};
    EXPECT_TRUE(this->insert(repeat).is_new);
}

TYPED_TEST(SessionStoreContract, NoKeyIsNotAKey) {
    this->insert(session_of("ann", "a"));
    EXPECT_TRUE(this->insert(session_of("ann", "b")).is_new);
}

TYPED_TEST(SessionStoreContract, ATakenIdIsRefused) {
    auto session = session_of("ann", "a");
    this->insert(session);
    session.owner.slot = "b";
    auto outcome = run_task(this->sessions().insert(session, event_of("session.queued")));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), Errc::already_exists);
    EXPECT_EQ(this->events().size(), 1U);
}

TYPED_TEST(SessionStoreContract, AnUpdateOfAnotherVersionChangesNothing) {
    auto stored = this->insert(session_of("ann")).session;
    stored.name = "mine";
    auto version = this->update(stored);
    ASSERT_TRUE(version);
    EXPECT_EQ(*version, 2);
    stored.name = "late";
    auto late = this->update(stored);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), Errc::conflict);
    auto found = this->find(stored.id);
    EXPECT_EQ(found->name, "mine");
    EXPECT_EQ(found->version, 2);
    EXPECT_EQ(this->events().size(), 2U);
}

// ---- sessions of a pool that get their person -------------------------------------------------------

Session of_pool() {
    auto session = session_of("ann");
    session.owner = session::Owner{"pool", "desktop", session.id.str()};
    session.pool = "desktop";
    session.idempotency_key.clear();
    return session;
}

Session claimed_by(Session session, const std::string& subject, std::string key = "") {
    session.owner = session_of(subject).owner;
    session.pool.clear();
    session.idempotency_key = std::move(key);
    return session;
}

TYPED_TEST(SessionStoreContract, OfTwoClaimsOfOneSessionTheFirstWins) {
    auto warm = this->insert(of_pool()).session;
    ASSERT_TRUE(this->update(claimed_by(warm, "ann")));
    EXPECT_EQ(this->update(claimed_by(warm, "bob")).error().code(), Errc::conflict);
    EXPECT_EQ(this->find(warm.id)->owner.subject, "ann");
}

TYPED_TEST(SessionStoreContract, AClaimObeysTheRulesOfAnInsert) {
    auto first = this->insert(of_pool()).session, second = this->insert(of_pool()).session;
    ASSERT_TRUE(this->update(claimed_by(first, "ann", "k1")));
    auto before = this->events().size();
    EXPECT_EQ(this->update(claimed_by(second, "ann", "k2")).error().code(), Errc::already_exists) << "the slot is held";
    auto elsewhere = claimed_by(second, "ann", "k1");
    elsewhere.owner.slot = "other";
    EXPECT_EQ(this->update(elsewhere).error().code(), Errc::already_exists) << "the request was answered";
    EXPECT_EQ(this->events().size(), before);
    EXPECT_EQ(this->find(second.id)->pool, "desktop") << "still there for somebody else";
    elsewhere.owner.subject = "bob";
    EXPECT_TRUE(this->update(elsewhere)) << "a key is one person's";
}

TYPED_TEST(SessionStoreContract, AKeyOfAnEndedSessionHoldsForAClaimToo) {
    auto session = session_of("ann");
    session.idempotency_key = "k1";
    auto stored = this->insert(session).session;
    ASSERT_TRUE(this->update(ended(stored, noon + Seconds{5})));
    auto warm = this->insert(of_pool()).session;
    EXPECT_EQ(this->update(claimed_by(warm, "ann", "k1")).error().code(), Errc::already_exists);
    auto later = claimed_by(warm, "ann", "k1");
    later.created_at += std::chrono::hours{25};
    EXPECT_TRUE(this->update(later));
}

// Only leaving the pool asks for the key: one's own is no obstacle ever after.
TYPED_TEST(SessionStoreContract, WhoWasClaimedIsUpdatedAsEverybody) {
    auto warm = this->insert(of_pool()).session;
    auto claimed = claimed_by(warm, "ann", "k1");
    auto version = this->update(claimed);
    ASSERT_TRUE(version);
    claimed.version = *version;
    claimed.extensions_used = 1;
    EXPECT_TRUE(this->update(claimed));
}

TYPED_TEST(SessionStoreContract, AnUpdateOfNothingSaysSo) {
    auto missing = this->update(session_of("ann"));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), Errc::not_found);
    EXPECT_TRUE(this->events().empty());
}

TYPED_TEST(SessionStoreContract, AnUpdateWithoutAnEventWritesNone) {
    auto stored = this->insert(session_of("ann")).session;
    ASSERT_TRUE(run_task(this->sessions().update(stored, std::nullopt)));
    EXPECT_EQ(this->events().size(), 1U);
}

TYPED_TEST(SessionStoreContract, ViewersAreNotStored) {
    auto session = session_of("ann");
    session.control_viewers = 1;
    session.view_viewers = 2;
    this->insert(session);
    auto found = this->find(session.id);
    EXPECT_EQ(found->control_viewers, 0);
    EXPECT_EQ(found->view_viewers, 0);
}

TYPED_TEST(SessionStoreContract, LiveMeansEverythingThatHasNotEnded) {
    const std::vector states{
        State::queued,
        State::creating,
        State::starting,
        State::probing,
        State::ready,
        State::stopping,
        State::ended};
    for (auto state : states) {
        auto session = session_of("ann", std::to_string(static_cast<int>(state)));
        session.state = state;
        session.created_at = noon + Seconds{10 - static_cast<int>(state)};
        this->insert(session);
    }
    this->store_.reopen();
    auto live = run_task(this->sessions().load_live());
    ASSERT_TRUE(live);
    std::vector<State> got;
    for (const auto& session : *live)
        got.push_back(session.state);
    const std::vector expected{
        State::stopping,
        State::ready,
        State::probing,
        State::starting,
        State::creating,
        State::queued};
    EXPECT_EQ(got, expected) << "oldest first, without the ended one";
}

TYPED_TEST(SessionStoreContract, EventsAreNumberedWithoutAGapAcrossRefusedWrites) {
    auto stored = this->insert(session_of("ann")).session;
    this->insert(session_of("ann"));               // the slot is taken
    EXPECT_FALSE(this->update(session_of("bob"))); // no such row
    auto stale = stored;
    stale.version = 7;
    EXPECT_FALSE(this->update(stale)); // another version
    ASSERT_TRUE(this->update(stored));
    this->store_.reopen();
    auto seq = run_task(this->sessions().append_event(event_of("host.down")));
    ASSERT_TRUE(seq);
    EXPECT_EQ(*seq, 3);
    auto events = this->events();
    ASSERT_EQ(events.size(), 3U);
    for (std::size_t i = 0; i < events.size(); ++i)
        EXPECT_EQ(events[i].seq, static_cast<std::int64_t>(i + 1));
}

TYPED_TEST(SessionStoreContract, AnEventComesBackAsItWasWritten) {
    EventRecord event;
    event.at = noon;
    event.type = "session.ready";
    event.session = session_of("ann").id;
    event.owner = session::Owner{"local", "ann", "desk"};
    event.host = HostId{"rack-1"};
    event.from_state = "probing";
    event.to_state = "ready";
    event.actor = "o'hara\n\"";
    event.cause = "ünïcode";
    ASSERT_TRUE(run_task(this->sessions().append_event(event)));
    ASSERT_TRUE(run_task(this->sessions().append_event(event_of("second"))));
    auto events = this->events();
    ASSERT_EQ(events.size(), 2U);
    const auto& got = events[0];
    EXPECT_EQ(got.at, event.at);
    EXPECT_EQ(got.type, event.type);
    EXPECT_EQ(got.session, event.session);
    EXPECT_EQ(got.owner, event.owner);
    EXPECT_EQ(got.host, event.host);
    EXPECT_EQ(got.from_state, event.from_state);
    EXPECT_EQ(got.to_state, event.to_state);
    EXPECT_EQ(got.actor, event.actor);
    EXPECT_EQ(got.cause, event.cause);
    auto later = this->events(1);
    ASSERT_EQ(later.size(), 1U);
    EXPECT_EQ(later[0].type, "second");
    EXPECT_EQ(run_task(this->store_.get().events_after(0, 1))->size(), 1U);
}

TYPED_TEST(SessionStoreContract, EventsOfAHostComeNewestFirstAndAreThatHostsAlone) {
    auto write = [&](std::string type, std::string host) {
        auto event = event_of(std::move(type));
        event.host = HostId{std::move(host)};
        ASSERT_TRUE(run_task(this->sessions().append_event(std::move(event))));
    };
    for (auto [type, host] : {std::pair{"1", "a"}, {"2", "b"}, {"3", ""}, {"4", "a"}, {"5", "a.b"}, {"6", "a"}}) write(type, host);
    auto types = [&](std::string host, int limit) {
        auto found = run_task(this->sessions().host_events(HostId{std::move(host)}, broker::HostNews::notable, limit));
        EXPECT_TRUE(found) << describe(found.error());
        std::string all;
        for (const auto& event : *found) all += event.type;
        return all;
    };
    EXPECT_EQ(types("a", 10), "641");
    EXPECT_EQ(types("a", 2), "64");
    EXPECT_EQ(types("b", 10), "2");
    EXPECT_EQ(types("nowhere", 10), "");
    EXPECT_EQ(types("a", 0), "");
}

TYPED_TEST(SessionStoreContract, WhatIsWrittenWithASessionIsFoundByItsHost) {
    auto event = event_of("session.placed");
    event.host = HostId{"a"};
    auto outcome = run_task(this->sessions().insert(session_of("ann"), event));
    ASSERT_TRUE(outcome);
    event.type = "session.became_ready";
    ASSERT_TRUE(run_task(this->sessions().update(outcome->session, event)));
    auto found = run_task(this->sessions().host_events(HostId{"a"}, broker::HostNews::all, 10));
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ(found->front().type, "session.became_ready");
}

TYPED_TEST(SessionStoreContract, OfSessionsOnAHostOnlyWhatWentWrongIsNotable) {
    auto write = [&](std::string type, std::string to, std::string cause) {
        auto event = event_of(std::move(type));
        event.host = HostId{"a"};
        event.to_state = std::move(to);
        event.cause = std::move(cause);
        ASSERT_TRUE(run_task(this->sessions().append_event(std::move(event))));
    };
    write("host.up", "up", "host a");
    write("session.placed", "creating", "");
    write("session.failed", "queued", "creating: engine_error: no space");
    write("session.container_gone", "stopping", "container_died");
    write("session.container_removed", "ended", "container_died");
    write("session.stop_requested", "stopping", "owner_request");
    write("session.time_passed", "stopping", "lease_expired");
    auto found = run_task(this->sessions().host_events(HostId{"a"}, broker::HostNews::notable, 10));
    ASSERT_TRUE(found) << describe(found.error());
    std::string types;
    for (const auto& event : *found) types += event.type + " ";
    EXPECT_EQ(types, "session.container_gone session.failed host.up ");
    EXPECT_EQ(run_task(this->sessions().host_events(HostId{"a"}, broker::HostNews::all, 10))->size(), 7U);
}

TYPED_TEST(SessionStoreContract, EndedSessionsComeNewestFirstInPages) {
    std::vector<std::string> newest_first;
    for (int i = 0; i < 5; ++i) {
        auto session = ended(session_of("ann"), noon + Seconds{i});
        this->insert(session);
        newest_first.insert(newest_first.begin(), session.id.str());
    }
    this->insert(session_of("ann")); // live: not in the list
    auto theirs = ended(session_of("bob"), noon + Seconds{100});
    this->insert(theirs);
    std::vector<std::string> pages;
    std::optional<broker::EndedCursor> after;
    for (int page = 0; page < 3; ++page) {
        auto ids = this->ended_ids("ann", 2, after);
        pages.insert(pages.end(), ids.begin(), ids.end());
        after = this->behind(ids.back());
    }
    EXPECT_EQ(pages, newest_first);
    EXPECT_TRUE(this->ended_ids("ann", 2, after).empty());
    EXPECT_TRUE(this->ended_ids("ann", 0).empty());
    auto all = this->ended_ids("", 100);
    ASSERT_EQ(all.size(), 6U);
    EXPECT_EQ(all.front(), theirs.id.str());
    EXPECT_TRUE(run_task(this->sessions().list_ended("ctfd", "", 10, {}))->empty());
}

TYPED_TEST(SessionStoreContract, NoPageEdgeLosesWhatEndedInTheSameMillisecond) {
    std::vector<std::string> downwards;
    for (int i = 0; i < 7; ++i) {
        auto session = ended(session_of("ann"), noon + Milliseconds{i / 5});
        this->insert(session);
        downwards.push_back(session.id.str());
    }
    // The last two ended one millisecond later.
    std::sort(downwards.begin(), downwards.begin() + 5, std::greater<>{});
    std::sort(downwards.begin() + 5, downwards.end(), std::greater<>{});
    std::rotate(downwards.begin(), downwards.begin() + 5, downwards.end());
    for (int limit : {1, 2, 3, 4}) {
        std::vector<std::string> pages;
        std::optional<broker::EndedCursor> after;
        for (auto ids = this->ended_ids("ann", limit); !ids.empty(); ids = this->ended_ids("ann", limit, after)) {
            ASSERT_LE(pages.size(), downwards.size());
            pages.insert(pages.end(), ids.begin(), ids.end());
            after = this->behind(ids.back());
        }
        EXPECT_EQ(pages, downwards) << limit;
    }
    // A cursor stays good when its own row is gone.
    const broker::EndedCursor gone{noon, SessionId{std::string(26, 'z')}};
    EXPECT_EQ(this->ended_ids("ann", 10, gone).size(), 5U);
}

TYPED_TEST(SessionStoreContract, PruningTakesOldEndedSessionsAndTheOldestEventsOnly) {
    auto old = ended(session_of("ann"), noon);
    auto recent = ended(session_of("ann"), noon + Seconds{10});
    auto live = session_of("ann");
    this->insert(old);
    this->insert(recent);
    this->insert(live);
    // The clock jumped: the late one stays between two young ones, so that no gap appears.
    auto on_a = event_of("of a", noon - Seconds{1});
    on_a.host = HostId{"a"};
    ASSERT_TRUE(run_task(this->sessions().append_event(on_a)));
    ASSERT_TRUE(run_task(this->sessions().append_event(event_of("a", noon + Seconds{20}))));
    ASSERT_TRUE(run_task(this->sessions().append_event(event_of("b", noon))));
    auto count = run_task(this->sessions().prune(noon + Seconds{10}));
    ASSERT_TRUE(count);
    EXPECT_EQ(*count, 1);
    EXPECT_FALSE(this->find(old.id));
    EXPECT_TRUE(this->find(recent.id));
    EXPECT_TRUE(this->find(live.id));
    auto events = this->events();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].seq, 5);
    EXPECT_EQ(events[1].seq, 6);
    EXPECT_TRUE(run_task(this->sessions().host_events(HostId{"a"}, broker::HostNews::all, 10))->empty()) << "those of hosts too";
}

TYPED_TEST(SessionStoreContract, ANumberIsNeverUsedAgainEvenWhenEverythingWasPruned) {
    ASSERT_TRUE(run_task(this->sessions().append_event(event_of("a"))));
    ASSERT_TRUE(run_task(this->sessions().append_event(event_of("b"))));
    ASSERT_TRUE(run_task(this->sessions().prune(noon + Seconds{1})));
    EXPECT_TRUE(this->events().empty());
    this->store_.reopen();
    EXPECT_EQ(*run_task(this->sessions().append_event(event_of("c"))), 3);
}

TYPED_TEST(SessionStoreContract, IsWell) {
    EXPECT_TRUE(run_task(this->sessions().check()));
}

// ---- round trip ---------------------------------------------------------------------------------

std::string any_text() {
    return *rc::gen::arbitrary<std::string>();
}

template <class Enum>
Enum any_of_first(int count) {
    return static_cast<Enum>(*rc::gen::inRange(0, count));
}

std::optional<TimePoint> maybe_time() {
    if (*rc::gen::arbitrary<bool>()) return std::nullopt;
    return TimePoint{Milliseconds{*rc::gen::arbitrary<std::int64_t>()}};
}

session::Spec any_spec() {
    session::Spec spec;
    spec.image = any_text();
    spec.env = *rc::gen::arbitrary<std::map<std::string, std::string>>();
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
        session::Endpoint endpoint;
        endpoint.name = any_text();
        endpoint.protocol = any_of_first<session::Protocol>(5);
        endpoint.port = *rc::gen::arbitrary<std::uint16_t>();
        spec.endpoints.push_back(endpoint);
    }
    spec.memory_bytes = *rc::gen::arbitrary<std::int64_t>();
    spec.nano_cpus = *rc::gen::arbitrary<std::int64_t>();
    spec.pids = *rc::gen::arbitrary<std::int64_t>();
    spec.shm_bytes = *rc::gen::arbitrary<std::int64_t>();
    spec.cap_add = *rc::gen::arbitrary<std::vector<std::string>>();
    spec.allow_new_privileges = *rc::gen::arbitrary<bool>();
    spec.network = any_of_first<session::NetworkMode>(2);
    spec.secret_delivery = any_of_first<session::SecretDelivery>(2);
    spec.secret_target = any_text();
    spec.secret_uid = *rc::gen::arbitrary<int>();
    spec.volumes = *rc::gen::arbitrary<std::map<std::string, std::string>>();
    return spec;
}

session::LeasePolicy any_policy() {
    auto seconds = [] { return Seconds{*rc::gen::arbitrary<std::int64_t>()}; };
    session::LeasePolicy policy;
    policy.initial = seconds();
    policy.extension = seconds();
    policy.max_extensions = *rc::gen::arbitrary<int>();
    policy.max_total = seconds();
    policy.idle = seconds();
    policy.disconnected = seconds();
    policy.grace = seconds();
    policy.start_limit = seconds();
    return policy;
}

std::optional<session::End> maybe_end() {
    if (*rc::gen::arbitrary<bool>()) return std::nullopt;
    session::End end;
    end.reason = any_of_first<session::EndReason>(10);
    if (*rc::gen::arbitrary<bool>())
        end.code = any_of_first<Errc>(static_cast<int>(Errc::internal) + 1);
    end.message = any_text();
    end.detail = any_text();
    if (*rc::gen::arbitrary<bool>()) end.stage = any_of_first<session::Stage>(4);
    return end;
}

std::vector<session::Considered> any_placement() {
    session::Considered one;
    one.host = HostId{any_text()};
    one.verdict = any_text();
    one.score = *rc::gen::inRange(0, 1000) / 8.0;
    one.text = any_text();
    return {one, {}};
}

std::vector<session::Attempt> any_attempts() {
    session::Attempt one;
    one.host = HostId{any_text()};
    one.generation = *rc::gen::arbitrary<int>();
    one.code = any_of_first<Errc>(static_cast<int>(Errc::internal) + 1);
    one.detail = any_text();
    one.stage = any_of_first<session::Stage>(4);
    one.at = maybe_time().value_or(noon);
    return {one};
}

Session any_session() {
    auto session = session_of(any_text(), any_text());
    session.owner.realm = any_text();
    session.generation = *rc::gen::arbitrary<int>();
    session.requested_by = any_text();
    session.template_name = TemplateName{any_text()};
    session.name = any_text();
    session.spec = any_spec();
    session.policy = any_policy();
    session.idempotency_key = session.id.str() + any_text();
    session.state = any_of_first<State>(7);
    session.state_since = maybe_time().value_or(noon);
    for (auto& stage : session.stages)
        stage = session::StageTime{maybe_time(), maybe_time()};
    session.start_deadline = maybe_time();
    session.ready_at = maybe_time();
    session.ended_at = maybe_time();
    if (*rc::gen::arbitrary<bool>()) session.host = HostId{any_text()};
    session.placement_note = any_text();
    if (*rc::gen::arbitrary<bool>()) session.container = ContainerId{any_text()};
    session.lease_end = maybe_time();
    session.extensions_used = *rc::gen::arbitrary<int>();
    session.last_input_at = maybe_time().value_or(noon);
    session.disconnected_since = maybe_time();
    session.end = maybe_end();
    session.stop_attempts = *rc::gen::arbitrary<int>();
    session.retry_at = maybe_time();
    session.holds_slot = false;
    session.placement = any_placement();
    session.attempts = any_attempts();
    session.engine_id = any_text();
    session.placement_labels[any_text()] = any_text();
    session.pool = any_text();
    session.is_paused = *rc::gen::arbitrary<bool>();
    return session;
}

TYPED_TEST(SessionStoreContract, AnySessionComesBackAsItWasWritten) {
    EXPECT_TRUE(rc::check([this] {
        auto session = any_session();
        auto outcome = run_task(this->sessions().insert(session, event_of("session.queued")));
        RC_ASSERT(outcome.has_value());
        RC_ASSERT(is_same(outcome->session, session));
        auto changed = any_session();
        changed.id = session.id;
        changed.version = outcome->session.version;
        auto version = run_task(this->sessions().update(changed, std::nullopt));
        RC_ASSERT(version.has_value());
        auto found = run_task(this->sessions().find(session.id));
        RC_ASSERT(found.has_value());
        RC_ASSERT(found->has_value());
        RC_ASSERT(is_same(**found, changed));
        RC_ASSERT((*found)->version == *version);
    }));
}

} // namespace
} // namespace berth::store
