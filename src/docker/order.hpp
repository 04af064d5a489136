// SPDX-License-Identifier: Apache-2.0
#pragma once
// A ContainerOrder in the engine's terms, and back from labels to identity. Pure.

#include "broker/ports.hpp"
#include "docker/wire/container_config.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::docker {

struct Identity {
    Identity() = default;
    SessionId session;
    int generation = 0;
    bool operator==(const Identity&) const = default;
};

// Nothing unless all three labels are there, well-formed and of this deployment.
std::optional<Identity>
identity_from(const std::map<std::string, std::string>& labels, std::string_view deployment);

std::map<std::string, std::string> labels_for(
    const broker::ContainerOrder& order, std::string_view deployment, std::string_view version
);

// invalid_input for what must never reach an engine: names of variables and paths that could mean
// something else, capabilities that open the host (H-10), a secret without a place or the reverse.
Status check_order(const broker::ContainerOrder& order);

// Without network, labels and logs; the secret is in it only when it is delivered by variable.
ContainerConfig container_config_for(const broker::ContainerOrder& order);

// `local` where the engine has it, else json-file, else empty: the engine's choice.
std::string choose_log_driver(const std::vector<std::string>& available);

} // namespace berth::docker
