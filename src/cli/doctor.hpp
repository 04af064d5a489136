// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `berth doctor` looks at. Nothing is changed: what is made for a look (a container, a bridge,
// a copy of the database) is removed again. Every check says what to do when it is not good.

#include "broker/host_ports.hpp"
#include "config/load.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

struct Finding {
    enum class Level { ok, warn, fail, skipped };
    std::string name; // stable word: "state_dir", "engine local"
    Level level = Level::ok;
    std::string detail;
    std::string remedy; // empty when all is well
};
std::string_view name_of(Finding::Level level) noexcept;

using Findings = std::vector<Finding>;
Finding good(std::string name, std::string detail);
Finding warning(std::string name, std::string detail, std::string remedy);
Finding failure(std::string name, std::string detail, std::string remedy);
Finding skipped(std::string name, std::string reason);

// Folders, disk, pages, limits, clock, ports. `is_running`: a server of ours answers already.
void check_machine(const config::Config& config, bool is_running, Findings& findings);
using Hosts = std::vector<broker::HostDefinition>;
// The database and the administrators in it, looked at in a copy while nobody runs. Returns the hosts in it that the
// configuration does not name.
Hosts check_database(const config::Config& config, bool is_running, Findings& findings);
// Each engine: reach, version, clock, disk, images, a throw-away container, isolation.
void check_engines(const config::Config& config, const Hosts& hosts, Findings& findings);

} // namespace berth::cli
