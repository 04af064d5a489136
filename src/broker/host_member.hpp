// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the registry keeps of one host and of those who sit there. Private to the registry.

#include "broker/host_registry.hpp"

#include <deque>

namespace berth::broker {

struct HostRegistry::Usage {
    int used = 0, creating = 0;
    std::int64_t memory = 0, nano_cpus = 0;
    std::map<std::string, int> volumes; // by how many sessions
};

struct HostRegistry::Member {
    Member(const net::Executor& executor, const HealthConfig& config)
        : health{config, std::chrono::steady_clock::now()}
        , poked{executor}
        , checked{executor}
        , watch_scope{executor, "host watch"}
        , scope{executor, "host checks"} {}

    HostEntry entry;
    HostHealth health;
    int pace = 0;                  // creations in flight at most; 0 = nothing was measured
    std::set<std::string> volumes; // as the engine told
    Deadline next_look{};          // at images and volumes
    int failed_starts = 0;         // in a row
    Deadline start_failed_at{};    // the last of them
    std::string start_failure;     // and why
    bool is_checking = false;
    bool is_gone = false;          // taken out of the list
    bool was_reachable = true;     // what was told last
    net::Signal poked;             // to be checked now
    net::Signal checked;           // a check has ended
    net::TaskScope watch_scope;    // begins anew with each engine
    net::TaskScope scope;
};

// Workers that share a list, and who waits for all of them.
struct HostRegistry::Crowd {
    explicit Crowd(const net::Executor& executor)
        : changed{executor} {}
    std::deque<MemberPtr> todo;
    int busy = 0;
    net::Signal changed;

    void leave() {
        --busy;
        changed.notify();
    }
};

} // namespace berth::broker
