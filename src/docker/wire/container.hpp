// SPDX-License-Identifier: Apache-2.0
#pragma once
// Containers as the engine reports them (list, inspect, create, wait).

#include "base/error.hpp"
#include "base/ids.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace berth::docker {

// `unknown`: a word that this program does not know.
enum class ContainerStatus {
    created,
    running,
    paused,
    restarting,
    removing,
    exited,
    dead,
    unknown
};
ContainerStatus container_status_from(std::string_view word) noexcept;

struct PortBinding {
    std::uint16_t container_port = 0;
    std::string protocol; // "tcp"
    std::string host_ip;
    std::uint16_t host_port = 0;
};

// What the engine applied, for checks of the hardening.
struct AppliedLimits {
    std::vector<std::string> cap_add, cap_drop, security_options;
    bool is_privileged = false;
    bool has_init = false;
    std::int64_t memory_bytes = 0, memory_swap_bytes = 0, nano_cpus = 0, pids = 0, shm_bytes = 0;
    std::string restart_policy, log_driver, network_mode;
};

struct ContainerDetails {
    ContainerDetails() = default;
    ContainerId id;
    std::string name; // without the leading slash
    std::string image;
    std::map<std::string, std::string> labels;
    ContainerStatus status = ContainerStatus::unknown;
    bool is_oom_killed = false;
    int exit_code = 0;
    std::string error; // the engine's words about the last start
    bool has_tty = false;
    std::vector<PortBinding> ports;
    std::vector<std::string> networks; // names
    AppliedLimits applied;
};

struct ContainerSummary {
    ContainerSummary() = default;
    ContainerId id;
    std::string name;
    std::string image, image_id;
    std::map<std::string, std::string> labels;
    ContainerStatus status = ContainerStatus::unknown;
};

struct ContainerExit {
    int exit_code = 0;
    std::string error;
};

// 12 to 64 lower-case hex digits.
bool is_container_id(std::string_view text) noexcept;

// Failures are protocol_violation. An entry of the list without a valid id is left out.
Result<ContainerDetails> decode_container(std::string_view body);
Result<std::vector<ContainerSummary>> decode_container_list(std::string_view body);
Result<ContainerId> decode_container_created(std::string_view body);
Result<ContainerExit> decode_container_exit(std::string_view body);

} // namespace berth::docker
