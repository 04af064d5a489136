// SPDX-License-Identifier: Apache-2.0
#pragma once
// Makes records and engines agree again: at start, when a host comes back, when an event stream had
// a gap, and periodically. Works by label and generation, never by name. Unknown is not absent: a
// host that is not up, or does not answer, changes nothing. Hosts are looked at side by side: one
// that hangs delays none of the others.

#include "base/limits.hpp"
#include "broker/host_registry.hpp"
#include "broker/runner_registry.hpp"
#include "net/task_scope.hpp"

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace berth::broker {

struct ReconcilerConfig {
    ReconcilerConfig() = default;
    Milliseconds interval = limits::reconcile_interval;
    Milliseconds one_host = limits::reconcile_one; // for everything at one host
    // A container or network of which no row is known is left alone that long: the database may be an older
    // copy, and somebody may want to save what is in it.
    Milliseconds unknown_kept = limits::unknown_container_kept;
    int at_once = limits::reconciled_at_once; // hosts
};

// Core thread only.
class Reconciler {
public:
    Reconciler(net::Executor executor, RunnerRegistry& runners, HostRegistry& hosts, SessionStore& store,
               ReconcilerConfig config = {});

    // Set once before run(), optional: what an engine has of ours, each time it was asked.
    std::function<void(const HostId&, const std::vector<Observed>&)> on_listed;

    // Compares one host. Errors: host_unreachable (not up), the host's own.
    net::Task<Status> reconcile(HostId host);
    // Every host that is up; returns when all are done or at the deadline (then the rest goes on).
    net::Task<void> reconcile_all(Deadline deadline);
    // Every host that is up, every interval, and those of look_at, until cancelled.
    net::Task<void> run();
    // Makes run() look at that host soon.
    void look_at(const HostId& host);
    net::Task<void> stop(); // after run() has ended

private:
    using Key = std::pair<SessionId, int>; // generation
    using Found = std::map<Key, const Observed*>;

    void begin(const HostId& host);
    net::Task<void> work();
    std::vector<Key> expected_on(const HostId& host) const;
    bool is_still_expected(const Key& key, const HostId& host) const;
    std::vector<Key> tell_of_the_dead(const HostId& host, const Found& found, const std::vector<Key>& expected);
    void tell_of_the_absent(const HostId& host, const std::vector<Key>& absent, const std::string& engine_id);
    net::Task<void> remove_orphans(HostId host, std::shared_ptr<ContainerHost> engine, std::set<Key> there);
    net::Task<bool> may_remove(HostId host, Key key);
    bool is_ours(const HostId& host, const Key& key) const;

    RunnerRegistry& runners_;
    HostRegistry& hosts_;
    SessionStore& store_;
    ReconcilerConfig config_;
    std::set<HostId> soon_;
    net::Signal soon_changed_;
    std::deque<HostId> todo_; // each host once
    std::set<HostId> running_, again_;
    int workers_ = 0;
    net::Signal settled_; // a worker has nothing left to do
    std::map<HostId, std::map<Key, Deadline>> unknown_; // what is without a row, and until when it stays
    net::TaskScope scope_;
};

} // namespace berth::broker
