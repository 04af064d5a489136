// SPDX-License-Identifier: Apache-2.0
#pragma once
// Decides everything about the life of a session: state + event + time → state + actions.
// Coroutines elsewhere only carry the actions out and bring events back.

#include "session/session.hpp"

#include <variant>

namespace berth::session {

// What a session may ask for. Carried out in the order asked, one at a time; only probe_ready may be
// interrupted by a later action, since the engine finishes what it began, and remove_former holds up
// nobody: it is about a container that is not ours any more.
enum class Action {
    place,
    create_container,
    start_container,
    probe_ready,
    pause_container,  // of a session that waits in a pool
    resume_container, // of one that was claimed from it
    close_viewers,
    remove_container,
    remove_former // the container of the last attempt, if its host answers; else the reconciler does
};
std::string_view name_of(Action action) noexcept;

// What can happen to a session. Closed list: machine.cpp visits all of it.
struct Placed {
    HostId host;
    std::string note;
    std::string engine_id;              // of the host now
    std::vector<Considered> considered; // every host of that moment
    std::optional<Spec> spec;           // with what the image says of itself, where it was not known before
};
struct ContainerCreated {
    ContainerId container;
};
struct ContainerStarted {};
struct BecameReady {};
// That action did not succeed. In creating, starting and probing the session starts over on another
// host where the host is to blame, else it ends; in stopping a failed removal schedules the next
// attempt.
struct ActionFailed {
    Action action;
    Error error;
};
struct ContainerRemoved {}; // positive: absent on a reachable engine
// Noticed without our doing: engine event or reconciler.
struct ContainerGone {
    EndReason reason = EndReason::container_died;
    std::string detail;
};
enum class Rights { control, view };
struct ViewerJoined {
    Rights rights;
};
struct ViewerLeft {
    Rights rights;
};
struct InputSeen {};
struct ExtendRequested {};
struct StopRequested {
    EndReason reason = EndReason::owner_request;
    std::string detail;
};
struct TimePassed {};  // look at the deadlines
struct Recovered {};   // the process has started and knows only the stored row
// The system's clock jumped and the process follows it: every time of the session moves along, so
// that nobody gains or loses.
struct ClockJumped {
    Milliseconds by{0};
};
// Nothing suitable is running or queued can be placed: leaves the queue with a failure.
struct PlacementFailed {
    Error error;
};
// Nobody uses this session of a pool yet: its processes may stand still.
struct PauseRequested {};
// A session of a pool gets its person. The policy is the person's from here on.
struct Claimed {
    Owner owner;
    std::string requested_by;
    std::string name;
    std::string idempotency_key;
    LeasePolicy policy;
};

using Event = std::variant<
    Placed, ContainerCreated, ContainerStarted, BecameReady, ActionFailed, ContainerRemoved,
    ContainerGone, ViewerJoined, ViewerLeft, InputSeen, ExtendRequested, StopRequested, TimePassed,
    Recovered, PlacementFailed, ClockJumped, PauseRequested, Claimed>;
std::string_view name_of(const Event& event) noexcept;

struct Step {
    Session session;
    std::vector<Action> actions;
    bool must_store = false;  // intention: store before any action is carried out
    bool is_visible = false;  // subscribers should hear of it
};

// A new session in `queued`, and what to do first.
Step begin(Session draft, TimePoint now);

// Errors only for requests that are refused: conflict (not ready, not in a pool), quota_exceeded (no
// extension left). Every other event is accepted or ignored with a reason (see the table in machine_test.cpp).
Result<Step> step(const Session& session, const Event& event, TimePoint now);

// The next time at which TimePassed may change something; nothing = never.
std::optional<TimePoint> next_deadline(const Session& session) noexcept;

} // namespace berth::session
