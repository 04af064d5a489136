// SPDX-License-Identifier: Apache-2.0
#include "broker/reconciler.hpp"

#include "base/log.hpp"
#include "base/scope_exit.hpp"
#include "net/deadline.hpp"

#include <algorithm>

namespace berth::broker {
namespace {

using session::State;

// States in which a container is the only correct picture.
bool needs_container(State state) { return state == State::probing || state == State::ready; }

session::ContainerGone gone_of(const Observed& container) {
    session::ContainerGone gone;
    gone.reason = container.is_oom_killed ? session::EndReason::out_of_memory
                                          : session::EndReason::container_died;
    gone.detail = "exit code " + std::to_string(container.exit_code)
                + (container.error.empty() ? "" : ", " + container.error);
    return gone;
}

bool is_up(const HostEntry& host) { return host.view.state == placement::HostState::up; }

} // namespace

Reconciler::Reconciler(
    net::Executor executor, RunnerRegistry& runners, HostRegistry& hosts, SessionStore& store, ReconcilerConfig config
)
    : runners_{runners}
    , hosts_{hosts}
    , store_{store}
    , config_{config}
    , soon_changed_{executor}
    , settled_{executor}
    , scope_{executor, "reconciler"} {}

// ---- one host -------------------------------------------------------------------------------------

net::Task<Status> Reconciler::reconcile(HostId host) {
    const auto* entry = hosts_.find(host);
    if (!entry) co_return Error{Errc::not_found, "no host " + host.str()};
    if (!is_up(*entry)) co_return Error{Errc::host_unreachable, "host " + host.str() + " is not up"};
    auto engine = entry->engine;
    // Who must be there is noted before the question is asked: who comes later proves nothing.
    auto expected = expected_on(host);
    auto containers = co_await engine->list(deadline_in(limits::engine_list));
    if (!containers) co_return containers.error();
    if (on_listed) on_listed(host, *containers);
    Found found;
    for (const auto& one : *containers) found[{one.session, one.generation}] = &one;
    auto absent = tell_of_the_dead(host, found, expected);
    if (!absent.empty()) {
        // Which engine says so decides between "removed there" and "that engine is gone".
        auto facts = co_await engine->check(deadline_in(limits::engine_inspect));
        if (!facts) co_return facts.error();
        if (hosts_.engine(host) != engine) co_return Error{Errc::conflict, "the host was changed meanwhile"};
        tell_of_the_absent(host, absent, facts->engine_id);
    }
    // A creation that broke off may have left a network and no container.
    auto networks = co_await engine->own_networks(deadline_in(limits::engine_list));
    std::set<Key> there;
    if (networks) there = std::move(*networks);
    for (const auto& one : *containers) there.emplace(one.session, one.generation);
    auto removing = remove_orphans(host, engine, std::move(there));
    co_await std::move(removing);
    if (!networks) co_return networks.error();
    co_return Status{};
}

std::vector<Reconciler::Key> Reconciler::expected_on(const HostId& host) const {
    std::vector<Key> expected;
    for (const auto& runner : runners_.all()) {
        const auto& s = runner->session();
        if (s.host == host && needs_container(s.state)) expected.emplace_back(s.id, s.generation);
    }
    return expected;
}

bool Reconciler::is_still_expected(const Key& key, const HostId& host) const {
    auto runner = runners_.find(key.first);
    if (!runner) return false;
    const auto& s = runner->session();
    return s.host == host && s.generation == key.second && needs_container(s.state);
}

// Returns those that are not there at all.
std::vector<Reconciler::Key> Reconciler::tell_of_the_dead(
    const HostId& host, const Found& found, const std::vector<Key>& expected
) {
    std::vector<Key> absent;
    for (const auto& key : expected) {
        if (!is_still_expected(key, host)) continue;
        auto there = found.find(key);
        if (there == found.end()) {
            absent.push_back(key);
        } else if (there->second->state == ContainerState::exited || there->second->state == ContainerState::created) {
            runners_.find(key.first)->post(gone_of(*there->second));
        }
    }
    return absent;
}

void Reconciler::tell_of_the_absent(const HostId& host, const std::vector<Key>& absent, const std::string& engine_id) {
    for (const auto& key : absent) {
        if (!is_still_expected(key, host)) continue;
        auto runner = runners_.find(key.first);
        const auto& stored = runner->session().engine_id;
        session::ContainerGone gone;
        gone.reason = session::EndReason::removed_outside;
        gone.detail = "not on the host any more";
        if (!stored.empty() && !engine_id.empty() && stored != engine_id) {
            gone.reason = session::EndReason::host_lost;
            gone.detail = "engine " + log_safe(stored, 80) + " is now " + log_safe(engine_id, 80);
        }
        log("broker").warn("container_absent session={} host={} {}", key.first.str(), host.str(), session::name_of(gone.reason));
        runner->post(std::move(gone));
    }
}

// ---- what nobody knows ----------------------------------------------------------------------------

bool Reconciler::is_ours(const HostId& host, const Key& key) const {
    auto runner = runners_.find(key.first);
    if (!runner || runner->session().generation != key.second) return false;
    if (runner->session().host == host) return true;
    // Its own engine seen under another name: two addresses of one machine must not cost a desktop.
    const auto* entry = hosts_.find(host);
    return entry && !entry->facts.engine_id.empty() && entry->facts.engine_id == runner->session().engine_id;
}

net::Task<void> Reconciler::remove_orphans(
    HostId host, std::shared_ptr<ContainerHost> engine, std::set<Key> there
) {
    auto strangers = std::move(there);
    std::erase_if(strangers, [&](const Key& key) { return is_ours(host, key); });
    std::erase_if(unknown_[host], [&](const auto& one) { return !strangers.contains(one.first); });
    if (unknown_[host].empty()) unknown_.erase(host);
    for (const auto& key : strangers) {
        auto asking = may_remove(host, key);
        if (!co_await std::move(asking) || is_ours(host, key)) continue;
        log("broker").warn("orphan session={} generation={} host={}", key.first.str(), key.second, host.str());
        auto removed = co_await engine->remove(key.first, key.second, deadline_in(limits::engine_remove));
        if (!removed) log("broker").warn("orphan_stays host={} {}", host.str(), log_safe(describe(removed.error())));
    }
}

net::Task<bool> Reconciler::may_remove(HostId host, Key key) {
    // Its session goes on as another generation, or somewhere else.
    if (runners_.find(key.first)) co_return true;
    auto stored = co_await store_.find(key.first);
    if (!stored) co_return false; // unknown is not absent
    if (*stored) co_return !session::is_live(**stored);
    auto& since = unknown_[host];
    auto [known, is_new] = since.try_emplace(key, deadline_in(config_.unknown_kept));
    if (is_new && config_.unknown_kept > Milliseconds{0})
        log("broker").warn("unknown_container session={} generation={} host={}", key.first.str(), key.second, host.str());
    co_return std::chrono::steady_clock::now() >= known->second;
}

// ---- all hosts ------------------------------------------------------------------------------------

void Reconciler::look_at(const HostId& host) {
    soon_.insert(host);
    soon_changed_.notify();
}

void Reconciler::begin(const HostId& host) {
    if (running_.contains(host)) {
        again_.insert(host);
        return;
    }
    if (std::ranges::find(todo_, host) == todo_.end()) todo_.push_back(host);
    if (workers_ >= config_.at_once) return;
    ++workers_;
    if (!scope_.spawn(work())) --workers_;
}

net::Task<void> Reconciler::work() {
    ScopeExit ended{[this] {
        --workers_;
        settled_.notify();
    }};
    while (!todo_.empty()) {
        auto host = todo_.front();
        todo_.pop_front();
        running_.insert(host);
        ScopeExit left{[this, host] { running_.erase(host); }};
        auto comparing = reconcile(host);
        auto limited = net::with_deadline(std::move(comparing), deadline_in(config_.one_host));
        auto status = co_await std::move(limited);
        if (!status) log("broker").debug("reconcile host={} {}", host.str(), log_safe(describe(status.error())));
        if (again_.erase(host) > 0) todo_.push_back(host);
    }
}

net::Task<void> Reconciler::reconcile_all(Deadline deadline) {
    for (const auto* host : hosts_.all()) {
        if (is_up(*host)) begin(host->view.id);
    }
    while (workers_ > 0 && std::chrono::steady_clock::now() < deadline) {
        auto waiting = settled_.wait_past_until(settled_.count(), deadline);
        co_await std::move(waiting);
    }
}

net::Task<void> Reconciler::run() {
    auto next_round = deadline_in(config_.interval);
    for (;;) {
        if (soon_.empty()) {
            auto waiting = soon_changed_.wait_past_until(soon_changed_.count(), next_round);
            co_await std::move(waiting);
        }
        auto hosts = std::exchange(soon_, {});
        if (std::chrono::steady_clock::now() >= next_round) {
            next_round = deadline_in(config_.interval);
            for (const auto* host : hosts_.all()) hosts.insert(host->view.id);
        }
        for (const auto& host : hosts) {
            const auto* entry = hosts_.find(host);
            if (entry && is_up(*entry)) begin(host);
        }
    }
}

net::Task<void> Reconciler::stop() { co_await scope_.stop(); }

} // namespace berth::broker
