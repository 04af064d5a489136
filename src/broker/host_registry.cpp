// SPDX-License-Identifier: Apache-2.0
#include "broker/host_registry.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "broker/host_member.hpp"
#include "net/deadline.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace berth::broker {
namespace {

constexpr int creations_per_core = 2; // measured: more only slows each of them
constexpr Milliseconds unused_poll{100};

Error no_host(const HostId& id) { return Error{Errc::not_found, "no host " + id.str(), "There is no such host."}; }

std::string sessions_there(int count) {
    return count == 1 ? "1 desktop is still there." : std::to_string(count) + " desktops are still there.";
}

} // namespace

std::string_view state_word(const HostEntry& host) noexcept {
    const auto& view = host.view;
    if (view.state != placement::HostState::up) return placement::name_of(view.state);
    if (view.is_in_maintenance) return "maintenance";
    if (view.is_draining) return view.used == 0 ? "drained" : "draining";
    if (view.is_on_probation) return "probation";
    return view.concern.empty() ? "up" : "degraded";
}

HostRegistry::HostRegistry(
    net::Executor executor, const Clock& clock, EventSink& sink, std::set<std::string> images, HealthConfig health
)
    : clock_{clock}
    , sink_{sink}
    , health_{health}
    , executor_{executor}
    , images_{std::move(images)}
    , chance_{std::random_device{}()}
    , scope_{std::move(executor), "hosts"} {}

HostRegistry::~HostRegistry() = default;

// ---- who is there ---------------------------------------------------------------------------------

Status HostRegistry::add(HostDefinition definition, HostModeRecord mode, MadeHost made) {
    BERTH_ASSERT(made.engine);
    auto id = definition.name;
    if (members_.contains(id))
        return Error{Errc::already_exists, "host " + id.str(), "There is a host of this name already."};
    auto one = std::make_shared<Member>(executor_, health_);
    one->entry.definition = std::move(definition);
    one->entry.mode = std::move(mode);
    one->entry.engine = std::move(made.engine);
    one->entry.endpoint = std::move(made.endpoint);
    members_.emplace(id, one);
    refresh(*one);
    refresh_volumes(*one);
    list_views();
    if (is_started_) begin_tasks(one);
    sink_.host_changed(id);
    return {};
}

Status HostRegistry::change(HostDefinition definition, MadeHost made) {
    auto one = member(definition.name);
    if (!one) return no_host(definition.name);
    one->entry.definition = std::move(definition);
    if (made.engine) {
        one->entry.endpoint = std::move(made.endpoint);
        auto former = std::exchange(one->entry.engine, std::move(made.engine));
        // What is behind the new way in is not known yet, not even that it is the same machine.
        one->health = HostHealth{health_, std::chrono::steady_clock::now()};
        one->entry.view.reason.clear();
        one->entry.loads.clear();
        one->failed_starts = 0;
        one->watch_scope.cancel();
        if (is_started_) begin_engine_tasks(one);
        one->poked.notify();
        retire(std::move(former));
    }
    refresh(*one);
    sink_.host_changed(one->entry.view.id);
    if (on_room) on_room();
    return {};
}

Status HostRegistry::remove(const HostId& id) {
    auto one = member(id);
    if (!one) return no_host(id);
    if (auto used = one->entry.view.used; used > 0)
        return Error{Errc::conflict, "host " + id.str() + ": " + std::to_string(used) + " sessions", sessions_there(used)};
    one->is_gone = true;
    members_.erase(id);
    usage_.erase(id);
    list_views();
    log("broker").info("host_removed host={}", id.str());
    auto engine = one->entry.engine;
    retire_with(std::move(engine), std::move(one));
    sink_.host_changed(id);
    return {};
}

Status HostRegistry::set_mode(const HostId& id, HostModeRecord mode) {
    auto one = member(id);
    if (!one) return no_host(id);
    if (one->entry.mode == mode) return {};
    one->entry.mode = std::move(mode);
    refresh(*one);
    log("broker").info("host_mode host={} {}", id.str(), state_word(one->entry));
    sink_.host_changed(id);
    if (one->entry.mode.mode == HostMode::active && on_room) on_room();
    return {};
}

Status HostRegistry::set_draining(const HostId& id, bool is_draining) {
    HostModeRecord mode;
    if (is_draining) mode.mode = HostMode::draining;
    return set_mode(id, std::move(mode));
}

void HostRegistry::retire(std::shared_ptr<ContainerHost> engine) { retire_with(std::move(engine), nullptr); }

void HostRegistry::retire_with(std::shared_ptr<ContainerHost> engine, MemberPtr gone) {
    retiring_.push_back(engine);
    if (gone) leaving_.push_back(gone);
    scope_.spawn(retire_when_unused(std::move(engine), std::move(gone)));
}

// Calls that run may still use it, and viewers on other threads; the last one to let go must be this
// thread.
net::Task<void> HostRegistry::retire_when_unused(std::shared_ptr<ContainerHost> engine, MemberPtr gone) {
    if (gone) {
        co_await gone->watch_scope.stop();
        co_await gone->scope.stop();
        std::erase(leaving_, gone);
        gone.reset();
    }
    constexpr long ours = 2; // this one and the list's
    auto give_up = deadline_in(limits::engine_retired);
    while (engine.use_count() > ours && std::chrono::steady_clock::now() < give_up) co_await net::sleep_for(unused_poll);
    co_await engine->close();
    while (engine.use_count() > ours) co_await net::sleep_for(unused_poll);
    std::erase(retiring_, engine);
}

void HostRegistry::refresh(Member& one) {
    const auto& definition = one.entry.definition;
    auto& view = one.entry.view;
    view.id = definition.name;
    view.weight = std::max(1, definition.weight);
    view.capacity = definition.capacity_sessions;
    view.memory_bytes = definition.memory_bytes;
    view.nano_cpus = definition.nano_cpus;
    view.labels = definition.labels;
    view.is_draining = one.entry.mode.mode == HostMode::draining;
    view.is_in_maintenance = one.entry.mode.mode == HostMode::maintenance;
    view.state = one.health.state();
    view.is_on_probation = one.health.is_on_probation();
    one.entry.alias = definition.public_name;
    auto most = most_creating(view.id);
    view.creating_limit = one.pace > 0 ? std::min(one.pace, most) : most;
    auto& usage = usage_[view.id];
    view.used = usage.used;
    view.creating = usage.creating;
    view.committed_memory = usage.memory;
    view.committed_nano_cpus = usage.nano_cpus;
    refresh_concerns(one);
}

// Those that sessions take there now exist soon, if the engine does not know them yet.
void HostRegistry::refresh_volumes(Member& one) {
    one.entry.view.volumes = one.volumes;
    for (const auto& [name, count] : usage_[one.entry.view.id].volumes) one.entry.view.volumes.insert(name);
}

void HostRegistry::list_views() {
    views_.clear();
    for (const auto& [id, one] : members_) views_.push_back(&one->entry.view);
}

HostRegistry::MemberPtr HostRegistry::member(const HostId& id) const {
    auto found = members_.find(id);
    return found == members_.end() ? nullptr : found->second;
}

const HostEntry* HostRegistry::find(const HostId& id) const {
    auto one = member(id);
    return one ? &one->entry : nullptr;
}

std::vector<const HostEntry*> HostRegistry::all() const {
    std::vector<const HostEntry*> list;
    list.reserve(members_.size());
    for (const auto& [id, one] : members_) list.push_back(&one->entry);
    return list;
}

std::shared_ptr<ContainerHost> HostRegistry::engine(const HostId& id) const {
    auto one = member(id);
    return one ? one->entry.engine : nullptr;
}

const ImageFacts* HostRegistry::facts_of(const std::string& image) const {
    auto found = image_facts_.find(image);
    return found == image_facts_.end() ? nullptr : &found->second;
}

bool HostRegistry::is_any_up() const {
    return std::ranges::any_of(views_, [](const auto* view) { return view->state == placement::HostState::up; });
}

bool HostRegistry::is_reachable(const HostId& id) const {
    auto one = member(id);
    return one && one->health.is_reachable(std::chrono::steady_clock::now());
}

// ---- places ---------------------------------------------------------------------------------------

placement::Need HostRegistry::with_strategy(placement::Need need) const {
    if (!need.strategy) need.strategy = strategy_;
    return need;
}

placement::Verdict HostRegistry::choose(const placement::Need& need) const {
    return placement::choose(views_, with_strategy(need));
}

std::vector<HostId> HostRegistry::lacking_image(const placement::Need& need) const {
    return placement::lacking_image(views_, with_strategy(need));
}

placement::Verdict HostRegistry::choose_and_reserve(const placement::Need& need, HostSlot& slot) {
    auto verdict = choose(need);
    if (verdict.choice) slot = HostSlot{*this, verdict.choice->host, true, load_of(need)};
    return verdict;
}

session::Placed HostRegistry::placed(placement::Choice choice) const {
    session::Placed placed;
    if (const auto* host = find(choice.host)) placed.engine_id = host->facts.engine_id;
    placed.host = std::move(choice.host);
    placed.note = std::move(choice.note);
    for (auto& one : choice.considered) {
        session::Considered considered;
        considered.host = std::move(one.host);
        considered.verdict = placement::name_of(one.standing);
        considered.score = one.score;
        considered.text = std::move(one.text);
        placed.considered.push_back(std::move(considered));
    }
    return placed;
}

void HostRegistry::occupy(const HostId& id, const HostLoad& load, bool is_creating) {
    auto& usage = usage_[id];
    ++usage.used;
    usage.creating += is_creating ? 1 : 0;
    usage.memory += load.memory_bytes;
    usage.nano_cpus += load.nano_cpus;
    for (const auto& name : load.volumes) ++usage.volumes[name];
    auto one = member(id);
    if (!one) return; // taken out of the configuration while a session sits there
    one->entry.view.volumes.insert(load.volumes.begin(), load.volumes.end());
    refresh(*one);
    sink_.host_changed(id);
}

void HostRegistry::creation_done(const HostId& id) {
    if (auto& usage = usage_[id]; BERTH_EXPECT(usage.creating > 0)) --usage.creating;
    auto one = member(id);
    if (!one) return;
    refresh(*one);
    if (on_room) on_room();
}

void HostRegistry::release(const HostId& id, const HostLoad& load) {
    auto& usage = usage_[id];
    if (BERTH_EXPECT(usage.used > 0)) --usage.used;
    usage.memory -= load.memory_bytes;
    usage.nano_cpus -= load.nano_cpus;
    for (const auto& name : load.volumes) {
        if (--usage.volumes[name] <= 0) usage.volumes.erase(name);
    }
    auto one = member(id);
    if (!one) {
        if (usage.used == 0) usage_.erase(id);
        return;
    }
    refresh(*one);
    sink_.host_changed(id);
    if (on_room) on_room();
}

void HostRegistry::set_creating_limit(const HostId& id, int limit) {
    auto one = member(id);
    if (!one) return;
    one->pace = std::max(1, limit);
    refresh(*one);
}

int HostRegistry::most_creating(const HostId& id) const {
    auto one = member(id);
    if (!one) return 1;
    if (auto limit = one->entry.definition.creating_limit; limit > 0) return limit;
    return creations_per_core * std::max(1, one->entry.facts.cpus);
}

} // namespace berth::broker
