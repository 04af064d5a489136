// SPDX-License-Identifier: Apache-2.0
#pragma once
// One host as the broker knows it now, for who shows it.

#include "broker/host_ports.hpp"
#include "placement/scheduler.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace berth::broker {

// What keeps a host that is up from being well.
struct Concern {
    std::string code; // stable: "disk_nearly_full", "starts_failing"
    std::string text;
};

struct LoadSample {
    TimePoint at{};
    MachineLoad load;
    int sessions = 0;
};

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
    std::optional<TimePoint> next_check_at; // of one that is not up: when it is tried again
    std::uint64_t failed_checks = 0;        // since the start of the process
    std::deque<LoadSample> loads;           // oldest first, at most limits::load_samples; empty = not told
    std::vector<Concern> concerns;
    std::shared_ptr<ContainerHost> engine;  // never null; kept by whoever still uses it
};

// One word for people: "up", "degraded", "probation", "down", "unknown", "draining", "drained", "maintenance".
// What an administrator said goes first, except that a host which is not up says so.
std::string_view state_word(const HostEntry& host) noexcept;

} // namespace berth::broker
