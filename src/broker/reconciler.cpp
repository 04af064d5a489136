// SPDX-License-Identifier: Apache-2.0
#include "broker/reconciler.hpp"

#include "base/limits.hpp"
#include "base/log.hpp"
#include "net/deadline.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace berth::broker {
namespace {

using session::State;

// States in which a running container is the only correct picture.
bool needs_running(State state) { return state == State::probing || state == State::ready; }

session::ContainerGone gone_of(const Observed& container) {
    session::ContainerGone gone;
    gone.reason = container.is_oom_killed ? session::EndReason::out_of_memory
                                          : session::EndReason::container_died;
    gone.detail = "exit code " + std::to_string(container.exit_code)
                + (container.error.empty() ? "" : ", " + container.error);
    return gone;
}

} // namespace

Reconciler::Reconciler(net::Executor executor, RunnerRegistry& runners, HostRegistry& hosts)
    : runners_{runners}
    , hosts_{hosts}
    , soon_changed_{executor} {}

net::Task<Status> Reconciler::reconcile(HostId host) {
    auto* engine = hosts_.engine(host);
    if (!engine) co_return Error{Errc::not_found, "no host " + host.str()};
    // Who must be there is noted before the question is asked: who comes later proves nothing.
    std::vector<SessionId> expected;
    for (const auto& runner : runners_.all()) {
        const auto& s = runner->session();
        if (s.host == host && needs_running(s.state)) expected.push_back(s.id);
    }
    auto containers = co_await engine->list(deadline_in(limits::engine_list));
    if (!containers) co_return containers.error();
    compare(host, *containers, expected);
    for (auto& container : *containers) {
        auto runner = runners_.find(container.session);
        auto is_ours = runner && runner->session().generation == container.generation
                    && runner->session().host == host;
        if (is_ours) continue;
        auto removing = remove_orphan(host, std::move(container));
        co_await std::move(removing);
    }
    co_return Status{};
}

void Reconciler::compare(
    const HostId& host, const std::vector<Observed>& containers, const std::vector<SessionId>& expected
) {
    std::map<std::pair<SessionId, int>, const Observed*> seen;
    for (const auto& container : containers) seen[{container.session, container.generation}] = &container;
    for (const auto& id : expected) {
        auto runner = runners_.find(id);
        if (!runner || runner->session().host != host || !needs_running(runner->session().state)) continue;
        auto found = seen.find({id, runner->session().generation});
        if (found == seen.end()) {
            log("broker").warn("container_absent session={} host={}", id.str(), host.str());
            runner->post(session::ContainerGone{session::EndReason::removed_outside, "not on the host any more"});
        } else if (found->second->state == ContainerState::exited || found->second->state == ContainerState::created) {
            runner->post(gone_of(*found->second));
        }
    }
}

net::Task<void> Reconciler::remove_orphan(HostId host, Observed container) {
    log("broker").warn("orphan session={} generation={} host={}", container.session.str(), container.generation, host.str());
    auto* engine = hosts_.engine(host);
    auto removed = co_await engine->remove(container.session, container.generation, deadline_in(limits::engine_remove));
    if (!removed) log("broker").warn("orphan_stays host={} {}", host.str(), log_safe(describe(removed.error())));
}

void Reconciler::look_at(const HostId& host) {
    soon_.insert(host);
    soon_changed_.notify();
}

net::Task<void> Reconciler::run() {
    auto next_round = deadline_in(limits::reconcile_interval);
    for (;;) {
        if (soon_.empty()) {
            auto waiting = soon_changed_.wait_past_until(soon_changed_.count(), next_round);
            co_await std::move(waiting);
        }
        auto hosts = std::exchange(soon_, {});
        if (std::chrono::steady_clock::now() >= next_round) {
            next_round = deadline_in(limits::reconcile_interval);
            for (const auto* host : hosts_.all()) {
                if (host->view.state == placement::HostState::up) hosts.insert(host->view.id);
            }
        }
        for (const auto& host : hosts) {
            auto status = co_await reconcile(host);
            if (!status) log("broker").debug("reconcile host={} {}", host.str(), log_safe(describe(status.error())));
        }
    }
}

} // namespace berth::broker
