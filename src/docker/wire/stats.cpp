// SPDX-License-Identifier: Apache-2.0
#include "docker/wire/stats.hpp"

#include "docker/wire/json.hpp"

namespace berth::docker {

Result<ContainerStats> decode_stats(std::string_view body) {
    auto value = parse_object(body, "stats");
    if (!value) return value.error();
    JsonView view{*value};
    ContainerStats stats;
    stats.cpu_ns = view["cpu_stats"]["cpu_usage"]["total_usage"].number();
    auto memory = view["memory_stats"];
    stats.memory_bytes = memory["usage"].number();
    // Page cache can be given back at any time; its name differs between cgroup v1 and v2.
    auto cache = memory["stats"]["total_inactive_file"].number();
    if (cache == 0) cache = memory["stats"]["inactive_file"].number();
    if (cache > 0 && cache < stats.memory_bytes) stats.memory_bytes -= cache;
    stats.memory_limit_bytes = memory["limit"].number();
    stats.pids = view["pids_stats"]["current"].number();
    for (const auto& [name, network] : view["networks"].members()) {
        // Unsigned sum: a lying engine must not bring us signed overflow.
        stats.received_bytes = static_cast<std::int64_t>(
            static_cast<std::uint64_t>(stats.received_bytes) +
            static_cast<std::uint64_t>(network["rx_bytes"].number())
        );
        stats.sent_bytes = static_cast<std::int64_t>(
            static_cast<std::uint64_t>(stats.sent_bytes) +
            static_cast<std::uint64_t>(network["tx_bytes"].number())
        );
    }
    return stats;
}

} // namespace berth::docker
