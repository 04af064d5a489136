// SPDX-License-Identifier: Apache-2.0
#pragma once
// One sample of a container's use of resources.

#include "base/error.hpp"

#include <cstdint>
#include <string_view>

namespace berth::docker {

// Counters since the container's start; a rate needs two samples.
struct ContainerStats {
    std::int64_t cpu_ns = 0, memory_bytes = 0, memory_limit_bytes = 0, pids = 0;
    std::int64_t received_bytes = 0, sent_bytes = 0;
};

Result<ContainerStats> decode_stats(std::string_view body);

} // namespace berth::docker
