// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many sessions of a template are made ahead of time, and which of them are given up when people
// need their places. Pure: time and hosts come in.

#include "base/ids.hpp"
#include "base/time.hpp"
#include "placement/scheduler.hpp"

#include <chrono>
#include <deque>
#include <optional>
#include <vector>

namespace berth::broker {

// How many of a template were asked for within one minute at the busiest moment lately: what a pool
// has to hold so that such a minute finds all of them ready. Falls by half every limits::warm_half_life.
class WarmDemand {
public:
    using Now = std::chrono::steady_clock::time_point;
    void asked(Now now);
    double peak(Now now) const;

private:
    std::deque<Now> minute_; // bounded
    double peak_ = 0;
    Now peak_at_{};
};

struct WarmSituation {
    WarmSituation() = default;
    int min = 0, max = 0;
    double demand = 0;                // WarmDemand::peak
    int have = 0;                     // ready or on their way
    std::optional<long> free_places;  // that nobody waits for; nothing = no limit
    std::optional<long> startable;    // more people than that cannot have one (max_running); nothing = no limit
};
int warm_target(const WarmSituation& now) noexcept;

// A session of a pool that holds a place.
struct WarmPlace {
    WarmPlace() = default;
    SessionId session;
    HostId host;
    std::int64_t memory_bytes = 0, nano_cpus = 0;
    bool is_going = false;  // its place is about to be free
    bool is_spare = false;  // its pool has more than its min
    TimePoint since{};
};

// Whose places are to be freed so that `waiting` people with that need find one, beyond those that are
// free or about to be. The fewest per person, spare ones first, the youngest first. Nobody whose going
// would not help.
std::vector<SessionId> give_up_for(
    const std::vector<const placement::Host*>& hosts, const placement::Need& need, std::vector<WarmPlace> warm, int waiting
);

} // namespace berth::broker
