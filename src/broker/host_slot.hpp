// SPDX-License-Identifier: Apache-2.0
#pragma once
// A session's place on a host, given back when the guard goes.

#include "base/ids.hpp"
#include "placement/scheduler.hpp"
#include "session/session.hpp"

#include <cstdint>
#include <set>
#include <string>

namespace berth::broker {

class HostRegistry;

// What one session may use there at most, and what it keeps there.
struct HostLoad {
    HostLoad() = default;
    std::int64_t memory_bytes = 0, nano_cpus = 0;
    std::set<std::string> volumes;
};
HostLoad load_of(const session::Spec& spec);
HostLoad load_of(const placement::Need& need);

class HostSlot {
public:
    HostSlot() = default;
    // For a session that is there already; a name that no host has is remembered until one has it.
    HostSlot(HostRegistry& hosts, HostId host, bool is_creating, HostLoad load = {});
    HostSlot(HostSlot&& other) noexcept;
    HostSlot& operator=(HostSlot&& other) noexcept;
    ~HostSlot();
    void creation_done(); // the engine's part of the start is over; may be called twice
    void release();       // may be called twice

private:
    HostRegistry* hosts_ = nullptr;
    HostId host_;
    HostLoad load_;
    bool is_creating_ = false;
};

} // namespace berth::broker
