// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "session/machine.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace berth::session {
namespace {

Event any_event(int kind) {
    const Error error{Errc::engine_error, "x"};
    switch (kind) {
    case 0: return Placed{HostId{"a"}, ""};
    case 1: return ContainerCreated{ContainerId{"c"}};
    case 2: return ContainerStarted{};
    case 3: return BecameReady{};
    case 4: return ActionFailed{Action::create_container, error};
    case 5: return ActionFailed{Action::remove_container, error};
    case 6: return ContainerRemoved{};
    case 7: return ContainerGone{EndReason::container_died, ""};
    case 8: return ViewerJoined{Rights::control};
    case 9: return ViewerLeft{Rights::control};
    case 10: return InputSeen{};
    case 11: return ExtendRequested{};
    case 12: return StopRequested{};
    case 13: return TimePassed{};
    case 14: return Recovered{};
    case 15: return ClockJumped{Seconds{7}};
    case 16: return ActionFailed{Action::start_container, Error{Errc::host_unreachable, "x"}};
    case 17: return ContainerGone{EndReason::host_lost, ""};
    case 18: return PauseRequested{};
    case 19: return Claimed{Owner{"local", "ann", "desktop"}, "ann", "", "", LeasePolicy{}};
    default: return PlacementFailed{error};
    }
}

// Whatever happens in whatever order: ranks never fall within a generation (I-5) but for a claim, a
// generation is never used twice, the end is final, a container is always removed before the end,
// and nothing is asked for that was not stored first.
RC_GTEST_PROP(SessionMachine, KeepsItsInvariantsUnderAnyHistory, ()) {
    Session draft;
    if (*rc::gen::arbitrary<bool>()) {
        draft.pool = "desktop";
        draft.owner = Owner{"pool", "desktop", "x"};
    }
    draft.policy.idle = Seconds{*rc::gen::inRange(0, 100)};
    draft.policy.disconnected = Seconds{*rc::gen::inRange(0, 100)};
    draft.policy.max_extensions = *rc::gen::inRange(-1, 4);
    TimePoint now{Seconds{1000}};
    auto s = begin(draft, now).session;
    auto kinds = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 21));
    for (auto kind : kinds) {
        now += Seconds{*rc::gen::inRange(0, 50)};
        auto event = any_event(kind);
        auto result = step(s, event, now);
        if (!result) {
            RC_ASSERT(std::holds_alternative<ExtendRequested>(event) || std::holds_alternative<Claimed>(event));
            continue;
        }
        const auto& next = result->session;
        auto is_claim = std::holds_alternative<Claimed>(event);
        RC_ASSERT(next.generation == s.generation || next.generation == s.generation + 1);
        RC_ASSERT(next.state >= s.state || next.generation > s.generation || is_claim);
        if (next.generation > s.generation) {
            RC_ASSERT(next.state == State::queued && result->must_store && !next.host && !next.container);
            RC_ASSERT(std::ssize(next.attempts) == next.generation - 1);
            RC_ASSERT(std::ssize(next.attempts) <= limits::start_retries);
        }
        RC_ASSERT(!(next.is_paused && next.pool.empty() && next.state == State::ready));
        if (is_claim) RC_ASSERT(s.state == State::ready && next.pool.empty() && result->must_store);
        if (s.state == State::ended) RC_ASSERT(result->actions.empty());
        if (next.state == State::ended && s.state != State::ended)
            RC_ASSERT(s.state == State::queued || std::holds_alternative<ContainerRemoved>(event));
        if (next.state != s.state && !result->actions.empty() && next.state != State::probing)
            RC_ASSERT(result->must_store);
        RC_ASSERT(next.control_viewers >= 0);
        RC_ASSERT((next.state >= State::stopping) == next.end.has_value());
        RC_ASSERT(!(next.state == State::ended && next.holds_slot));
        if (next.policy.max_extensions >= 0) RC_ASSERT(next.extensions_used <= next.policy.max_extensions);
        s = next;
    }
    // From anywhere a stop and a successful removal lead to the end (I-6).
    s = step(s, StopRequested{}, now)->session;
    s = step(s, ContainerRemoved{}, now)->session;
    RC_ASSERT(s.state == State::ended);
}

} // namespace
} // namespace berth::session
