// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many creations one host takes at once, learnt from how long they take. An engine starts about
// two per core; more only slows each of them, and a host that is busy otherwise bears less. Pure.

#include "base/time.hpp"

namespace berth::placement {

class Pace {
public:
    // Starts with all it may; `most` > 0, from the host's definition or its cores.
    explicit Pace(int most);

    // One creation has ended: how long the engine's part took, and how many were in flight with it
    // when it ended, itself included. One that ran into its deadline counts with that time.
    void note(Milliseconds took, int in_flight);
    int limit() const noexcept { return static_cast<int>(limit_); } // 1 … most
    void set_most(int most);
    // Of a creation that had the host for itself; zero before the first sample.
    Milliseconds best() const noexcept { return Milliseconds{static_cast<long>(best_ms_)}; }

private:
    double most_;
    double limit_;
    double best_ms_ = 0;
};

} // namespace berth::placement
