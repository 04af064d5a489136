// SPDX-License-Identifier: Apache-2.0
#pragma once
// From the configuration's hosts to engines. A host that cannot be reached by what this program can
// do stays in the list, down, with the reason: nothing disappears silently.

#include "broker/host_registry.hpp"
#include "config/config.hpp"
#include "docker/docker_host.hpp"
#include "ssh/handshakes.hpp"

#include <memory>
#include <string>
#include <vector>

namespace berth::server {

class HostSet {
public:
    HostSet(net::Executor executor, const config::Config& config, const std::string& deployment);

    // For the registry; engines live as long as this set.
    std::vector<broker::HostEntry> entries() const { return entries_; }

    // Ends the connections to all engines: after everybody who uses them, while the gateway's threads,
    // on which some of them live, still run.
    net::Task<void> stop();

private:
    struct One;
    ssh::Handshakes handshakes_;
    std::vector<std::shared_ptr<One>> hosts_;
    std::vector<broker::HostEntry> entries_;
};

} // namespace berth::server
