// SPDX-License-Identifier: Apache-2.0
#pragma once
// Body of POST /containers/create. Says everything that matters for safety explicitly, so that an
// engine's own defaults do not decide.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace berth::docker {

struct LogLimits {
    std::string driver = "local"; // compressed and bounded; empty: the engine's choice
    std::string max_size = "5m";
    std::string max_files = "2";
};

struct ContainerConfig {
    ContainerConfig() = default;
    std::string image;
    std::vector<std::string> entrypoint; // empty: the image's, here and in the next two
    std::vector<std::string> command;
    std::string user;
    std::map<std::string, std::string> env;
    std::map<std::string, std::string> labels;
    std::vector<std::uint16_t> ports; // TCP, published on `publish_address` at a port of the
                                      // engine's choice
    std::string publish_address = "127.0.0.1";
    std::string network; // name; "none" for none; never empty
    std::map<std::string, std::string> volumes; // name → absolute path inside
    std::vector<std::string> cap_add;
    bool allow_new_privileges = false;
    std::int64_t memory_bytes = 0; // 0 = engine's default here and below; swap gets nothing on top
    std::int64_t nano_cpus = 0;
    std::int64_t pids = 0;
    std::int64_t shm_bytes = 0;
    LogLimits logs;
    int stop_timeout_s = 2;
};

// All capabilities are dropped, then cap_add are given; init on, restart never, no core files, no
// health check of the image's (we probe).
std::string encode_container_config(const ContainerConfig& config);

} // namespace berth::docker
