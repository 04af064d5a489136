// SPDX-License-Identifier: Apache-2.0
// The checks of the registry's hosts: each by a task of its own, so that one that hangs delays
// nobody. What an outcome means is HostHealth's.
#include "base/log.hpp"
#include "base/scope_exit.hpp"
#include "broker/host_member.hpp"
#include "broker/host_registry.hpp"
#include "net/deadline.hpp"

#include <algorithm>
#include <utility>

namespace berth::broker {

using Now = std::chrono::steady_clock;
using Patience = HostHealth::Patience;

// ---- tasks ----------------------------------------------------------------------------------------

void HostRegistry::start() {
    is_started_ = true;
    for (auto& [id, one] : members_) begin_tasks(one);
}

void HostRegistry::begin_tasks(const MemberPtr& one) {
    one->scope.spawn(keep_checking(one));
    begin_engine_tasks(one);
}

void HostRegistry::begin_engine_tasks(const MemberPtr& one) {
    one->watch_scope.spawn(keep_watching(one));
    one->watch_scope.spawn(keep_measuring(one));
}

net::Task<void> HostRegistry::stop() {
    is_started_ = false;
    std::vector<MemberPtr> everybody{leaving_};
    for (auto& [id, one] : members_) everybody.push_back(one);
    for (auto& one : everybody) {
        co_await one->watch_scope.stop();
        co_await one->scope.stop();
    }
    auto crowd = std::make_shared<Crowd>(executor_);
    std::vector<std::shared_ptr<ContainerHost>> engines{retiring_};
    // Those on their way out are in both lists.
    for (auto& one : everybody) {
        if (!one->is_gone) engines.push_back(one->entry.engine);
    }
    for (auto& engine : engines) {
        if (scope_.spawn(close_one(engine, crowd))) ++crowd->busy;
    }
    co_await wait_for(crowd, deadline_in(limits::engine_close));
    co_await scope_.stop();
}

net::Task<void> HostRegistry::close_one(std::shared_ptr<ContainerHost> engine, std::shared_ptr<Crowd> crowd) {
    ScopeExit left{[crowd] { crowd->leave(); }};
    co_await engine->close();
}

net::Task<void> HostRegistry::wait_for(std::shared_ptr<Crowd> crowd, Deadline deadline) {
    while (crowd->busy > 0 && Now::now() < deadline) {
        auto waiting = crowd->changed.wait_past_until(crowd->changed.count(), deadline);
        co_await std::move(waiting);
    }
}

net::Task<void> HostRegistry::keep_checking(MemberPtr one) {
    // Who was checked at the start waits a part of the interval, so that hosts do not move in step.
    auto wait = static_cast<double>(health_.interval.count()) * chance();
    if (one->health.state() == placement::HostState::unknown) wait = 0;
    auto next = deadline_in(Milliseconds{static_cast<Milliseconds::rep>(wait)});
    std::uint64_t seen = 0; // who was suspected before this began is looked at first
    for (;;) {
        auto until = earlier(next, one->health.turns_unknown(Now::now()).value_or(next));
        auto waiting = one->poked.wait_past_until(seen, until);
        co_await std::move(waiting);
        tell_reachability(*one);
        if (one->poked.count() == seen && Now::now() < next) continue;
        seen = one->poked.count();
        // One that is not up may have to be connected first.
        auto limit = one->health.state() == placement::HostState::up ? health_.check_limit : health_.first_check_limit;
        auto checking = round(one, limit, Patience::usual);
        auto outcome = co_await std::move(checking);
        if (!outcome) log("broker").debug("check host={} {}", one->entry.view.id.str(), log_safe(describe(outcome.error())));
        auto pause = one->health.pause(chance());
        next = deadline_in(pause);
        one->entry.next_check_at.reset();
        if (one->health.state() != placement::HostState::up) one->entry.next_check_at = clock_.now() + pause;
    }
}

net::Task<void> HostRegistry::keep_watching(MemberPtr one) {
    auto engine = one->entry.engine;
    auto* told = one.get();
    std::function<void(HostNotice)> tell = [this, told](HostNotice notice) {
        // The way in works again: the next check need not be waited for.
        if (notice.is_gap && told->health.state() != placement::HostState::up) told->poked.notify();
        if (on_notice) on_notice(told->entry.view.id, notice);
    };
    auto watching = engine->watch(std::move(tell));
    co_await std::move(watching);
}

// ---- on demand ------------------------------------------------------------------------------------

net::Task<void> HostRegistry::check_all(Deadline deadline) {
    auto crowd = std::make_shared<Crowd>(executor_);
    for (auto& [id, one] : members_) crowd->todo.push_back(one);
    auto workers = std::min<std::size_t>(crowd->todo.size(), static_cast<std::size_t>(health_.first_checks_at_once));
    for (std::size_t i = 0; i < workers; ++i) {
        if (scope_.spawn(check_in_turn(crowd))) ++crowd->busy;
    }
    co_await wait_for(crowd, deadline);
}

net::Task<void> HostRegistry::check_in_turn(std::shared_ptr<Crowd> crowd) {
    ScopeExit left{[crowd] { crowd->leave(); }};
    while (!crowd->todo.empty()) {
        auto one = crowd->todo.front();
        crowd->todo.pop_front();
        auto checking = round(one, health_.first_check_limit, Patience::none);
        auto outcome = co_await std::move(checking);
        if (!outcome)
            log("broker").warn("host_unusable host={} {}", one->entry.view.id.str(), log_safe(describe(outcome.error())));
    }
}

net::Task<Status> HostRegistry::check(HostId id, Deadline deadline) {
    auto one = member(id);
    if (!one) co_return Error{Errc::not_found, "no host " + id.str(), "There is no such host."};
    auto checking = round(std::move(one), health_.first_check_limit, Patience::none);
    auto limited = net::with_deadline(std::move(checking), deadline);
    co_return co_await std::move(limited);
}

net::Task<void> HostRegistry::recheck_image(std::string image, Deadline deadline) {
    auto crowd = std::make_shared<Crowd>(executor_);
    for (auto& [id, one] : members_) {
        if (one->health.state() != placement::HostState::up) continue;
        if (one->scope.spawn(look_for_one(one, image, deadline, crowd))) ++crowd->busy;
    }
    co_await wait_for(crowd, deadline);
}

net::Task<void> HostRegistry::look_for_one(MemberPtr one, std::string image, Deadline deadline, std::shared_ptr<Crowd> crowd) {
    ScopeExit left{[crowd] { crowd->leave(); }};
    auto engine = one->entry.engine;
    auto facts = co_await engine->check_image(image, deadline);
    if (facts) (void)take_image(*one, image, facts);
}

net::Task<Status> HostRegistry::look_for_image(HostId id, std::string image, Deadline deadline) {
    auto one = member(id);
    if (!one) co_return Error{Errc::not_found, "no host " + id.str(), "There is no such host."};
    auto engine = one->entry.engine;
    auto facts = co_await engine->check_image(image, deadline);
    if (!facts) co_return facts.error();
    if (engine != one->entry.engine) co_return Error{Errc::conflict, "the host was changed meanwhile"};
    co_return take_image(*one, image, facts);
}

void HostRegistry::suspect(const HostId& id) {
    if (auto one = member(id)) one->poked.notify();
}

net::Task<void> HostRegistry::until_replaceable(HostId id, placement::Need need) {
    need.excluded.insert(id);
    while (auto one = member(id)) {
        if (one->health.state() == placement::HostState::down) {
            auto verdict = choose(need);
            if (verdict.choice || verdict.refusal->may_wait()) co_return;
        }
        auto waiting = one->checked.wait_past(one->checked.count());
        co_await std::move(waiting);
    }
}

void HostRegistry::creation_succeeded(const HostId& id) {
    auto one = member(id);
    if (!one || !one->health.is_on_probation()) return;
    one->health.proved();
    refresh(*one);
    log("broker").info("host_proved host={}", id.str());
    sink_.host_changed(id);
    if (on_room) on_room();
}

// ---- one check ------------------------------------------------------------------------------------

net::Task<Status> HostRegistry::round(MemberPtr one, Milliseconds limit, Patience patience) {
    while (one->is_checking) {
        auto waiting = one->checked.wait_past(one->checked.count());
        co_await std::move(waiting);
    }
    one->is_checking = true;
    auto* mine = one.get(); // the coroutine holds it until the guard has gone
    ScopeExit ended{[mine] {
        mine->is_checking = false;
        mine->checked.notify();
    }};
    auto engine = one->entry.engine;
    auto began = Now::now();
    auto checking = full_check(one, engine, limit);
    auto outcome = co_await std::move(checking);
    if (one->is_gone || engine != one->entry.engine)
        co_return Error{Errc::conflict, "the host was changed while it was checked"};
    auto is_late = !outcome && outcome.error().code() == Errc::timed_out && engine->last_answer() >= began;
    if (is_late && patience == Patience::usual && one->health.state() == placement::HostState::up) {
        one->health.late(engine->last_answer());
        log("broker").info("host_late host={}", one->entry.view.id.str());
        co_return Status{};
    }
    settle(*one, outcome, patience);
    co_return outcome;
}

net::Task<Status> HostRegistry::full_check(MemberPtr one, std::shared_ptr<ContainerHost> engine, Milliseconds limit) {
    auto began = Now::now();
    auto asking = engine->check(deadline_in(limit));
    // The second bound is ours: a promise is kept even by an engine object that breaks its own.
    auto limited = net::with_deadline(std::move(asking), deadline_in(limit));
    auto facts = co_await std::move(limited);
    if (engine != one->entry.engine) co_return Status{};
    auto& entry = one->entry;
    entry.last_check_at = clock_.now();
    if (!facts) co_return facts.error();
    entry.round_trip = since(began);
    auto is_another = !entry.facts.engine_id.empty() && entry.facts.engine_id != facts->engine_id;
    entry.facts = std::move(*facts);
    refresh(*one);
    if (is_another) log("broker").warn("host_is_another_engine host={}", entry.view.id.str());
    auto is_due = one->health.state() != placement::HostState::up || is_another || Now::now() >= one->next_look;
    if (!is_due) co_return Status{};
    auto looking = look_around(one, engine, deadline_in(health_.images_limit));
    auto looked = co_await std::move(looking);
    if (looked && is_another && one->health.state() == placement::HostState::up && on_up) on_up(one->entry.view.id);
    co_return looked;
}

// Images and volumes: an engine that answers but cannot tell of its images is not well.
net::Task<Status> HostRegistry::look_around(MemberPtr one, std::shared_ptr<ContainerHost> engine, Deadline deadline) {
    auto images = images_;
    for (const auto& image : images) {
        auto facts = co_await engine->check_image(image, earlier(deadline, deadline_in(limits::engine_inspect)));
        if (engine != one->entry.engine) co_return Status{};
        auto taken = take_image(*one, image, facts);
        if (!taken) co_return taken;
    }
    if (wants_volumes_) {
        auto volumes = co_await engine->volumes(earlier(deadline, deadline_in(limits::engine_list)));
        if (engine != one->entry.engine) co_return Status{};
        if (!volumes) co_return volumes.error();
        one->volumes = std::move(*volumes);
        refresh_volumes(*one);
    }
    one->next_look = deadline_in(health_.image_interval);
    co_return Status{};
}

// An error here is about the host; that one image cannot be used is not.
Status HostRegistry::take_image(Member& one, const std::string& image, const Result<ImageFacts>& facts) {
    const auto& id = one.entry.view.id;
    if (facts) {
        image_facts_[image] = *facts;
        one.entry.image_ids[image] = facts->id;
        if (one.entry.view.images_missing.erase(image) == 0) return {};
        log("broker").info("image_back host={} image={}", id.str(), log_safe(image));
        sink_.host_changed(id);
        if (on_room) on_room();
        return {};
    }
    auto code = facts.error().code();
    if (code == Errc::timed_out || code == Errc::host_unreachable) return facts.error();
    if (!one.is_gone) note_image_missing(id, image);
    return {};
}

void HostRegistry::note_image_missing(const HostId& id, const std::string& image) {
    auto one = member(id);
    if (!one || !one->entry.view.images_missing.insert(image).second) return;
    log("broker").warn("image_missing host={} image={}", id.str(), log_safe(image));
    sink_.host_changed(id);
}

void HostRegistry::settle(Member& one, const Status& outcome, Patience patience) {
    auto before = one.health.state();
    auto was_on_probation = one.health.is_on_probation();
    auto is_quiet = one.entry.view.creating == 0 && !(is_anybody_waiting && is_anybody_waiting());
    auto change = outcome ? one.health.passed(Now::now(), is_quiet) : one.health.missed(Now::now(), patience);
    if (!outcome) ++one.entry.failed_checks;
    // What failed before it went away was its absence.
    if (change == HostHealth::Change::up) one.failed_starts = 0;
    auto reason = one.health.state() == placement::HostState::down
                    ? (outcome ? one.entry.view.reason : outcome.error().operator_text())
                    : std::string{};
    auto has_new_reason = one.entry.view.reason != reason;
    one.entry.view.reason = std::move(reason);
    refresh(one);
    const auto id = one.entry.view.id;
    if (change != HostHealth::Change::none)
        log("broker").info("host_{} host={} {}", placement::name_of(one.health.state()), id.str(), log_safe(one.entry.view.reason));
    auto is_proved = was_on_probation && !one.health.is_on_probation();
    if (change != HostHealth::Change::none || has_new_reason || is_proved) sink_.host_changed(id);
    tell_reachability(one);
    if (change != HostHealth::Change::none && on_state) on_state(id, before, one.health.state());
    if (change == HostHealth::Change::up && on_up) on_up(id);
    if ((change == HostHealth::Change::up || is_proved) && on_room) on_room();
}

void HostRegistry::tell_reachability(Member& one) {
    auto is_reachable = one.health.is_reachable(Now::now());
    if (std::exchange(one.was_reachable, is_reachable) == is_reachable) return;
    log("broker").info("host_{} host={}", is_reachable ? "heard_of_again" : "not_heard_of", one.entry.view.id.str());
    if (on_reachability) on_reachability(one.entry.view.id);
}

double HostRegistry::chance() {
    chance_ = chance_ * 1664525U + 1013904223U;
    return static_cast<double>(chance_ >> 8U) / static_cast<double>(1U << 24U);
}

} // namespace berth::broker
