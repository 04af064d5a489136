// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many starts one person may make in a time: a loop of start and stop must not take what others
// wait for. A token bucket each; who has not started for a while has the whole burst again.

#include "base/time.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace berth::broker {

struct StartBudgetConfig {
    int burst = 0;         // starts in one go; 0 = no limit at all
    int per_window = 20;   // on the average
    Seconds window{600};
};

// Core thread only. Bounded by who started something within the window.
class StartBudget {
public:
    explicit StartBudget(StartBudgetConfig config);

    // Takes one start; or says how long to wait for the next one, and takes nothing.
    std::optional<Seconds> take(const std::string& realm, const std::string& subject, TimePoint now);
    // Gives it back: nothing was started after all.
    void give_back(const std::string& realm, const std::string& subject);

private:
    struct Bucket {
        double tokens = 0;
        TimePoint filled_at{};
    };
    Bucket filled(Bucket bucket, TimePoint now) const;

    StartBudgetConfig config_;
    std::map<std::pair<std::string, std::string>, Bucket> buckets_;
    std::size_t forget_at_ = 1024; // how many make it worth looking for full ones
};

} // namespace berth::broker
