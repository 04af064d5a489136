// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the engine says about itself (GET /info, /version).

#include "base/error.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::docker {

struct EngineInfo {
    EngineInfo() = default;
    std::string id; // changes when the engine's data was replaced
    std::string name, server_version, operating_system, kernel, architecture;
    std::string storage_driver, cgroup_version, data_root;
    std::string system_time; // RFC 3339, the engine's own clock
    int cpus = 0;
    std::int64_t memory_bytes = 0;
    int containers = 0, containers_running = 0, images = 0;
    std::vector<std::string> log_drivers, security_options, runtimes, warnings;
    bool has_live_restore = false;
};

struct EngineVersion {
    EngineVersion() = default;
    std::string version, api_version, min_api_version, os, architecture;
    std::map<std::string, std::string> components; // version of containerd, runc … by name
};

// Its nanoseconds are left out.
std::optional<TimePoint> parse_engine_time(std::string_view text);
Result<EngineInfo> decode_info(std::string_view body);
Result<EngineVersion> decode_version(std::string_view body);

} // namespace berth::docker
