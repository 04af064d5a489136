// SPDX-License-Identifier: Apache-2.0
#pragma once
// How long somebody will wait, from what was measured: starts per second where it can run, and when
// the earliest leases end where everything is taken. Pure.

#include "base/ids.hpp"
#include "base/time.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace berth::broker {

// Why somebody waits.
enum class WaitReason {
    busy,     // others are being started first
    all_full, // every place that would do is taken
    no_host,  // no machine that would do takes desktops now
    pulling   // the image is being fetched
};
std::string_view name_of(WaitReason reason) noexcept;

// What those with equal needs can hope for.
struct Prospect {
    Prospect() = default;
    std::vector<HostId> hosts;        // that may serve, sorted by name
    double per_second = 0;            // together; 0 = not measured yet
    std::optional<long> free_places;  // nothing = no limit
    std::vector<TimePoint> ends;      // of the leases there, sorted
};

struct Forecast {
    WaitReason reason = WaitReason::busy;
    std::optional<Seconds> estimate;
};

// For the one at that position (1 = next) among those who compete for the same hosts.
Forecast forecast(const Prospect& prospect, int position, TimePoint now);

// Whether two needs compete for a host.
bool overlap(const Prospect& a, const Prospect& b);

} // namespace berth::broker
