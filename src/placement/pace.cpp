// SPDX-License-Identifier: Apache-2.0
#include "placement/pace.hpp"

#include <algorithm>
#include <cmath>

namespace berth::placement {
namespace {

// A creation may take this often the best time before the limit shrinks: two cores serve two or
// three at once at nearly full speed.
constexpr double tolerance = 2.0;
// What is tried beyond what the latency seems to allow: without it a limit never grows again.
constexpr double headroom = 0.5;
// One sample moves the limit by that part of the way.
constexpr double smoothing = 0.2;
// A lone creation is by definition not slowed by others: if those take longer now, the host or what
// runs on it has changed, and the yardstick follows.
constexpr double drift = 0.1;

} // namespace

Pace::Pace(int most)
    : most_{static_cast<double>(std::max(1, most))}
    , limit_{most_} {}

void Pace::set_most(int most) {
    auto wanted = static_cast<double>(std::max(1, most));
    // More is allowed now: whoever was at the edge goes on from there.
    if (limit_ >= most_) limit_ = wanted;
    most_ = wanted;
    limit_ = std::clamp(limit_, 1.0, most_);
}

void Pace::note(Milliseconds took, int in_flight) {
    auto sample = std::max(1.0, static_cast<double>(took.count()));
    if (best_ms_ == 0 || sample < best_ms_) best_ms_ = sample;
    else if (in_flight <= 1) best_ms_ += drift * (sample - best_ms_);
    // Few in flight prove nothing about many: the limit then only recovers.
    auto gradient = std::clamp(tolerance * best_ms_ / sample, 0.5, 1.0);
    if (gradient == 1.0 && in_flight + 1 < limit()) return;
    auto wanted = limit_ * gradient + headroom;
    limit_ = std::clamp(limit_ + smoothing * (wanted - limit_), 1.0, most_);
}

} // namespace berth::placement
