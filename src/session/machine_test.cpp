// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "session/machine.hpp"

#include <gtest/gtest.h>

namespace berth::session {
namespace {

constexpr TimePoint t0{Milliseconds{1'700'000'000'000}};
constexpr Seconds second{1};

Session draft() {
    Session s;
    s.id = SessionId{"abcdefghijklmnopqrstuvwxyz"};
    s.owner = Owner{"local", "u1", "desktop"};
    s.policy.initial = Seconds{3600};
    s.policy.extension = Seconds{1200};
    s.policy.max_extensions = 3;
    s.policy.grace = Seconds{60};
    return s;
}

Step go(const Session& s, const Event& event, TimePoint now = t0) {
    auto result = step(s, event, now);
    EXPECT_TRUE(result) << describe(result.error());
    return result ? *result : Step{};
}

// A session brought into that state by the ordinary way.
Session in(State wanted) {
    auto s = begin(draft(), t0).session;
    if (wanted == State::queued) return s;
    s = go(s, Placed{HostId{"a"}, "why"}).session;
    if (wanted == State::creating) return s;
    s = go(s, ContainerCreated{ContainerId{"c1"}}).session;
    if (wanted == State::starting) return s;
    s = go(s, ContainerStarted{}).session;
    if (wanted == State::probing) return s;
    s = go(s, BecameReady{}).session;
    if (wanted == State::ready) return s;
    s = go(s, StopRequested{}).session;
    if (wanted == State::stopping) return s;
    return go(s, ContainerRemoved{}).session;
}

struct Row {
    State state;
    Event event;
    State next;
    std::vector<Action> actions;
    const char* why;
};

std::vector<Row> table() {
    using enum State;
    using enum Action;
    const Error error{Errc::engine_error, "x"};
    const ActionFailed create_failed{create_container, error};
    const ActionFailed host_failed{create_container, Error{Errc::host_unreachable, "x"}};
    const ActionFailed remove_failed{remove_container, error};
    const ContainerGone gone{EndReason::container_died, "exit 1"};
    const ContainerGone removed{EndReason::removed_outside, "by somebody else"};
    const std::vector<Action> nothing;
    const char* late = "an answer of an earlier stage, or of a cancelled action";
    const char* no_container = "nothing exists in the queue";
    const char* over = "nothing follows the end";
    return {
        {queued, Placed{HostId{"a"}, ""}, creating, {create_container}, ""},
        {queued, ContainerCreated{ContainerId{"c"}}, queued, nothing, no_container},
        {queued, ContainerStarted{}, queued, nothing, no_container},
        {queued, BecameReady{}, queued, nothing, no_container},
        {queued, create_failed, queued, nothing, no_container},
        {queued, ContainerRemoved{}, queued, nothing, no_container},
        {queued, gone, queued, nothing, no_container},
        {queued, ViewerJoined{Rights::view}, queued, nothing, "counted only"},
        {queued, ViewerLeft{Rights::view}, queued, nothing, "counted only"},
        {queued, InputSeen{}, queued, nothing, "nobody can type yet"},
        {queued, StopRequested{}, ended, nothing, "nothing to remove"},
        {queued, TimePassed{}, queued, nothing, "not yet"},
        {queued, Recovered{}, queued, {place}, ""},
        {queued, PlacementFailed{error}, ended, nothing, ""},
        {queued, ClockJumped{Seconds{5}}, queued, nothing, "times move"},
        {queued, PauseRequested{}, queued, nothing, "it is somebody's"},

        {creating, Placed{HostId{"b"}, ""}, creating, nothing, "placed once"},
        {creating, ContainerCreated{ContainerId{"c"}}, starting, {start_container}, ""},
        {creating, ContainerStarted{}, creating, nothing, late},
        {creating, BecameReady{}, creating, nothing, late},
        {creating, create_failed, stopping, {remove_container}, "the engine may have made it"},
        {creating, host_failed, queued, {place, remove_former}, "as the next generation, elsewhere"},
        {creating, ContainerRemoved{}, creating, nothing, late},
        {creating, gone, stopping, {remove_container}, ""},
        {creating, removed, creating, nothing, "the engine may have cleared it away; its answer tells"},
        {creating, ViewerJoined{Rights::view}, creating, nothing, "counted only"},
        {creating, ViewerLeft{Rights::view}, creating, nothing, "counted only"},
        {creating, InputSeen{}, creating, nothing, "nobody can type yet"},
        {creating, StopRequested{}, stopping, {remove_container}, ""},
        {creating, TimePassed{}, creating, nothing, "not yet"},
        {creating, Recovered{}, creating, {create_container}, "adopts by name"},
        {creating, PlacementFailed{error}, creating, nothing, "placed already"},
        {creating, ClockJumped{Seconds{5}}, creating, nothing, "times move"},
        {creating, PauseRequested{}, creating, nothing, "it is somebody's"},

        {starting, Placed{HostId{"b"}, ""}, starting, nothing, "placed once"},
        {starting, ContainerCreated{ContainerId{"c"}}, starting, nothing, "known already"},
        {starting, ContainerStarted{}, probing, {probe_ready}, ""},
        {starting, BecameReady{}, starting, nothing, late},
        {starting, create_failed, stopping, {remove_container}, ""},
        {starting, host_failed, queued, {place, remove_former}, ""},
        {starting, ContainerRemoved{}, starting, nothing, late},
        {starting, gone, stopping, {remove_container}, ""},
        {starting, ViewerJoined{Rights::view}, starting, nothing, "counted only"},
        {starting, ViewerLeft{Rights::view}, starting, nothing, "counted only"},
        {starting, InputSeen{}, starting, nothing, "nobody can type yet"},
        {starting, StopRequested{}, stopping, {remove_container}, ""},
        {starting, TimePassed{}, starting, nothing, "not yet"},
        {starting, Recovered{}, starting, {start_container}, "starting twice is harmless"},
        {starting, PlacementFailed{error}, starting, nothing, "placed already"},
        {starting, ClockJumped{Seconds{5}}, starting, nothing, "times move"},
        {starting, PauseRequested{}, starting, nothing, "it is somebody's"},

        {probing, Placed{HostId{"b"}, ""}, probing, nothing, "placed once"},
        {probing, ContainerCreated{ContainerId{"c"}}, probing, nothing, "known already"},
        {probing, ContainerStarted{}, probing, nothing, "known already"},
        {probing, BecameReady{}, ready, nothing, ""},
        {probing, create_failed, stopping, {remove_container}, ""},
        {probing, host_failed, queued, {place, remove_former}, ""},
        {probing, ContainerRemoved{}, probing, nothing, late},
        {probing, gone, stopping, {remove_container}, ""},
        {probing, ViewerJoined{Rights::view}, probing, nothing, "counted only"},
        {probing, ViewerLeft{Rights::view}, probing, nothing, "counted only"},
        {probing, InputSeen{}, probing, nothing, "nobody can type yet"},
        {probing, StopRequested{}, stopping, {remove_container}, ""},
        {probing, TimePassed{}, probing, nothing, "not yet"},
        {probing, Recovered{}, probing, {probe_ready}, ""},
        {probing, PlacementFailed{error}, probing, nothing, "placed already"},
        {probing, ClockJumped{Seconds{5}}, probing, nothing, "times move"},
        {probing, PauseRequested{}, probing, nothing, "it is somebody's"},

        {ready, Placed{HostId{"b"}, ""}, ready, nothing, "placed once"},
        {ready, ContainerCreated{ContainerId{"c"}}, ready, nothing, "known already"},
        {ready, ContainerStarted{}, ready, nothing, "known already"},
        {ready, BecameReady{}, ready, nothing, "known already"},
        {ready, create_failed, ready, nothing, late},
        {ready, host_failed, ready, nothing, late},
        {ready, ContainerRemoved{}, ready, nothing, late},
        {ready, gone, stopping, {close_viewers, remove_container}, ""},
        {ready, ViewerJoined{Rights::view}, ready, nothing, ""},
        {ready, ViewerLeft{Rights::view}, ready, nothing, ""},
        {ready, InputSeen{}, ready, nothing, ""},
        {ready, StopRequested{}, stopping, {close_viewers, remove_container}, ""},
        {ready, TimePassed{}, ready, nothing, "not yet"},
        {ready, Recovered{}, ready, nothing, "adopted"},
        {ready, PlacementFailed{error}, ready, nothing, "placed already"},
        {ready, ClockJumped{Seconds{5}}, ready, nothing, "times move"},
        {ready, PauseRequested{}, ready, nothing, "it is somebody's"},

        {stopping, Placed{HostId{"b"}, ""}, stopping, nothing, "too late"},
        {stopping, ContainerCreated{ContainerId{"c"}}, stopping, nothing, "removal works by label"},
        {stopping, ContainerStarted{}, stopping, nothing, "removal is asked for already"},
        {stopping, BecameReady{}, stopping, nothing, "too late"},
        {stopping, create_failed, stopping, nothing, "only a failed removal counts"},
        {stopping, remove_failed, stopping, nothing, "tried again at retry_at"},
        {stopping, ContainerRemoved{}, ended, nothing, ""},
        {stopping, gone, stopping, nothing, "our own removal"},
        {stopping, ViewerJoined{Rights::view}, stopping, nothing, "will be cut"},
        {stopping, ViewerLeft{Rights::view}, stopping, nothing, ""},
        {stopping, InputSeen{}, stopping, nothing, "too late"},
        {stopping, StopRequested{}, stopping, nothing, "the first reason stands"},
        {stopping, TimePassed{}, stopping, nothing, "not yet"},
        {stopping, Recovered{}, stopping, {remove_container}, ""},
        {stopping, PlacementFailed{error}, stopping, nothing, "too late"},
        {stopping, ClockJumped{Seconds{5}}, stopping, nothing, "times move"},
        {stopping, PauseRequested{}, stopping, nothing, "it is somebody's"},

        {ended, Placed{HostId{"b"}, ""}, ended, nothing, over},
        {ended, ContainerCreated{ContainerId{"c"}}, ended, nothing, over},
        {ended, ContainerStarted{}, ended, nothing, over},
        {ended, BecameReady{}, ended, nothing, over},
        {ended, create_failed, ended, nothing, over},
        {ended, ContainerRemoved{}, ended, nothing, over},
        {ended, gone, ended, nothing, over},
        {ended, ViewerJoined{Rights::view}, ended, nothing, over},
        {ended, ViewerLeft{Rights::view}, ended, nothing, over},
        {ended, InputSeen{}, ended, nothing, over},
        {ended, StopRequested{}, ended, nothing, over},
        {ended, TimePassed{}, ended, nothing, over},
        {ended, Recovered{}, ended, nothing, over},
        {ended, PlacementFailed{error}, ended, nothing, over},
        {ended, ClockJumped{Seconds{5}}, ended, nothing, over},
        {ended, PauseRequested{}, ended, nothing, "it is somebody's"},
    };
}

TEST(SessionMachine, KeepsWhyItWasPlacedWhereItIs) {
    Placed placed{HostId{"a"}, "why"};
    placed.engine_id = "ENGINE";
    placed.considered.push_back(Considered{HostId{"a"}, "chosen", 2.0, "score 2/1"});
    placed.considered.push_back(Considered{HostId{"b"}, "full", 0, "full (3 of 3)"});
    auto s = go(begin(draft(), t0).session, placed).session;
    EXPECT_EQ(s.engine_id, "ENGINE");
    EXPECT_EQ(s.placement, placed.considered);
    EXPECT_EQ(s.placement_note, "why");
}

TEST(SessionMachine, AnswersEveryEventInEveryStateAsTheTableSays) {
    for (const auto& row : table()) {
        auto before = in(row.state);
        auto after = go(before, row.event, t0 + second);
        std::string where{name_of(row.state)};
        where += " × " + std::string{name_of(row.event)};
        EXPECT_EQ(after.session.state, row.next) << where;
        EXPECT_EQ(after.actions, row.actions) << where;
        if (row.next != row.state && row.next != State::probing)
            EXPECT_TRUE(after.must_store) << where << ": intention is stored before action";
        if (row.next != row.state) EXPECT_TRUE(after.is_visible) << where;
    }
}

TEST(SessionMachine, TheTableIsComplete) {
    std::set<std::pair<int, std::size_t>> seen;
    for (const auto& row : table()) seen.emplace(static_cast<int>(row.state), row.event.index());
    // ExtendRequested and Claimed answer with a Result and have tests of their own.
    EXPECT_EQ(seen.size(), 7 * (std::variant_size_v<Event> - 2));
}

// the timer starts at ready by itself and needs nobody who polls.
TEST(SessionMachine, A01TheLeaseStartsAtReadyAndEndsWithoutAnyPoll) {
    auto s = in(State::ready);
    EXPECT_EQ(s.lease_end, t0 + Seconds{3600});
    EXPECT_EQ(next_deadline(s), t0 + Seconds{3660});
    EXPECT_EQ(go(s, TimePassed{}, t0 + Seconds{3659}).session.state, State::ready);
    auto over = go(s, TimePassed{}, t0 + Seconds{3660});
    EXPECT_EQ(over.session.state, State::stopping);
    EXPECT_EQ(over.session.end->reason, EndReason::lease_expired);
}

TEST(SessionMachine, ZeroMeansNeverEverywhere) {
    auto d = draft();
    d.policy.initial = d.policy.idle = d.policy.disconnected = d.policy.start_limit = Seconds{0};
    auto s = begin(d, t0).session;
    s = go(s, Placed{HostId{"a"}, ""}).session;
    EXPECT_FALSE(next_deadline(s));
    s = go(go(go(s, ContainerCreated{ContainerId{"c"}}).session, ContainerStarted{}).session, BecameReady{}).session;
    EXPECT_FALSE(s.lease_end);
    EXPECT_FALSE(next_deadline(s));
    EXPECT_EQ(step(s, ExtendRequested{}, t0).error().code(), Errc::conflict);
}

TEST(SessionMachine, ExtendAddsToWhatIsLeftAndIsCounted) {
    auto s = in(State::ready);
    for (int i = 1; i <= 3; ++i) {
        s = go(s, ExtendRequested{}, t0 + Seconds{i}).session;
        EXPECT_EQ(s.lease_end, t0 + Seconds{3600 + 1200 * i});
        EXPECT_EQ(s.extensions_used, i);
    }
    EXPECT_EQ(step(s, ExtendRequested{}, t0).error().code(), Errc::quota_exceeded);
}

TEST(SessionMachine, ExtendNeverPassesTheMaximum) {
    auto d = in(State::ready);
    d.policy.max_total = Seconds{4000};
    auto s = go(d, ExtendRequested{}, t0).session;
    EXPECT_EQ(s.lease_end, t0 + Seconds{4000});
    EXPECT_EQ(step(s, ExtendRequested{}, t0).error().code(), Errc::quota_exceeded);
}

TEST(SessionMachine, ExtendIsPossibleDuringTheGraceAndRefusedElsewhere) {
    auto s = in(State::ready);
    EXPECT_TRUE(step(s, ExtendRequested{}, t0 + Seconds{3630}));
    EXPECT_EQ(step(in(State::creating), ExtendRequested{}, t0).error().code(), Errc::conflict);
    EXPECT_EQ(step(in(State::stopping), ExtendRequested{}, t0).error().code(), Errc::ended);
    EXPECT_EQ(step(in(State::ended), ExtendRequested{}, t0).error().code(), Errc::ended);
}

TEST(SessionMachine, StopsWhenNobodyTypes) {
    auto s = in(State::ready);
    s.policy.idle = Seconds{600};
    s = go(s, InputSeen{}, t0 + Seconds{500}).session;
    EXPECT_EQ(go(s, TimePassed{}, t0 + Seconds{1099}).session.state, State::ready);
    EXPECT_EQ(go(s, TimePassed{}, t0 + Seconds{1100}).session.end->reason, EndReason::idle);
}

TEST(SessionMachine, StopsWhenNobodyIsConnectedButNotWhileSomebodyIs) {
    auto s = in(State::ready);
    s.policy.disconnected = Seconds{600};
    auto watched = go(s, ViewerJoined{Rights::view}, t0).session;
    EXPECT_EQ(go(watched, TimePassed{}, t0 + Seconds{700}).session.state, State::ready);
    auto two = go(watched, ViewerJoined{Rights::control}, t0).session;
    auto one = go(two, ViewerLeft{Rights::control}, t0 + Seconds{10}).session;
    EXPECT_FALSE(disconnected_deadline(one));
    auto none = go(one, ViewerLeft{Rights::view}, t0 + Seconds{10}).session;
    EXPECT_EQ(disconnected_deadline(none), t0 + Seconds{610});
    EXPECT_EQ(go(none, TimePassed{}, t0 + Seconds{610}).session.end->reason, EndReason::disconnected);
}

TEST(SessionMachine, ARestartDoesNotMoveTheLease) {
    auto s = in(State::ready);
    auto again = go(s, Recovered{}, t0 + Seconds{1000}).session;
    EXPECT_EQ(again.lease_end, s.lease_end);
    EXPECT_EQ(again.state, State::ready);
}

// F-80: a jump of the clock expires nobody and gives nobody time.
TEST(SessionMachine, F80AClockJumpMovesTheDeadlineAlong) {
    auto s = go(in(State::ready), ClockJumped{std::chrono::hours{1}}).session;
    EXPECT_EQ(s.lease_end, t0 + std::chrono::hours{1} + Seconds{3600});
    EXPECT_EQ(go(s, TimePassed{}, t0 + std::chrono::hours{1}).session.state, State::ready);
}

TEST(SessionMachine, FailsWhenTheStartTakesTooLong) {
    auto s = in(State::probing);
    auto failed = go(s, TimePassed{}, t0 + Seconds{90});
    EXPECT_EQ(failed.session.state, State::stopping);
    EXPECT_EQ(failed.session.end->code, Errc::timed_out);
    EXPECT_EQ(failed.session.end->stage, Stage::waiting);
    EXPECT_EQ(failed.actions, std::vector{Action::remove_container});
}

TEST(SessionMachine, ANamedFailureKeepsTheEnginesWordsForStaffOnly) {
    auto elsewhere = go(in(State::creating), ActionFailed{Action::create_container, Error{Errc::image_missing, "host a: No such image"}});
    auto failed = go(elsewhere.session, PlacementFailed{Error{Errc::image_missing, "a: excluded"}});
    EXPECT_EQ(failed.session.end->message, "The image of this desktop is not available at the moment.");
    EXPECT_NE(failed.session.end->detail.find("No such image"), std::string::npos);
}

TEST(SessionMachine, RemovalIsTriedAgainWithGrowingPausesUntilItSucceeds) {
    auto s = in(State::stopping);
    auto now = t0;
    Seconds expected[] = {Seconds{1}, Seconds{2}, Seconds{4}, Seconds{8}, Seconds{16}, Seconds{32}, Seconds{60}, Seconds{60}};
    for (auto pause : expected) {
        s = go(s, ActionFailed{Action::remove_container, Error{Errc::host_unreachable}}, now).session;
        EXPECT_EQ(s.retry_at, now + pause);
        EXPECT_TRUE(go(s, TimePassed{}, now + pause - second).actions.empty());
        now += pause;
        auto retry = go(s, TimePassed{}, now);
        EXPECT_EQ(retry.actions, std::vector{Action::remove_container});
        s = retry.session;
    }
    EXPECT_EQ(go(s, ContainerRemoved{}, now).session.state, State::ended);
}

// an unreachable host keeps the row; the owner is not held up by it for long.
TEST(SessionMachine, A06ASlowRemovalReleasesTheOwnerButNotTheRow) {
    auto s = in(State::stopping);
    EXPECT_TRUE(s.holds_slot);
    EXPECT_EQ(next_deadline(s), t0 + limits::owner_released);
    auto later = go(s, TimePassed{}, t0 + limits::owner_released);
    EXPECT_FALSE(later.session.holds_slot);
    EXPECT_TRUE(later.must_store);
    EXPECT_EQ(later.session.state, State::stopping);
}

TEST(SessionMachine, KeepsTheFirstReasonWhenStoppedTwice) {
    auto s = go(in(State::ready), StopRequested{EndReason::admin_request, "ann"}).session;
    s = go(s, StopRequested{EndReason::owner_request, ""}).session;
    s = go(s, ContainerGone{EndReason::container_died, ""}).session;
    EXPECT_EQ(s.end->reason, EndReason::admin_request);
}

TEST(Session, ContainerNamesAreNeverUsedTwice) {
    auto s = draft();
    EXPECT_EQ(container_name("d1", s.id, 1), "berth-d1-abcdefghijklmnopqrstuvwxyz-1");
    EXPECT_NE(container_name("d1", s.id, 1), container_name("d1", s.id, 2));
}

TEST(Session, EveryNameLeadsBack) {
    for (int i = 0; i <= static_cast<int>(State::ended); ++i)
        EXPECT_EQ(state_from(name_of(static_cast<State>(i))), static_cast<State>(i));
    for (int i = 0; i <= static_cast<int>(EndReason::host_maintenance); ++i)
        EXPECT_EQ(end_reason_from(name_of(static_cast<EndReason>(i))), static_cast<EndReason>(i));
    for (int i = 0; i <= static_cast<int>(Protocol::tcp); ++i)
        EXPECT_EQ(protocol_from(name_of(static_cast<Protocol>(i))), static_cast<Protocol>(i));
}

} // namespace
} // namespace berth::session
