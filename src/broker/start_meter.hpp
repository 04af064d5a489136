// SPDX-License-Identifier: Apache-2.0
#pragma once
// What each host makes of its creations: how long they take, how many it finishes in a time. Sets
// the host's limit of creations in flight by it, and is what estimates are made of.

#include "broker/host_registry.hpp"
#include "placement/pace.hpp"

#include <map>
#include <optional>

namespace berth::broker {

// Core thread only. Bounded by the hosts there are.
class StartMeter {
public:
    StartMeter(const Clock& clock, HostRegistry& hosts);

    // A creation holds a lane of that host from here …
    void began(const HostId& host);
    // … to here. `took` is the engine's part; nothing when its end says nothing about the host.
    void ended(const HostId& host, std::optional<Milliseconds> took);
    // Creations finished per second while there were any, over about the last twenty. 0 = not measured.
    double per_second(const HostId& host) const;

private:
    struct Meter {
        placement::Pace pace;
        int in_flight = 0;
        TimePoint busy_since{};
        double finished = 0; // both fade with each creation
        double busy_ms = 0;
    };
    Meter& meter_of(const HostId& host);

    const Clock& clock_;
    HostRegistry& hosts_;
    std::map<HostId, Meter> meters_;
};

} // namespace berth::broker
