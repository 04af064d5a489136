// SPDX-License-Identifier: Apache-2.0
#pragma once
// Makes records and engines agree again: at start, when a host comes back, when an event stream had
// a gap, and periodically. Works by label and generation, never by name. Unknown is not absent: a
// host that does not answer changes nothing.

#include "broker/host_registry.hpp"
#include "broker/runner_registry.hpp"

namespace berth::broker {

// Core thread only.
class Reconciler {
public:
    Reconciler(net::Executor executor, RunnerRegistry& runners, HostRegistry& hosts);

    // Compares one host; errors: the host's own.
    net::Task<Status> reconcile(HostId host);
    // Every host that is up, every limits::reconcile_interval, until cancelled.
    net::Task<void> run();
    // Makes run() look at that host soon.
    void look_at(const HostId& host);

private:
    net::Task<void> remove_orphan(HostId host, Observed container);
    void compare(const HostId& host, const std::vector<Observed>& containers,
                 const std::vector<SessionId>& expected);

    RunnerRegistry& runners_;
    HostRegistry& hosts_;
    std::set<HostId> soon_;
    net::Signal soon_changed_;
};

} // namespace berth::broker
