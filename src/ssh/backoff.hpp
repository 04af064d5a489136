// SPDX-License-Identifier: Apache-2.0
#pragma once
// How long to wait after the n-th failure in a row. With jitter: hosts that died together must not
// come back together.

#include "base/limits.hpp"

#include <algorithm>
#include <random>

namespace berth::ssh {

// `failures` begins with 1.
inline Milliseconds pause_after(int failures) {
    static thread_local std::minstd_rand engine{std::random_device{}()};
    Milliseconds pause = limits::ssh_backoff_first * (1 << std::clamp(failures - 1, 0, 10));
    auto most = std::min(pause, limits::ssh_backoff_longest);
    std::uniform_int_distribution<Milliseconds::rep> spread{most.count() / 2, most.count()};
    return Milliseconds{spread(engine)};
}

} // namespace berth::ssh
