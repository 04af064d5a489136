// SPDX-License-Identifier: Apache-2.0
#include "broker/host_registry.hpp"

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "net/deadline.hpp"

#include <algorithm>
#include <utility>

namespace berth::broker {

HostSlot::HostSlot(HostRegistry& hosts, HostId host, bool is_creating)
    : hosts_{&hosts}
    , host_{std::move(host)}
    , is_creating_{is_creating} {
    hosts_->occupy(host_, is_creating_);
}

HostSlot::HostSlot(HostSlot&& other) noexcept
    : hosts_{std::exchange(other.hosts_, nullptr)}
    , host_{std::move(other.host_)}
    , is_creating_{std::exchange(other.is_creating_, false)} {}

HostSlot& HostSlot::operator=(HostSlot&& other) noexcept {
    if (this != &other) {
        release();
        hosts_ = std::exchange(other.hosts_, nullptr);
        host_ = std::move(other.host_);
        is_creating_ = std::exchange(other.is_creating_, false);
    }
    return *this;
}

HostSlot::~HostSlot() { release(); }

void HostSlot::creation_done() {
    if (hosts_ && std::exchange(is_creating_, false)) hosts_->creation_done(host_);
}

void HostSlot::release() {
    creation_done();
    if (auto* hosts = std::exchange(hosts_, nullptr)) hosts->release(host_);
}

HostRegistry::HostRegistry(
    net::Executor executor, const Clock& clock, EventSink& sink, std::vector<HostEntry> hosts,
    std::set<std::string> images
)
    : clock_{clock}
    , sink_{sink}
    , images_{std::move(images)}
    , scope_{std::move(executor), "hosts"} {
    for (auto& host : hosts) {
        BERTH_ASSERT(host.engine);
        auto id = host.view.id;
        if (host.most_creating == 0) host.most_creating = host.view.creating_limit;
        hosts_.emplace(id, std::move(host));
    }
}

void HostRegistry::start() {
    for (auto& [id, host] : hosts_) {
        scope_.spawn(keep_checking(id));
        scope_.spawn(keep_watching(id));
    }
}

net::Task<void> HostRegistry::stop() { co_await scope_.stop(); }

net::Task<void> HostRegistry::check_all(Deadline deadline) {
    for (auto& [id, host] : hosts_) {
        auto status = co_await check_now(host, deadline);
        if (!status) log("broker").warn("host_unusable host={} {}", id.str(), log_safe(describe(status.error())));
    }
}

net::Task<Status> HostRegistry::check(HostId id, Deadline deadline) {
    auto* host = entry(id);
    if (!host) co_return Error{Errc::not_found, "no host " + id.str()};
    host->misses = limits::host_misses; // asked for by a person: one failure is an answer
    auto status = co_await check_now(*host, deadline);
    if (status) co_await check_images(*host, deadline);
    co_return status;
}

net::Task<void> HostRegistry::recheck_image(std::string image, Deadline deadline) {
    for (auto& [id, host] : hosts_) {
        if (host.view.state != placement::HostState::up) continue;
        auto facts = co_await host.engine->check_image(image, deadline);
        if (!facts) continue;
        host.view.images_missing.erase(image);
        image_facts_[image] = std::move(*facts);
    }
}

net::Task<Status> HostRegistry::check_now(HostEntry& host, Deadline deadline) {
    auto facts = co_await host.engine->check(earlier(deadline, deadline_in(limits::engine_ping)));
    host.last_check_at = clock_.now();
    if (!facts) {
        // One slow answer is no verdict; the host keeps its state until it misses again.
        if (++host.misses >= limits::host_misses || host.view.state == placement::HostState::unknown)
            set_state(host, placement::HostState::down, facts.error().operator_text());
        co_return facts.error();
    }
    host.misses = 0;
    host.facts = std::move(*facts);
    if (host.view.state != placement::HostState::up) {
        co_await check_images(host, deadline);
        set_state(host, placement::HostState::up, "");
        if (on_up) on_up(host.view.id);
    }
    co_return Status{};
}

net::Task<void> HostRegistry::check_images(HostEntry& host, Deadline deadline) {
    for (const auto& image : images_) {
        auto facts = co_await host.engine->check_image(image, earlier(deadline, deadline_in(limits::engine_inspect)));
        auto was_missing = host.view.images_missing.contains(image);
        if (facts) {
            image_facts_[image] = std::move(*facts);
            host.view.images_missing.erase(image);
            if (was_missing) sink_.host_changed(host.view.id);
            if (was_missing && on_room) on_room();
        } else if (facts.error().code() == Errc::image_missing && !was_missing) {
            note_image_missing(host.view.id, image);
        }
    }
}

net::Task<void> HostRegistry::keep_checking(HostId id) {
    auto* host = entry(id);
    auto next_images = deadline_in(limits::image_check_interval);
    for (;;) {
        co_await net::sleep_for(limits::host_check_interval);
        auto status = co_await check_now(*host, deadline_in(limits::engine_inspect));
        if (status && std::chrono::steady_clock::now() >= next_images) {
            co_await check_images(*host, deadline_in(limits::engine_list));
            next_images = deadline_in(limits::image_check_interval);
        }
    }
}

net::Task<void> HostRegistry::keep_watching(HostId id) {
    auto* host = entry(id);
    std::function<void(HostNotice)> tell = [this, id](HostNotice notice) {
        if (on_notice) on_notice(id, notice);
    };
    auto watching = host->engine->watch(std::move(tell));
    co_await std::move(watching);
}

void HostRegistry::set_state(HostEntry& host, placement::HostState state, std::string reason) {
    if (host.view.state == state && host.view.reason == reason) return;
    if (host.view.state != state) {
        log("broker").info(
            "host_{} host={} {}", placement::name_of(state), host.view.id.str(), log_safe(reason));
    }
    host.view.state = state;
    host.view.reason = std::move(reason);
    sink_.host_changed(host.view.id);
    if (state == placement::HostState::up && on_room) on_room();
}

const ImageFacts* HostRegistry::facts_of(const std::string& image) const {
    auto found = image_facts_.find(image);
    return found == image_facts_.end() ? nullptr : &found->second;
}

std::vector<placement::Host> HostRegistry::snapshot() const {
    std::vector<placement::Host> hosts;
    for (const auto& [id, host] : hosts_) hosts.push_back(host.view);
    return hosts;
}

const HostEntry* HostRegistry::find(const HostId& id) const {
    auto found = hosts_.find(id);
    return found == hosts_.end() ? nullptr : &found->second;
}

std::vector<const HostEntry*> HostRegistry::all() const {
    std::vector<const HostEntry*> list;
    for (const auto& [id, host] : hosts_) list.push_back(&host);
    return list;
}

HostEntry* HostRegistry::entry(const HostId& id) {
    auto found = hosts_.find(id);
    return found == hosts_.end() ? nullptr : &found->second;
}

ContainerHost* HostRegistry::engine(const HostId& id) const {
    const auto* host = find(id);
    return host ? host->engine : nullptr;
}

bool HostRegistry::is_any_up() const {
    for (const auto& [id, host] : hosts_) {
        if (host.view.state == placement::HostState::up) return true;
    }
    return false;
}

placement::Verdict HostRegistry::choose_and_reserve(const placement::Need& need, HostSlot& slot) {
    auto verdict = placement::choose(snapshot(), need);
    if (verdict.choice) slot = HostSlot{*this, verdict.choice->host, true};
    return verdict;
}

void HostRegistry::occupy(const HostId& id, bool is_creating) {
    auto* host = entry(id);
    if (!host) return; // taken out of the configuration while a session sits there
    ++host->view.used;
    if (is_creating) ++host->view.creating;
    sink_.host_changed(id);
}

void HostRegistry::creation_done(const HostId& id) {
    auto* host = entry(id);
    if (!host) return;
    if (BERTH_EXPECT(host->view.creating > 0)) --host->view.creating;
    if (on_room) on_room();
}

void HostRegistry::release(const HostId& id) {
    auto* host = entry(id);
    if (!host) return;
    if (BERTH_EXPECT(host->view.used > 0)) --host->view.used;
    sink_.host_changed(id);
    if (on_room) on_room();
}

void HostRegistry::note_image_missing(const HostId& id, const std::string& image) {
    auto* host = entry(id);
    if (!host || !host->view.images_missing.insert(image).second) return;
    log("broker").warn("image_missing host={} image={}", id.str(), log_safe(image));
    sink_.host_changed(id);
}

int HostRegistry::most_creating(const HostId& id) const {
    const auto* host = find(id);
    return host ? std::max(1, host->most_creating) : 1;
}

void HostRegistry::set_creating_limit(const HostId& id, int limit) {
    auto* host = entry(id);
    if (host) host->view.creating_limit = std::clamp(limit, 1, std::max(1, host->most_creating));
}

Status HostRegistry::set_draining(const HostId& id, bool is_draining) {
    auto* host = entry(id);
    if (!host) return Error{Errc::not_found, "no host " + id.str()};
    if (host->view.is_draining == is_draining) return {};
    host->view.is_draining = is_draining;
    log("broker").info("host_{} host={}", is_draining ? "draining" : "resumed", id.str());
    sink_.host_changed(id);
    if (!is_draining && on_room) on_room();
    return {};
}

} // namespace berth::broker
