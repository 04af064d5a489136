// SPDX-License-Identifier: Apache-2.0
#include "broker/pool_keeper.hpp"

#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "base/scope_exit.hpp"
#include "net/deadline.hpp"

#include <algorithm>
#include <chrono>

namespace berth::broker {

using session::EndReason;
using session::Session;
using session::State;

namespace {

using Now = std::chrono::steady_clock;

constexpr const char* pool_realm = "pool";

bool is_on_its_way(const Session& s) { return s.state < State::ready; }

bool takes_sessions(const HostEntry& host) {
    return host.view.state == placement::HostState::up && !host.view.is_draining && !host.view.is_in_maintenance;
}

session::LeasePolicy policy_until_claimed(const Template& chosen) {
    session::LeasePolicy policy;
    policy.initial = policy.max_total = policy.idle = policy.disconnected = policy.grace = Seconds{0};
    policy.start_limit = chosen.lease.start_limit;
    return policy;
}

} // namespace

PoolKeeper::PoolKeeper(RunnerContext& context, RunnerRegistry& runners, RandomSource& random, PoolConfig config)
    : context_{context}
    , runners_{runners}
    , random_{random}
    , config_{config}
    , poked_{context.executor}
    , scope_{context.executor, "pools"} {
    for (const auto& one : context_.catalog.all()) {
        if (one.is_enabled && one.warm.max > 0) pools_[one.name].chosen = &one;
    }
}

net::Task<void> PoolKeeper::run() {
    for (;;) {
        auto seen = poked_.count();
        auto looking = look_over();
        co_await std::move(looking);
        co_await net::sleep_for(config_.least_pause);
        auto waiting = poked_.wait_past_until(seen, deadline_in(config_.interval));
        co_await std::move(waiting);
    }
}

net::Task<void> PoolKeeper::stop() { co_await scope_.stop(); }

net::Task<void> PoolKeeper::look_over() {
    follow_starts();
    may_have_warm_ = !pools_.empty() || !warm().empty();
    if (!may_have_warm_) co_return;
    retire_unfit();
    look_at_images();
    pause_ready();
    std::vector<TemplateName> names;
    for (const auto& [name, pool] : pools_) names.push_back(name);
    for (auto& name : names) {
        auto keeping = keep(std::move(name));
        co_await std::move(keeping);
    }
}

// ---- who is there ---------------------------------------------------------------------------------

bool PoolKeeper::is_going(const Session& s) const { return s.state >= State::stopping || going_.contains(s.id); }

std::vector<PoolKeeper::RunnerPtr> PoolKeeper::warm() const {
    auto list = runners_.of_pools();
    std::erase_if(list, [&](const auto& runner) { return is_going(runner->session()); });
    return list;
}

std::vector<PoolKeeper::RunnerPtr> PoolKeeper::warm_of(const TemplateName& name) const {
    auto list = warm();
    std::erase_if(list, [&](const auto& runner) { return runner->session().template_name != name; });
    return list;
}

// Its host is well, takes people, and is the engine on which it was made.
bool PoolKeeper::is_usable(const Session& s) const {
    const auto* host = s.host ? context_.hosts.find(*s.host) : nullptr;
    return host && takes_sessions(*host) && context_.hosts.is_reachable(*s.host)
        && (s.engine_id.empty() || s.engine_id == host->facts.engine_id);
}

std::optional<session::Spec> PoolKeeper::spec_of(const Template& chosen) const {
    const auto* facts = context_.hosts.facts_of(chosen.spec.image);
    if (!facts) return std::nullopt;
    auto spec = spec_for(complete(chosen, facts), "");
    return spec ? std::optional{std::move(*spec)} : std::nullopt;
}

std::vector<PoolView> PoolKeeper::views() const {
    std::vector<PoolView> list;
    for (const auto& [name, pool] : pools_) {
        PoolView view;
        view.name = name;
        view.target = pool.target;
        view.hits = pool.hits;
        view.misses = pool.misses;
        for (const auto& runner : warm_of(name)) {
            if (is_on_its_way(runner->session())) ++view.starting;
            else if (is_usable(runner->session())) ++view.ready;
        }
        list.push_back(std::move(view));
    }
    return list;
}

// ---- handing out ----------------------------------------------------------------------------------

// What is in a container cannot be changed: all that went into it must be what is wanted.
bool PoolKeeper::fits(const Session& made, const Session& wanted) const {
    return made.state == State::ready && made.template_name == wanted.template_name && made.spec == wanted.spec
        && made.placement_labels == wanted.placement_labels && !claiming_.contains(made.id) && is_usable(made);
}

// The oldest: the younger ones have the longer life ahead.
PoolKeeper::RunnerPtr PoolKeeper::match(const Session& wanted) const {
    RunnerPtr best;
    for (auto& runner : warm_of(wanted.template_name)) {
        const auto& s = runner->session();
        if (fits(s, wanted) && (!best || std::pair{s.created_at, s.id} < std::pair{best->session().created_at, best->session().id}))
            best = std::move(runner);
    }
    return best;
}

net::Task<Result<std::optional<Session>>> PoolKeeper::claim(Session draft) {
    const auto name = draft.template_name;
    if (!pools_.contains(name)) co_return std::optional<Session>{};
    pools_[name].demand.asked(Now::now());
    session::Claimed event;
    event.owner = draft.owner;
    event.requested_by = draft.requested_by;
    event.name = draft.name;
    event.idempotency_key = draft.idempotency_key;
    event.policy = draft.policy;
    std::set<SessionId> tried;
    ScopeExit done{[this, &tried] {
        for (const auto& id : tried) claiming_.erase(id);
        poked_.notify();
    }};
    while (auto runner = match(draft)) {
        auto id = runner->session().id;
        tried.insert(id);
        claiming_.insert(id); // until the answer, so that nobody else tries it in vain
        failpoint("before_claim");
        auto asking = runner->ask(event, draft.requested_by);
        auto claimed = co_await std::move(asking);
        failpoint("after_claim");
        if (claimed) {
            ++pools_[name].hits;
            log("broker").info("session_claimed session={} template={} host={}", id.str(), name.str(), claimed->host->str());
            co_return std::optional{std::move(*claimed)};
        }
        // It went a moment before: there may be another one.
        if (claimed.error().code() != Errc::conflict) co_return claimed.error();
    }
    ++pools_[name].misses;
    co_return std::optional<Session>{};
}

// ---- giving up ------------------------------------------------------------------------------------

void PoolKeeper::give_up(const RunnerPtr& runner, EndReason reason, std::string detail) {
    const auto& s = runner->session();
    going_.insert(s.id);
    starting_.erase(s.id);
    log("broker").info("pool_gives_up session={} template={} host={} {}", s.id.str(), s.template_name.str(),
                       s.host ? s.host->str() : "-", log_safe(detail));
    session::StopRequested stop;
    stop.reason = reason;
    stop.detail = "pool: " + std::move(detail);
    runner->post(std::move(stop));
}

void PoolKeeper::make_room(const placement::Need& need, int waiting) {
    if (!may_have_warm_) return;
    std::map<TemplateName, int> have;
    std::vector<WarmPlace> places;
    std::map<SessionId, RunnerPtr> by_id;
    for (auto& runner : runners_.of_pools()) {
        const auto& s = runner->session();
        if (!s.host || claiming_.contains(s.id)) continue;
        auto pool = pools_.find(s.template_name);
        WarmPlace place;
        place.session = s.id;
        place.host = *s.host;
        place.memory_bytes = s.spec.memory_bytes;
        place.nano_cpus = s.spec.nano_cpus;
        place.is_going = is_going(s);
        place.is_spare = pool == pools_.end() || (!place.is_going && ++have[s.template_name] > pool->second.chosen->warm.min);
        place.since = s.created_at;
        places.push_back(std::move(place));
        by_id[s.id] = std::move(runner);
    }
    auto most = std::min(waiting, static_cast<int>(places.size())); // more cannot be helped
    for (const auto& id : give_up_for(context_.hosts.views(), need, std::move(places), most))
        give_up(by_id.at(id), EndReason::idle, "somebody needs the place");
}

void PoolKeeper::retire_unfit() {
    std::set<TemplateName> aged; // one at a time, so that the pool does not run dry
    for (const auto& runner : warm()) {
        const auto& s = runner->session();
        if (claiming_.contains(s.id)) continue;
        if (auto why = unfit(s)) {
            give_up(runner, why->reason, why->detail);
        } else if (s.state == State::ready && context_.clock.now() - s.created_at > config_.age && context_.queue.size() == 0
                   && aged.insert(s.template_name).second) {
            give_up(runner, EndReason::idle, "older than a session of a pool gets");
        }
    }
}

std::optional<PoolKeeper::Unfit> PoolKeeper::unfit(const Session& s) const {
    auto by_admin = [](std::string detail) { return Unfit{EndReason::admin_request, std::move(detail)}; };
    auto pool = pools_.find(s.template_name);
    if (pool == pools_.end()) return by_admin("its template has no pool any more");
    const auto& chosen = *pool->second.chosen;
    if (s.placement_labels != chosen.host_labels) return by_admin("its template has other labels now");
    if (auto spec = spec_of(chosen); spec && *spec != s.spec) return by_admin("its template was changed");
    const auto* host = s.host ? context_.hosts.find(*s.host) : nullptr;
    if (!host) return by_admin("its host is not configured any more");
    if (host->mode.mode != HostMode::active) return by_admin("its host takes no sessions");
    return std::nullopt;
}

// ---- images that were replaced --------------------------------------------------------------------

void PoolKeeper::note_containers(const HostId& host, const std::vector<Observed>& containers) {
    for (const auto& one : containers) {
        auto runner = one.image_id.empty() ? nullptr : runners_.find(one.session);
        if (!runner) continue;
        const auto& s = runner->session();
        if (!s.pool.empty() && s.host == host && s.generation == one.generation) image_ids_[one.session] = one.image_id;
    }
}

bool PoolKeeper::has_other_image(const Session& s) const {
    auto made_of = image_ids_.find(s.id);
    const auto* host = s.host ? context_.hosts.find(*s.host) : nullptr;
    if (made_of == image_ids_.end() || !host) return false;
    auto now = host->image_ids.find(s.spec.image);
    return now != host->image_ids.end() && !now->second.empty() && now->second != made_of->second;
}

// The host's images were looked at a while ago: it may be the container that is newer.
void PoolKeeper::look_at_images() {
    for (const auto& runner : warm()) {
        const auto& s = runner->session();
        if (!has_other_image(s) || claiming_.contains(s.id) || !is_usable(s) || !looked_at_.insert(s.id).second) continue;
        scope_.spawn(look_again(s.id, *s.host, s.spec.image));
    }
}

net::Task<void> PoolKeeper::look_again(SessionId session, HostId host, std::string image) {
    ScopeExit done{[this, &session] { looked_at_.erase(session); }};
    auto looking = context_.hosts.look_for_image(std::move(host), std::move(image), deadline_in(limits::engine_inspect));
    auto looked = co_await std::move(looking);
    auto runner = runners_.find(session);
    if (!looked || !runner || runner->session().pool.empty() || is_going(runner->session()) || claiming_.contains(session)) co_return;
    if (has_other_image(runner->session())) give_up(runner, EndReason::admin_request, "its image was replaced");
}

// ---- keeping --------------------------------------------------------------------------------------

// Those that did not become ready hold off the next one there for a while.
void PoolKeeper::follow_starts() {
    std::erase_if(going_, [&](const auto& id) { return !runners_.find(id); });
    std::erase_if(asked_to_pause_, [&](const auto& id) { return !runners_.find(id); });
    std::erase_if(image_ids_, [&](const auto& one) { return !runners_.find(one.first); });
    std::erase_if(starting_, [&](const auto& one) {
        auto runner = runners_.find(one.first);
        if (runner && is_on_its_way(runner->session()) && !is_going(runner->session())) return false;
        auto is_well = runner && (runner->session().state == State::ready || runner->session().pool.empty());
        if (is_well) {
            backoffs_.erase(one.second);
        } else if (!going_.contains(one.first)) {
            auto& backoff = backoffs_[one.second];
            auto pause = config_.backoff_first * (1LL << std::min(backoff.times++, 10));
            backoff.until = deadline_in(std::min<Milliseconds>(pause, config_.backoff_longest));
        }
        return true;
    });
}

void PoolKeeper::pause_ready() {
    for (const auto& runner : warm()) {
        const auto& s = runner->session();
        auto pool = pools_.find(s.template_name);
        auto is_to_pause = pool != pools_.end() && pool->second.chosen->warm.kind == WarmKind::paused && s.state == State::ready
                        && !s.is_paused && !claiming_.contains(s.id);
        // Once: an engine that cannot do it is not asked every second.
        if (is_to_pause && asked_to_pause_.insert(s.id).second) runner->post(session::PauseRequested{});
    }
}

std::optional<long> PoolKeeper::free_places(const placement::Need& need) const {
    auto bare = need;
    bare.image.clear(); // it may be fetched
    long places = 0;
    for (const auto* host : context_.hosts.views()) {
        auto fit = placement::fit_of(*host, bare);
        if (fit != placement::Fit::free && fit != placement::Fit::busy) continue;
        if (host->capacity == 0) return std::nullopt;
        places += host->capacity - host->used;
    }
    return places;
}

int PoolKeeper::target_of(const Pool& pool) const {
    const auto& chosen = *pool.chosen;
    WarmSituation now;
    now.min = chosen.warm.min;
    now.max = chosen.warm.max;
    now.demand = pool.demand.peak(Now::now());
    auto there = warm_of(chosen.name);
    now.have = static_cast<int>(std::ranges::count_if(there, [&](const auto& one) { return is_usable(one->session()); }));
    now.free_places = free_places(need_of(chosen));
    if (chosen.max_running > 0) now.startable = chosen.max_running - runners_.count_of(chosen.name);
    return warm_target(now);
}

net::Task<void> PoolKeeper::keep(TemplateName name) {
    auto& pool = pools_.at(name); // pools stay as long as we do
    for (;;) {
        pool.target = target_of(pool);
        auto there = warm_of(name);
        auto have = std::ranges::count_if(there, [&](const auto& one) { return is_usable(one->session()); });
        if (have > pool.target) trim(pool);
        else pool.trim_at = deadline_in(config_.trim);
        if (have >= pool.target || context_.queue.size() > 0) co_return;
        auto making = make_one(*pool.chosen);
        if (!co_await std::move(making)) co_return;
    }
}

// One at a time, from the host that has the most of them.
void PoolKeeper::trim(Pool& pool) {
    if (Now::now() < pool.trim_at) return;
    pool.trim_at = deadline_in(config_.trim);
    auto there = warm_of(pool.chosen->name);
    std::erase_if(there, [&](const auto& one) { return one->session().state != State::ready || claiming_.contains(one->session().id); });
    std::map<HostId, int> counts;
    for (const auto& one : there) ++counts[*one->session().host];
    auto most = std::ranges::max_element(there, [&](const auto& a, const auto& b) {
        return counts[*a->session().host] < counts[*b->session().host];
    });
    if (most != there.end()) give_up(*most, EndReason::idle, "more than are asked for");
}

// Hosts where a lane or the next try is not for pools: people may come any moment.
std::set<HostId> PoolKeeper::hosts_to_leave_alone(const TemplateName& name) const {
    std::set<HostId> hosts;
    for (const auto* view : context_.hosts.views()) {
        if (view->creating >= std::max(1, view->creating_limit - 1)) hosts.insert(view->id);
        auto backoff = backoffs_.find(Place{name, view->id});
        if (backoff != backoffs_.end() && Now::now() < backoff->second.until) hosts.insert(view->id);
    }
    for (const auto& runner : warm()) {
        const auto& s = runner->session();
        if (s.state < State::probing && s.host) hosts.insert(*s.host);
    }
    return hosts;
}

// Where fewest of them are, and there as the scheduler says.
std::optional<placement::Choice> PoolKeeper::choose(const Template& chosen, HostSlot& slot) {
    auto need = need_of(chosen);
    need.excluded = hosts_to_leave_alone(chosen.name);
    std::map<HostId, int> counts;
    for (const auto* view : context_.hosts.views()) counts[view->id] = 0;
    for (const auto& runner : warm_of(chosen.name)) {
        if (runner->session().host) ++counts[*runner->session().host];
    }
    std::set<int> levels;
    for (const auto& [host, count] : counts) levels.insert(count);
    placement::Verdict verdict;
    for (auto level : levels) {
        auto narrowed = need;
        for (const auto& [host, count] : counts) {
            if (count > level) narrowed.excluded.insert(host);
        }
        verdict = context_.hosts.choose_and_reserve(narrowed, slot);
        if (verdict.choice) return std::move(verdict.choice);
    }
    auto is_to_fetch = verdict.refusal && verdict.refusal->kind == placement::RefusalKind::image_missing
                    && chosen.pull == PullPolicy::missing;
    if (is_to_fetch && fetch) fetch(need_of(chosen));
    return std::nullopt;
}

net::Task<bool> PoolKeeper::make_one(const Template& chosen) {
    HostSlot slot;
    auto choice = choose(chosen, slot);
    auto spec = spec_of(chosen);
    if (!choice || !spec) co_return false;
    Session draft;
    draft.id = make_session_id(random_);
    draft.owner = session::Owner{pool_realm, chosen.name.str(), draft.id.str()};
    draft.requested_by = pool_realm;
    draft.template_name = chosen.name;
    draft.spec = std::move(*spec);
    draft.policy = policy_until_claimed(chosen);
    draft.placement_labels = chosen.host_labels;
    draft.pool = chosen.name.str();
    auto begun = session::begin(std::move(draft), context_.clock.now());
    auto placed = session::step(begun.session, context_.hosts.placed(std::move(*choice)), context_.clock.now());
    auto step = std::move(*placed);
    EventRecord record;
    record.at = context_.clock.now();
    record.type = "session.requested";
    record.session = step.session.id;
    record.owner = step.session.owner;
    record.host = *step.session.host;
    record.to_state = session::name_of(step.session.state);
    record.actor = pool_realm;
    failpoint("before_pool_insert");
    auto copy = step.session;
    auto inserting = context_.store.insert(std::move(copy), std::move(record));
    auto inserted = co_await std::move(inserting);
    failpoint("after_pool_insert");
    if (!inserted || !inserted->is_new) co_return false;
    starting_.emplace(inserted->session.id, Place{chosen.name, *inserted->session.host});
    runners_.start(inserted->session, std::move(step.actions), std::move(slot));
    context_.sink.session_changed(inserted->session);
    co_return true;
}

} // namespace berth::broker
