// SPDX-License-Identifier: Apache-2.0
#pragma once
// One host as the broker knows it now, for who shows it.

#include "broker/host_ports.hpp"
#include "placement/scheduler.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace berth::broker {

// Valid until the next co_await: hosts come and go.
struct HostEntry {
    HostDefinition definition;
    HostModeRecord mode;
    placement::Host view; // what the scheduler sees, kept up to date with the two above
    std::string endpoint; // for people: where the definition leads to
    std::string alias;    // definition.public_name
    std::map<std::string, std::string> image_ids; // of images seen there, by name
    HostFacts facts;      // of the last check that was answered
    std::optional<TimePoint> last_check_at;
    std::optional<Milliseconds> round_trip; // of the last check that was answered
    std::uint64_t failed_checks = 0;        // since the start of the process
    std::shared_ptr<ContainerHost> engine;  // never null; kept by whoever still uses it
};

// One word for people: "up", "probation", "down", "unknown", "draining", "drained", "maintenance".
// What an administrator said goes first, except that a host which is not up says so.
std::string_view state_word(const HostEntry& host) noexcept;

} // namespace berth::broker
