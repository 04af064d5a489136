// SPDX-License-Identifier: Apache-2.0
#include "session/machine.hpp"

#include "base/limits.hpp"
#include "session/blame.hpp"

#include <algorithm>
#include <iterator>

namespace berth::session {
namespace {

Stage stage_of(State state) {
    switch (state) {
    case State::queued: return Stage::queued;
    case State::creating: return Stage::creating;
    case State::starting: return Stage::starting;
    case State::probing:
    case State::ready:
    case State::stopping:
    case State::ended: return Stage::waiting;
    }
    return Stage::waiting;
}

bool is_starting_up(State state) { return state < State::ready; }

StageTime& stage_time(Session& session, Stage stage) {
    return session.stages[static_cast<std::size_t>(stage)];
}

// What the person reads when the start failed; the engine's own words go to staff only.
std::string failure_sentence(Errc code) {
    switch (code) {
    case Errc::image_missing: return "The image of this desktop is not available at the moment.";
    case Errc::no_capacity: return "There was no free place for this desktop.";
    case Errc::host_unreachable: return "The machine that should run this desktop does not answer.";
    case Errc::timed_out: return "The desktop took too long to start.";
    case Errc::invalid_input: return "This desktop is not configured correctly.";
    case Errc::protocol_violation: return "The desktop did not answer as it should.";
    default: return "The desktop could not be started.";
    }
}

std::string end_sentence(EndReason reason) {
    switch (reason) {
    case EndReason::owner_request: return "You stopped this desktop.";
    case EndReason::admin_request: return "An administrator stopped this desktop.";
    case EndReason::lease_expired: return "The time of this desktop was over.";
    case EndReason::idle: return "Nobody used this desktop for a while.";
    case EndReason::disconnected: return "Nobody was connected to this desktop for a while.";
    case EndReason::failed: return "The desktop could not be started.";
    case EndReason::container_died: return "The desktop ended by itself.";
    case EndReason::out_of_memory: return "The desktop used more memory than it may.";
    case EndReason::removed_outside: return "The desktop was removed on its machine.";
    case EndReason::host_lost: return "The machine that ran this desktop was replaced.";
    case EndReason::host_maintenance: return "The machine that ran this desktop is being serviced.";
    }
    return "The desktop ended.";
}

class Stepper {
public:
    Stepper(const Session& session, TimePoint now)
        : now_{now} {
        step_.session = session;
    }

    Step take() { return std::move(step_); }

    void enter(State next) {
        auto& s = step_.session;
        if (is_starting_up(s.state)) stage_time(s, stage_of(s.state)).ended_at = now_;
        s.state = next;
        s.state_since = now_;
        if (is_starting_up(next)) stage_time(s, stage_of(next)).started_at = now_;
        step_.must_store = true;
        step_.is_visible = true;
    }

    void ask(Action action) { step_.actions.push_back(action); }
    void show() { step_.is_visible = true; }
    void store() { step_.must_store = true; }
    void need_not_store() { step_.must_store = false; }
    Session& session() { return step_.session; }
    TimePoint time() const { return now_; }

    void fail(const Error& error) {
        End end;
        end.reason = EndReason::failed;
        end.code = error.code();
        end.message = error.user_text().empty() ? failure_sentence(error.code()) : error.user_text();
        end.detail = describe(error);
        end.stage = stage_of(session().state);
        finish(std::move(end));
    }

    // The same start again as the next generation: what was made of this one is never used.
    void start_over(const Error& error) {
        auto& s = session();
        Attempt failed;
        if (s.host) failed.host = *s.host;
        failed.generation = s.generation;
        failed.code = error.code();
        failed.detail = error.operator_text();
        failed.stage = stage_of(s.state);
        failed.at = now_;
        s.attempts.push_back(std::move(failed));
        ++s.generation;
        s.host.reset();
        s.container.reset();
        s.engine_id.clear();
        s.placement.clear();
        s.placement_note.clear();
        s.is_paused = false;
        s.start_deadline.reset();
        s.ready_at.reset();
        s.lease_end.reset();
        s.disconnected_since.reset();
        s.stages = {};
        enter(State::queued);
        ask(Action::place);
        ask(Action::remove_former);
    }

    void stop(EndReason reason, std::string detail) {
        End end;
        end.reason = reason;
        end.message = end_sentence(reason);
        end.detail = std::move(detail);
        finish(std::move(end));
    }

private:
    // In the queue nothing exists yet, so the end is immediate; everywhere else the container is
    // removed first, even when we believe that none was made.
    void finish(End end) {
        auto& s = session();
        auto had_viewers = s.state == State::ready;
        auto has_container = s.state != State::queued;
        s.end = std::move(end);
        s.start_deadline.reset();
        if (has_container) {
            enter(State::stopping);
            if (had_viewers) ask(Action::close_viewers);
            ask(Action::remove_container);
        } else {
            enter(State::ended);
            s.ended_at = now_;
            s.holds_slot = false;
        }
    }

    Step step_;
    TimePoint now_;
};

// The limits of a start hold for all its attempts together. A pool does not insist: it makes another.
bool may_start_over(const Session& s, TimePoint now) {
    return s.pool.empty() && std::ssize(s.attempts) < limits::start_retries
        && now < s.created_at + limits::queue_wait;
}

// One that was handed out warm is replaced whatever broke it: its person asked for a desktop, not
// for that container.
void fail_or_start_over(Stepper& step, const Error& error) {
    const auto& s = step.session();
    auto is_worth_it = is_from_pool(s) || (blames_host(error, s.state) && !(s.start_deadline && *s.start_deadline <= step.time()));
    // It was made long ago: what is wrong with it says nothing about a host that answers.
    auto is_its_own = is_from_pool(s) && error.code() != Errc::host_unreachable;
    if (!is_worth_it || !may_start_over(s, step.time())) step.fail(error);
    else if (is_its_own) step.start_over(Error{Errc::not_ready, error.operator_text()});
    else step.start_over(error);
}

void begin_lease(Stepper& step) {
    auto& s = step.session();
    s.ready_at = step.time();
    s.start_deadline.reset();
    s.last_input_at = step.time();
    s.disconnected_since = step.time();
    if (s.policy.initial > Seconds{0}) s.lease_end = step.time() + s.policy.initial;
    if (auto limit = hard_limit(s)) s.lease_end = s.lease_end ? std::min(*s.lease_end, *limit) : *limit;
}

Error start_took_too_long(const Session& session) {
    return Error{Errc::timed_out, "still " + std::string{name_of(session.state)} + " at the start limit"};
}

// ---- one function per event -----------------------------------------------------------------------

void on(Stepper& step, const Placed& event) {
    auto& s = step.session();
    if (s.state != State::queued) return;
    s.host = event.host;
    s.placement_note = event.note;
    s.placement = event.considered;
    s.engine_id = event.engine_id;
    if (event.spec) s.spec = *event.spec;
    if (s.policy.start_limit > Seconds{0}) s.start_deadline = step.time() + s.policy.start_limit;
    step.enter(State::creating);
    step.ask(Action::create_container);
}

void on(Stepper& step, const PlacementFailed& event) {
    const auto& s = step.session();
    if (s.state != State::queued) return;
    if (s.attempts.empty()) {
        step.fail(event.error);
        return;
    }
    // There is nowhere else to try: what is told is why the start failed, not that.
    const auto& last = s.attempts.back();
    step.fail(Error{last.code, last.detail + "; no other host: " + event.error.operator_text()});
    step.session().end->stage = last.stage;
}

void on(Stepper& step, const ContainerCreated& event) {
    auto& s = step.session();
    // Stopped meanwhile: the id is noted for the record, the removal works by label anyway.
    if (s.state == State::creating || s.state == State::stopping) s.container = event.container;
    if (s.state != State::creating) return;
    step.enter(State::starting);
    step.ask(Action::start_container);
}

void on(Stepper& step, const ContainerStarted&) {
    if (step.session().state != State::starting) return;
    step.session().is_paused = false;
    step.enter(State::probing);
    // One commit saved: after a crash the start is repeated, which an engine answers at once.
    step.need_not_store();
    step.ask(Action::probe_ready);
}

void on(Stepper& step, const BecameReady&) {
    if (step.session().state != State::probing) return;
    begin_lease(step);
    step.enter(State::ready);
}

void on(Stepper& step, const ActionFailed& event) {
    auto& s = step.session();
    if (event.action == Action::pause_container) {
        // It goes on running: dearer, not broken. Claimed meanwhile, or nobody knows whether it stands
        // still: resuming it settles that.
        auto is_unknown = event.error.code() == Errc::timed_out || event.error.code() == Errc::host_unreachable;
        if (s.state != State::ready || s.pool.empty() || !s.is_paused || is_unknown) return;
        s.is_paused = false;
        step.store();
        return;
    }
    if (s.state == State::creating || s.state == State::starting || s.state == State::probing) {
        fail_or_start_over(step, event.error);
        return;
    }
    if (s.state != State::stopping || event.action != Action::remove_container) return;
    auto pause = std::min<Seconds>(Seconds{1LL << std::min(s.stop_attempts, 10)}, limits::removal_retry_longest);
    ++s.stop_attempts;
    s.retry_at = step.time() + pause;
    if (s.end) s.end->detail += (s.end->detail.empty() ? "" : "; ") + std::string{"removal: "} + describe(event.error);
    if (s.end && s.end->detail.size() > 4000) s.end->detail.resize(4000);
    step.store();
    step.show();
}

void on(Stepper& step, const ContainerRemoved&) {
    auto& s = step.session();
    if (s.state != State::stopping) return;
    s.ended_at = step.time();
    s.retry_at.reset();
    s.holds_slot = false;
    step.enter(State::ended);
}

void on(Stepper& step, const ContainerGone& event) {
    const auto& s = step.session();
    // A replaced engine has lost what was begun there; everything else is the image's own doing.
    auto code = event.reason == EndReason::host_lost ? Errc::host_unreachable : Errc::engine_error;
    // An engine clears away what it could not create, and tells of that before or after it answers: the
    // answer says why. If somebody really removed it, the start finds nothing.
    if (s.state == State::creating && event.reason == EndReason::removed_outside) return;
    switch (s.state) {
    case State::queued:
    case State::stopping: // our own removal
    case State::ended: return;
    case State::creating:
    case State::starting:
    case State::probing:
        fail_or_start_over(step, Error{
            code,
            std::string{name_of(event.reason)} + " while starting: " + event.detail,
            "The desktop stopped while it was starting."});
        return;
    case State::ready:
        // It was dead already when it was handed out.
        if (is_from_pool(s) && step.time() < *s.ready_at + limits::warm_proof && may_start_over(s, step.time())) {
            step.start_over(Error{code, std::string{name_of(event.reason)} + " when claimed: " + event.detail});
            return;
        }
        step.stop(event.reason, event.detail);
        return;
    }
}

void on(Stepper& step, const ViewerJoined& event) {
    auto& s = step.session();
    ++(event.rights == Rights::control ? s.control_viewers : s.view_viewers);
    if (s.state != State::ready) return;
    s.disconnected_since.reset();
    step.show();
}

void on(Stepper& step, const ViewerLeft& event) {
    auto& s = step.session();
    auto& count = event.rights == Rights::control ? s.control_viewers : s.view_viewers;
    count = std::max(0, count - 1);
    if (s.state != State::ready) return;
    if (s.control_viewers + s.view_viewers == 0) s.disconnected_since = step.time();
    step.show();
}

void on(Stepper& step, const InputSeen&) {
    auto& s = step.session();
    if (s.state != State::ready) return;
    // The stored value may lag: it is only read after a restart, which begins the idle time anew.
    if (step.time() - s.last_input_at >= limits::input_stored && s.policy.idle > Seconds{0}) step.show();
    s.last_input_at = std::max(s.last_input_at, step.time());
}

void on(Stepper& step, const StopRequested& event) {
    auto state = step.session().state;
    if (state == State::stopping || state == State::ended) return;
    step.stop(event.reason, event.detail);
}

void on_time_when_ready(Stepper& step) {
    auto& s = step.session();
    auto now = step.time();
    if (auto end = ends_at(s); end && *end <= now) {
        step.stop(EndReason::lease_expired, "");
    } else if (auto idle = idle_deadline(s); idle && *idle <= now) {
        step.stop(EndReason::idle, "");
    } else if (auto gone = disconnected_deadline(s); gone && *gone <= now) {
        step.stop(EndReason::disconnected, "");
    }
}

void on(Stepper& step, const TimePassed&) {
    auto& s = step.session();
    switch (s.state) {
    case State::queued:
        if (step.time() - s.created_at >= limits::queue_wait)
            step.fail(Error{Errc::no_capacity, "waited too long in the queue"});
        return;
    case State::creating:
    case State::starting:
    case State::probing:
        if (!s.start_deadline || step.time() < *s.start_deadline) return;
        // Of a warm one nobody waits for more than a moment; it says nothing about its host.
        if (is_from_pool(s)) fail_or_start_over(step, Error{Errc::not_ready, "the claimed desktop did not answer"});
        else step.fail(start_took_too_long(s));
        return;
    case State::ready: on_time_when_ready(step); return;
    case State::stopping:
        if (s.holds_slot && step.time() - s.state_since >= limits::owner_released) {
            s.holds_slot = false;
            step.store();
        }
        if (s.retry_at && *s.retry_at <= step.time()) {
            s.retry_at.reset();
            step.ask(Action::remove_container);
        }
        return;
    case State::ended: return;
    }
}

void on(Stepper& step, const Recovered&) {
    auto& s = step.session();
    s.control_viewers = s.view_viewers = 0;
    switch (s.state) {
    case State::queued: step.ask(Action::place); return;
    case State::creating: step.ask(Action::create_container); return;
    case State::starting: step.ask(s.is_paused ? Action::resume_container : Action::start_container); return;
    case State::probing: step.ask(Action::probe_ready); return;
    case State::ready:
        // Nobody could connect or type while we were away: those clocks begin anew. The lease's
        // does not.
        s.last_input_at = step.time();
        s.disconnected_since = step.time();
        if (s.is_paused) step.ask(Action::pause_container);
        return;
    case State::stopping:
        s.retry_at.reset();
        step.ask(Action::remove_container);
        return;
    case State::ended: return;
    }
}

void on(Stepper& step, const ClockJumped& event) {
    auto& s = step.session();
    if (s.state == State::ended) return;
    auto move = [&](std::optional<TimePoint>& time) {
        if (time) *time += event.by;
    };
    s.created_at += event.by;
    s.state_since += event.by;
    s.last_input_at += event.by;
    for (auto& stage : s.stages) {
        move(stage.started_at);
        move(stage.ended_at);
    }
    move(s.start_deadline);
    move(s.ready_at);
    move(s.lease_end);
    move(s.disconnected_since);
    move(s.retry_at);
    step.store();
    step.show();
}

void on(Stepper& step, const PauseRequested&) {
    auto& s = step.session();
    if (s.state != State::ready || s.pool.empty() || s.is_paused) return;
    s.is_paused = true;
    step.store();
    step.ask(Action::pause_container);
}

Result<Step> claim(const Session& session, const Claimed& event, TimePoint now) {
    if (session.pool.empty() || session.state != State::ready)
        return Error{Errc::conflict, "claim: " + std::string{name_of(session.state)}
                                         + (session.pool.empty() ? ", not in a pool" : "")};
    Stepper step{session, now};
    auto& s = step.session();
    s.owner = event.owner;
    s.requested_by = event.requested_by;
    s.name = event.name;
    s.idempotency_key = event.idempotency_key;
    s.policy = event.policy;
    s.pool.clear();
    s.created_at = now;
    // What was done before anybody asked is no stage of this person's start: is_from_pool().
    s.stages = {};
    s.stages[static_cast<std::size_t>(Stage::queued)] = StageTime{now, now};
    if (s.is_paused) {
        step.enter(State::starting);
        s.start_deadline = now + limits::warm_resume;
        step.ask(Action::resume_container);
    } else {
        begin_lease(step);
        step.enter(State::ready);
        s.stages[static_cast<std::size_t>(Stage::waiting)] = StageTime{now, now};
    }
    return step.take();
}

Result<Step> extend(const Session& session, TimePoint now) {
    if (!is_live(session) || session.state == State::stopping)
        return Error{Errc::ended, "extend: " + std::string{name_of(session.state)}, "This desktop has ended."};
    if (session.state != State::ready)
        return Error{Errc::conflict, "extend: not ready", "This desktop is not ready yet."};
    if (!session.lease_end)
        return Error{Errc::conflict, "extend: no lease", "This desktop has no time limit."};
    auto longer = *session.lease_end + session.policy.extension;
    if (auto limit = hard_limit(session)) longer = std::min(longer, *limit);
    if (extensions_left(session) == 0 || longer <= *session.lease_end)
        return Error{Errc::quota_exceeded, "extend: none left", "This desktop cannot be extended again."};
    Stepper step{session, now};
    step.session().lease_end = longer;
    ++step.session().extensions_used;
    step.store();
    step.show();
    return step.take();
}

} // namespace

std::string_view name_of(Action action) noexcept {
    switch (action) {
    case Action::place: return "place";
    case Action::create_container: return "create_container";
    case Action::start_container: return "start_container";
    case Action::probe_ready: return "probe_ready";
    case Action::pause_container: return "pause_container";
    case Action::resume_container: return "resume_container";
    case Action::close_viewers: return "close_viewers";
    case Action::remove_container: return "remove_container";
    case Action::remove_former: return "remove_former";
    }
    return "remove_container";
}

std::string_view name_of(const Event& event) noexcept {
    // In the order of the variant.
    static constexpr std::array<std::string_view, std::variant_size_v<Event>> names{
        "placed", "container_created", "container_started", "became_ready", "action_failed",
        "container_removed", "container_gone", "viewer_joined", "viewer_left", "input_seen",
        "extend_requested", "stop_requested", "time_passed", "recovered", "placement_failed", "clock_jumped",
        "pause_requested", "claimed"};
    return names[event.index()];
}

Step begin(Session draft, TimePoint now) {
    draft.state = State::queued;
    draft.created_at = now;
    draft.state_since = now;
    draft.last_input_at = now;
    draft.holds_slot = true;
    stage_time(draft, Stage::queued).started_at = now;
    Step first;
    first.session = std::move(draft);
    first.actions.push_back(Action::place);
    first.must_store = true;
    first.is_visible = true;
    return first;
}

Result<Step> step(const Session& session, const Event& event, TimePoint now) {
    if (std::holds_alternative<ExtendRequested>(event)) return extend(session, now);
    if (const auto* claimed = std::get_if<Claimed>(&event)) return claim(session, *claimed, now);
    Stepper stepper{session, now};
    std::visit(
        [&](const auto& one) {
            using One = std::decay_t<decltype(one)>;
            if constexpr (!std::is_same_v<One, ExtendRequested> && !std::is_same_v<One, Claimed>) on(stepper, one);
        },
        event
    );
    return stepper.take();
}

std::optional<TimePoint> next_deadline(const Session& session) noexcept {
    std::optional<TimePoint> next;
    auto consider = [&](std::optional<TimePoint> time) {
        if (time && (!next || *time < *next)) next = time;
    };
    switch (session.state) {
    case State::queued: consider(session.created_at + limits::queue_wait); break;
    case State::creating:
    case State::starting:
    case State::probing: consider(session.start_deadline); break;
    case State::ready:
        consider(ends_at(session));
        consider(idle_deadline(session));
        consider(disconnected_deadline(session));
        break;
    case State::stopping:
        consider(session.retry_at);
        if (session.holds_slot) consider(session.state_since + limits::owner_released);
        break;
    case State::ended: break;
    }
    return next;
}

} // namespace berth::session
