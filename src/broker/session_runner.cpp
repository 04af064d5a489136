// SPDX-License-Identifier: Apache-2.0
#include "broker/session_runner.hpp"

#include "base/failpoint.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "net/deadline.hpp"
#include "session/blame.hpp"

#include <algorithm>
#include <utility>

namespace berth::broker {

using session::Action;
using session::State;

namespace {

constexpr std::size_t longest_cause = 300;

// A start that failed where it was tried, whether it goes on elsewhere or not: "stage: code: what was said".
void add_failed_start(EventRecord& record, const session::Session& before, const session::Session& after) {
    if (after.generation != before.generation) {
        const auto& failed = after.attempts.back();
        record.host = failed.host;
        record.cause = std::string{session::name_of(failed.stage)} + ": " + describe(Error{failed.code, failed.detail});
    } else if (!before.end && after.end && after.end->reason == session::EndReason::failed) {
        // The detail of an end begins with its code.
        record.cause = std::string{session::name_of(after.end->stage.value_or(session::Stage::waiting))} + ": " + after.end->detail;
    } else {
        return;
    }
    record.type = "session.failed";
    record.cause = log_safe(record.cause, longest_cause);
}

} // namespace

// The answer to one ask(); shared by the asker, who may go away, and the loop.
struct SessionRunner::Asked {
    explicit Asked(const net::Executor& executor)
        : answered{executor} {}
    std::optional<Result<session::Session>> answer;
    net::Signal answered;
};

SessionRunner::SessionRunner(
    RunnerContext& context, session::Session stored, std::vector<Action> first, HostSlot slot
)
    : context_{context}
    , session_{std::move(stored)}
    , slot_{std::move(slot)}
    , actions_{first.begin(), first.end()}
    , inbox_changed_{context.executor}
    , actions_changed_{context.executor}
    , session_changed_{context.executor}
    , probe_scope_{context.executor, "probe"}
    , former_scope_{context.executor, "former"}
    , act_scope_{context.executor, "act"} {
    begin_creation();
}

void SessionRunner::begin() {
    while (!actions_.empty() && actions_.front() == Action::place) {
        actions_.pop_front();
        place();
    }
}

void SessionRunner::post(session::Event event) {
    Item item;
    item.event = std::move(event);
    inbox_.push_back(std::move(item));
    inbox_changed_.notify();
}

net::Task<Result<session::Session>> SessionRunner::ask(session::Event event, std::string actor) {
    auto asked = std::make_shared<Asked>(context_.executor);
    Item item;
    item.event = std::move(event);
    item.actor = std::move(actor);
    item.asked = asked;
    inbox_.push_back(std::move(item));
    inbox_changed_.notify();
    while (!asked->answer) co_await asked->answered.wait_past(asked->answered.count());
    co_return *asked->answer;
}

net::Task<void> SessionRunner::wait_while(
    std::function<bool(const session::Session&)> condition, Deadline deadline
) {
    while (condition(session_) && std::chrono::steady_clock::now() < deadline) {
        auto waiting = session_changed_.wait_past_until(session_changed_.count(), deadline);
        co_await std::move(waiting);
    }
}

void SessionRunner::placed(session::Event event, HostSlot slot) {
    if (auto* placed = std::get_if<session::Placed>(&event); placed && !is_complete(session_.spec))
        placed->spec = complete(session_.spec, context_.hosts.facts_of(session_.spec.image));
    slot_ = std::move(slot);
    post(std::move(event));
}

net::Task<void> SessionRunner::run() {
    act_scope_.spawn(act());
    context_.keeper.arm(session_.id, session::next_deadline(session_));
    while (session_.state != State::ended) {
        while (inbox_.empty()) co_await inbox_changed_.wait_past(inbox_changed_.count());
        auto item = std::move(inbox_.front());
        inbox_.pop_front();
        auto handling = handle(std::move(item));
        co_await std::move(handling);
    }
    context_.keeper.arm(session_.id, std::nullopt);
    co_await stop();
    end_creation();
    slot_.release();
    for (auto& item : inbox_) {
        if (!item.asked) continue;
        item.asked->answer = session_;
        item.asked->answered.notify();
    }
}

net::Task<void> SessionRunner::stop() {
    context_.queue.leave(session_.id);
    co_await probe_scope_.stop();
    co_await former_scope_.stop();
    co_await act_scope_.stop();
}

net::Task<void> SessionRunner::handle(Item item) {
    for (auto pause = Milliseconds{100};; pause = std::min(pause * 2, Milliseconds{5000})) {
        auto stepped = session::step(session_, item.event, context_.clock.now());
        Status stored;
        if (!stepped) {
            stored = stepped.error();
        } else {
            auto storing = store(*stepped, item);
            stored = co_await std::move(storing);
            if (stored) adopt(std::move(*stepped));
        }
        if (item.asked) {
            if (stored) item.asked->answer = session_;
            else item.asked->answer = Result<session::Session>{stored.error()};
            item.asked->answered.notify();
            co_return;
        }
        if (stored || !stepped) co_return;
        // Nobody waits for this one, and it must not be lost: the store will come back.
        log("broker").error("store_failed session={} event={} {}", session_.id.str(),
                            session::name_of(item.event), log_safe(describe(stored.error())));
        co_await net::sleep_for(pause);
    }
}

net::Task<Status> SessionRunner::store(session::Step& step, const Item& item) {
    if (!step.must_store) co_return Status{};
    std::optional<EventRecord> record = record_of(step, item);
    auto copy = step.session;
    auto updating = context_.store.update(std::move(copy), std::move(record));
    auto version = co_await std::move(updating);
    if (!version) co_return version.error();
    step.session.version = *version;
    co_return Status{};
}

void SessionRunner::adopt(session::Step step) {
    auto before = session_.state;
    auto generation = session_.generation;
    session_ = std::move(step.session);
    begin_creation();
    // Not in the queue: the slot that waits there for its event is the next attempt's.
    if (session_.state >= State::probing || is_stale(generation)) {
        end_creation();
        slot_.creation_done();
    }
    // The place there is given up; what may still be in it is removed by its own action.
    if (is_stale(generation)) slot_.release();
    note_change(before, generation);
    if (session_.state != State::probing) probe_scope_.cancel();
    context_.keeper.arm(session_.id, session::next_deadline(session_));
    if (step.is_visible) context_.sink.session_changed(session_);
    for (auto action : step.actions) actions_.push_back(action);
    if (!step.actions.empty()) actions_changed_.notify();
    session_changed_.notify();
}

void SessionRunner::note_change(State before, int generation) {
    if (is_stale(generation)) {
        const auto& failed = session_.attempts.back();
        log("broker").warn("start_again session={} generation={} failed_on={} {}", session_.id.str(),
                           session_.generation, failed.host.str(), log_safe(failed.detail, 500));
    }
    if (before == session_.state) return;
    log("broker").info(
        "session_{} session={} template={} host={}", session::name_of(session_.state),
        session_.id.str(), session_.template_name.str(), session_.host ? session_.host->str() : "-");
    if (session_.state == State::stopping && session_.end->reason == session::EndReason::failed)
        log("broker").warn("start_failed session={} {}", session_.id.str(), log_safe(session_.end->detail, 500));
    // Of those who waited for all of it: what was made ahead of time tells nobody how long a start takes.
    auto is_told = session_.pool.empty() && !session::is_from_pool(session_);
    if (before == State::probing && session_.state == State::ready && is_told)
        context_.start_times.note(session_.template_name, *session_.ready_at - session_.created_at);
}

// A claimed session only goes on; nothing is created for it.
void SessionRunner::begin_creation() {
    if (creating_on_ || session_.state != State::creating) return;
    creating_on_ = session_.host;
    engine_took_ = Milliseconds{0};
    context_.meter.began(*creating_on_);
}

void SessionRunner::end_creation() {
    if (!creating_on_) return;
    // What failed for a reason of its own says nothing about the host's pace; a time-out does.
    auto is_telling = session_.state == State::probing
                   || (session_.state == State::queued && session_.attempts.back().code == Errc::timed_out)
                   || (session_.state == State::stopping && session_.end->code == Errc::timed_out);
    context_.meter.ended(*creating_on_, is_telling ? std::optional{engine_took_} : std::nullopt);
    creating_on_.reset();
}

EventRecord SessionRunner::record_of(const session::Step& step, const Item& item) const {
    EventRecord record;
    record.at = context_.clock.now();
    record.type = "session." + std::string{session::name_of(item.event)};
    record.session = session_.id;
    record.owner = step.session.owner; // a claim changes it
    record.host = step.session.host.value_or(HostId{});
    record.from_state = session::name_of(session_.state);
    record.to_state = session::name_of(step.session.state);
    record.actor = item.actor;
    if (step.session.end) record.cause = session::name_of(step.session.end->reason);
    add_failed_start(record, session_, step.session);
    return record;
}

// ---- actions --------------------------------------------------------------------------------------

net::Task<void> SessionRunner::act() {
    for (;;) {
        while (actions_.empty()) co_await actions_changed_.wait_past(actions_changed_.count());
        auto action = actions_.front();
        actions_.pop_front();
        auto carrying = carry_out(action);
        co_await std::move(carrying);
    }
}

net::Task<void> SessionRunner::carry_out(Action action) {
    switch (action) {
    case Action::place: place(); co_return;
    case Action::create_container: co_await create_container(); co_return;
    case Action::start_container: co_await start_container(); co_return;
    case Action::probe_ready:
        // A stop that came first leaves nothing to probe.
        if (session_.state == State::probing) probe_scope_.spawn(probe());
        co_await probe_scope_.join();
        co_return;
    case Action::close_viewers:
        context_.viewers.close_session(session_.id, session_.end ? session_.end->reason : session::EndReason::failed);
        co_return;
    case Action::pause_container: co_await pause_container(); co_return;
    case Action::resume_container: co_await resume_container(); co_return;
    case Action::remove_container: co_await remove_container(); co_return;
    case Action::remove_former:
        if (!session_.attempts.empty()) former_scope_.spawn(remove_former(session_.attempts.back()));
        co_return;
    }
}

void SessionRunner::place() {
    if (session_.state != State::queued) return;
    const auto* chosen = context_.catalog.find(session_.template_name);
    Waiter waiter;
    waiter.session = session_.id;
    waiter.owner = {session_.owner.realm, session_.owner.subject};
    waiter.since = session_.created_at;
    waiter.had_its_turn = !session_.attempts.empty();
    waiter.may_pull = chosen && chosen->pull == PullPolicy::missing;
    waiter.need = need_of(session_, chosen);
    waiter.ready = [this](session::Event event, HostSlot slot) { placed(std::move(event), std::move(slot)); };
    context_.queue.wait(std::move(waiter));
}

void SessionRunner::fail(Action action, Error error) {
    // A failed start never condemns a host by itself; it is a reason to look at it at once.
    if (session_.host && session::blames_host(error, session_.state)) {
        context_.hosts.suspect(*session_.host);
        // Missing images are known of each host by themselves, and what was made in a pool was started long ago.
        auto is_of_a_start = action != Action::remove_container && action != Action::pause_container
                          && !session::is_from_pool(session_);
        if (is_of_a_start && error.code() != Errc::image_missing) context_.hosts.start_ended(*session_.host, error);
    }
    post(session::ActionFailed{action, std::move(error)});
}

// A part of a start. A host that is lost meanwhile is not waited for where another one could do it: an
// engine that hangs would take up its own limit, a probe that of the whole start.
template <class T>
net::Task<Result<T>> SessionRunner::while_host_lives(net::Task<Result<T>> task) {
    auto need = need_of(session_, context_.catalog.find(session_.template_name));
    auto lost = context_.hosts.until_replaceable(*session_.host, std::move(need));
    auto running = net::unless(std::move(lost), std::move(task));
    auto result = co_await std::move(running);
    if (!result && result.error().code() == Errc::ended)
        co_return Error{Errc::host_unreachable, "the host stopped answering meanwhile"};
    co_return result;
}

net::Task<void> SessionRunner::create_container() {
    if (session_.state != State::creating) co_return;
    auto engine = context_.hosts.engine(*session_.host);
    if (!engine) {
        fail(Action::create_container, Error{Errc::host_unreachable, "host is not configured any more"});
        co_return;
    }
    ContainerOrder order;
    order.session = session_.id;
    order.generation = session_.generation;
    order.owner = session_.owner;
    order.template_name = session_.template_name;
    order.spec = session_.spec;
    order.rfb_secret = context_.secrets.rfb_secret(session_.id, session_.generation);
    failpoint("before_create");
    auto began = std::chrono::steady_clock::now();
    auto creating = while_host_lives(engine->create(order, deadline_in(limits::engine_create)));
    auto created = co_await std::move(creating);
    failpoint("after_create");
    // An answer about a generation that was given up meanwhile is nobody's.
    if (is_stale(order.generation)) co_return;
    engine_took_ += since(began);
    if (!created) {
        if (created.error().code() == Errc::image_missing)
            context_.hosts.note_image_missing(*session_.host, session_.spec.image);
        fail(Action::create_container, Error{created.error()}.with_context("host " + session_.host->str()));
        co_return;
    }
    post(session::ContainerCreated{*created});
}

net::Task<void> SessionRunner::start_container() {
    if (session_.state != State::starting || !session_.container) co_return;
    auto engine = context_.hosts.engine(*session_.host);
    if (!engine) {
        fail(Action::start_container, Error{Errc::host_unreachable, "host is not configured any more"});
        co_return;
    }
    failpoint("before_start");
    auto container = *session_.container;
    auto generation = session_.generation;
    auto began = std::chrono::steady_clock::now();
    auto starting = while_host_lives(engine->start(container, deadline_in(limits::engine_start)));
    auto started = co_await std::move(starting);
    failpoint("after_start");
    if (started) context_.hosts.creation_succeeded(*session_.host);
    if (is_stale(generation)) co_return;
    engine_took_ += since(began);
    if (started) post(session::ContainerStarted{});
    else fail(Action::start_container, Error{started.error()}.with_context("host " + session_.host->str()));
}

net::Task<void> SessionRunner::probe() {
    auto engine = context_.hosts.engine(*session_.host);
    if (!engine) co_return;
    auto secret = context_.secrets.rfb_secret(session_.id, session_.generation);
    // The machine's start limit ends the wait; this bound only keeps the probe itself finite.
    auto copy = session_;
    auto bound = deadline_in(session_.policy.start_limit > Seconds{0} ? Milliseconds{session_.policy.start_limit} * 2
                                                                     : Milliseconds{std::chrono::hours{1}});
    auto probing = while_host_lives(context_.probe.wait_ready(copy, *engine, secret, bound));
    auto ready = co_await std::move(probing);
    failpoint("after_probe");
    if (ready) {
        context_.hosts.start_ended(*session_.host, Status{});
        post(session::BecameReady{});
    } else {
        fail(Action::probe_ready, ready.error());
    }
}

net::Task<void> SessionRunner::pause_container() {
    if (session_.state != State::ready || session_.pool.empty() || !session_.container) co_return;
    auto engine = context_.hosts.engine(*session_.host);
    if (!engine) co_return;
    failpoint("before_pause");
    auto container = *session_.container;
    auto paused = co_await engine->pause(container, deadline_in(limits::engine_pause));
    failpoint("after_pause");
    if (!paused) fail(Action::pause_container, paused.error());
}

net::Task<void> SessionRunner::resume_container() {
    if (session_.state != State::starting || !session_.container) co_return;
    auto engine = context_.hosts.engine(*session_.host);
    if (!engine) {
        fail(Action::resume_container, Error{Errc::host_unreachable, "host is not configured any more"});
        co_return;
    }
    failpoint("before_resume");
    auto container = *session_.container;
    auto generation = session_.generation;
    auto resumed = co_await engine->unpause(container, deadline_in(limits::warm_resume));
    failpoint("after_resume");
    if (is_stale(generation)) co_return;
    if (resumed) post(session::ContainerStarted{});
    else fail(Action::resume_container, Error{resumed.error()}.with_context("host " + session_.host->str()));
}

net::Task<void> SessionRunner::remove_former(session::Attempt attempt) {
    auto engine = context_.hosts.engine(attempt.host);
    if (!engine) co_return;
    failpoint("before_remove_former");
    auto id = session_.id;
    auto removed = co_await engine->remove(id, attempt.generation, deadline_in(limits::engine_remove));
    failpoint("after_remove_former");
    // The reconciler finds it by its generation.
    if (!removed) log("broker").info("former_stays session={} host={} {}", id.str(), attempt.host.str(), log_safe(describe(removed.error())));
}

net::Task<void> SessionRunner::remove_container() {
    if (session_.state != State::stopping || !session_.host) co_return;
    auto engine = context_.hosts.engine(*session_.host);
    if (!engine) {
        // Without the host in the configuration nobody can ever ask: unknown is not absent.
        fail(Action::remove_container, Error{Errc::host_unreachable, "host is not configured any more"});
        co_return;
    }
    failpoint("before_remove");
    auto id = session_.id;
    auto removed = co_await engine->remove(id, session_.generation, deadline_in(limits::engine_remove));
    failpoint("after_remove");
    if (removed) post(session::ContainerRemoved{});
    else fail(Action::remove_container, removed.error());
}

} // namespace berth::broker
