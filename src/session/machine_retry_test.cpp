// SPDX-License-Identifier: Apache-2.0
// Starts that go on elsewhere, and sessions of a pool.
#include "base/limits.hpp"
#include "session/blame.hpp"
#include "session/machine.hpp"

#include <gtest/gtest.h>

namespace berth::session {
namespace {

constexpr TimePoint t0{Milliseconds{1'700'000'000'000}};
constexpr Seconds second{1};
const Error unreachable{Errc::host_unreachable, "host a: no answer"};

Session queued() {
    Session s;
    s.id = SessionId{"abcdefghijklmnopqrstuvwxyz"};
    s.owner = Owner{"local", "u1", "desktop"};
    s.policy.initial = Seconds{3600};
    return begin(s, t0).session;
}

Step go(const Session& s, const Event& event, TimePoint now = t0) {
    auto result = step(s, event, now);
    EXPECT_TRUE(result) << describe(result.error());
    return result ? *result : Step{};
}

Session creating(std::string host = "a") { return go(queued(), Placed{HostId{std::move(host)}, "why"}).session; }

TEST(SessionRetry, GoesBackToTheQueueAsTheNextGenerationAndRemembersWhy) {
    auto s = creating();
    s = go(s, ContainerCreated{ContainerId{"c1"}}).session;
    auto again = go(s, ActionFailed{Action::start_container, unreachable}, t0 + second);
    EXPECT_EQ(again.session.state, State::queued);
    EXPECT_TRUE(again.must_store);
    EXPECT_EQ(again.session.generation, 2);
    EXPECT_FALSE(again.session.host || again.session.container || again.session.start_deadline);
    ASSERT_EQ(again.session.attempts.size(), 1U);
    const auto& attempt = again.session.attempts[0];
    EXPECT_EQ(attempt.host.str(), "a");
    EXPECT_EQ(attempt.generation, 1);
    EXPECT_EQ(attempt.code, Errc::host_unreachable);
    EXPECT_EQ(attempt.stage, Stage::starting);
    EXPECT_EQ(attempt.at, t0 + second);
    EXPECT_FALSE(again.session.stages[1].started_at) << "the stages are those of this attempt";
}

TEST(SessionRetry, EndsAfterTheLastRetryWithWhatReallyWentWrong) {
    auto s = queued();
    for (int i = 0; i < limits::start_retries; ++i) {
        s = go(s, Placed{HostId{"h" + std::to_string(i)}, ""}).session;
        s = go(s, ActionFailed{Action::create_container, unreachable}).session;
        ASSERT_EQ(s.state, State::queued);
    }
    s = go(s, Placed{HostId{"last"}, ""}).session;
    s = go(s, ActionFailed{Action::create_container, unreachable}).session;
    EXPECT_EQ(s.state, State::stopping);
    EXPECT_EQ(s.end->code, Errc::host_unreachable);
    EXPECT_EQ(s.generation, limits::start_retries + 1);
}

TEST(SessionRetry, WithoutAnotherHostTheFirstFailureIsTold) {
    auto s = go(creating(), ActionFailed{Action::create_container, unreachable}).session;
    s = go(s, PlacementFailed{Error{Errc::no_capacity, "a: excluded"}}).session;
    EXPECT_EQ(s.state, State::ended);
    EXPECT_EQ(s.end->code, Errc::host_unreachable);
    EXPECT_EQ(s.end->stage, Stage::creating);
    EXPECT_NE(s.end->detail.find("a: excluded"), std::string::npos);
}

TEST(SessionRetry, ABadImageIsNotTriedElsewhere) {
    auto s = go(creating(), ActionFailed{Action::create_container, Error{Errc::invalid_input, "bad"}}).session;
    EXPECT_EQ(s.state, State::stopping);
    auto died = go(creating(), ContainerGone{EndReason::container_died, "exit code 1"}).session;
    EXPECT_EQ(died.state, State::stopping);
    EXPECT_TRUE(died.attempts.empty());
}

TEST(SessionRetry, AReplacedEngineLosesNoStart) {
    auto s = go(creating(), ContainerGone{EndReason::host_lost, "other id"}).session;
    EXPECT_EQ(s.state, State::queued);
    EXPECT_EQ(s.generation, 2);
}

TEST(SessionRetry, NothingIsTriedAgainPastTheLimits) {
    auto late = go(creating(), ActionFailed{Action::create_container, unreachable}, t0 + Seconds{90}).session;
    EXPECT_EQ(late.state, State::stopping) << "the start limit is over";
    EXPECT_EQ(go(creating(), TimePassed{}, t0 + Seconds{90}).session.state, State::stopping);
    auto s = queued();
    s = go(s, Placed{HostId{"a"}, ""}, t0 + limits::queue_wait - second).session;
    s = go(s, ActionFailed{Action::create_container, unreachable}, t0 + limits::queue_wait).session;
    EXPECT_EQ(s.state, State::stopping) << "the queue's limit is over";
}

TEST(SessionRetry, EachAttemptHasItsOwnStartLimit) {
    auto s = go(creating(), ActionFailed{Action::create_container, unreachable}, t0 + Seconds{60}).session;
    s = go(s, Placed{HostId{"b"}, ""}, t0 + Seconds{60}).session;
    EXPECT_EQ(s.start_deadline, t0 + Seconds{150});
}

// ---- pools ----------------------------------------------------------------------------------------

Session warm() {
    Session s;
    s.id = SessionId{"abcdefghijklmnopqrstuvwxyz"};
    s.owner = Owner{"pool", "desktop", s.id.str()};
    s.pool = "desktop";
    s.policy.initial = Seconds{0};
    s = begin(s, t0).session;
    s = go(s, Placed{HostId{"a"}, ""}).session;
    s = go(s, ContainerCreated{ContainerId{"c"}}).session;
    s = go(s, ContainerStarted{}).session;
    return go(s, BecameReady{}).session;
}

Claimed claim() {
    Claimed claimed;
    claimed.owner = Owner{"local", "ann", "desktop"};
    claimed.requested_by = "ann";
    claimed.policy.initial = Seconds{600};
    return claimed;
}

TEST(SessionPool, NoClockRunsBeforeTheClaim) {
    EXPECT_FALSE(next_deadline(warm()));
    EXPECT_EQ(go(warm(), TimePassed{}, t0 + Seconds{1'000'000}).session.state, State::ready);
    EXPECT_EQ(step(warm(), ExtendRequested{}, t0).error().code(), Errc::conflict);
}

TEST(SessionPool, ARunningOneIsReadyAtOnceAndItsLeaseBeginsWithTheClaim) {
    auto now = t0 + Seconds{5000};
    auto claimed = go(warm(), claim(), now);
    EXPECT_EQ(claimed.session.state, State::ready);
    EXPECT_TRUE(claimed.must_store && claimed.is_visible);
    EXPECT_TRUE(claimed.actions.empty());
    EXPECT_EQ(claimed.session.owner.subject, "ann");
    EXPECT_EQ(claimed.session.created_at, now);
    EXPECT_EQ(claimed.session.ready_at, now);
    EXPECT_EQ(claimed.session.lease_end, now + Seconds{600});
    EXPECT_TRUE(claimed.session.pool.empty());
    EXPECT_EQ(step(claimed.session, claim(), now).error().code(), Errc::conflict) << "once";
}

TEST(SessionPool, APausedOneIsResumedAndProbedFirst) {
    auto asked = go(warm(), PauseRequested{});
    EXPECT_EQ(asked.actions, std::vector{Action::pause_container});
    EXPECT_TRUE(asked.must_store);
    auto paused = asked.session;
    EXPECT_TRUE(paused.is_paused);
    EXPECT_TRUE(go(paused, PauseRequested{}).actions.empty());
    EXPECT_EQ(go(paused, Recovered{}).actions, std::vector{Action::pause_container}) << "the intention is repeated";
    auto claimed = go(paused, claim());
    EXPECT_EQ(claimed.session.state, State::starting);
    EXPECT_EQ(claimed.actions, std::vector{Action::resume_container});
    EXPECT_EQ(go(claimed.session, Recovered{}).actions, std::vector{Action::resume_container});
    auto probing = go(claimed.session, ContainerStarted{});
    EXPECT_EQ(probing.actions, std::vector{Action::probe_ready});
    EXPECT_FALSE(probing.session.is_paused);
    auto ready = go(probing.session, BecameReady{}).session;
    EXPECT_EQ(ready.lease_end, t0 + Seconds{600});
}

TEST(SessionPool, APauseThatFailedLeavesItRunning) {
    auto paused = go(warm(), PauseRequested{}).session;
    auto failed = go(paused, ActionFailed{Action::pause_container, Error{Errc::engine_error, "cannot freeze"}});
    EXPECT_FALSE(failed.session.is_paused);
    EXPECT_TRUE(failed.must_store);
    EXPECT_TRUE(go(paused, ActionFailed{Action::pause_container, unreachable}).session.is_paused) << "it may stand still after all";
    auto claimed = go(paused, claim()).session;
    EXPECT_EQ(go(claimed, ActionFailed{Action::pause_container, unreachable}).session.state, State::starting) << "too late to matter";
}

TEST(SessionPool, ADeadOneBecomesAnOrdinaryStart) {
    auto paused = go(warm(), PauseRequested{}).session;
    auto claimed = go(paused, claim()).session;
    for (const Event& event : {
             Event{ActionFailed{Action::resume_container, Error{Errc::not_found, "no such container"}}},
             Event{ContainerGone{EndReason::container_died, ""}},
         }) {
        auto again = go(claimed, event);
        EXPECT_EQ(again.session.state, State::queued) << name_of(event);
        EXPECT_EQ(again.session.generation, 2);
        EXPECT_EQ(again.session.owner.subject, "ann");
        EXPECT_FALSE(again.session.end);
        EXPECT_EQ(again.actions, (std::vector{Action::place, Action::remove_former}));
    }
    EXPECT_EQ(next_deadline(claimed), t0 + limits::warm_resume);
    EXPECT_EQ(go(claimed, TimePassed{}, t0 + limits::warm_resume).session.state, State::queued) << "silent";
    auto running = go(warm(), claim()).session;
    EXPECT_EQ(go(running, ContainerGone{EndReason::container_died, ""}, t0 + second).session.state, State::queued);
    EXPECT_EQ(go(running, ContainerGone{EndReason::container_died, ""}, t0 + limits::warm_proof).session.state, State::stopping)
        << "by then it died in its person's hands";
}

// Its host may well make the next one, and is the only one in many installations.
TEST(SessionPool, ADeadOneSaysNothingAboutItsHostIfThatAnswers) {
    auto claimed = go(go(warm(), PauseRequested{}).session, claim()).session;
    for (const auto& error : {
             Error{Errc::engine_error, "unpause: engine answered 500: container is not running"},
             Error{Errc::timed_out, "unpause"},
         }) {
        auto again = go(claimed, ActionFailed{Action::resume_container, error}).session;
        ASSERT_EQ(again.attempts.size(), 1U);
        EXPECT_EQ(again.attempts[0].code, Errc::not_ready);
        EXPECT_EQ(again.attempts[0].detail, error.operator_text());
        auto hosts = hosts_that_failed(again);
        EXPECT_TRUE(hosts.avoid.empty() && hosts.shun.empty()) << error.operator_text();
    }
    auto lost = go(claimed, ActionFailed{Action::resume_container, unreachable}).session;
    EXPECT_EQ(hosts_that_failed(lost).avoid, std::set{HostId{"a"}});
}

TEST(SessionPool, OnlyAReadyOneOfAPoolCanBeClaimed) {
    EXPECT_EQ(step(queued(), claim(), t0).error().code(), Errc::conflict);
    auto ordinary = creating();
    EXPECT_EQ(step(ordinary, claim(), t0).error().code(), Errc::conflict);
    auto stopping = go(warm(), StopRequested{}).session;
    EXPECT_EQ(step(stopping, claim(), t0).error().code(), Errc::conflict);
}

TEST(SessionPool, AFailedStartOfAPoolIsNotTriedElsewhere) {
    Session s;
    s.pool = "desktop";
    s = go(begin(s, t0).session, Placed{HostId{"a"}, ""}).session;
    EXPECT_EQ(go(s, ActionFailed{Action::create_container, unreachable}).session.state, State::stopping);
}

} // namespace
} // namespace berth::session
