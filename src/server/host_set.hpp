// SPDX-License-Identifier: Apache-2.0
#pragma once
// From definitions of hosts to engines.

#include "broker/host_service.hpp"
#include "config/config.hpp"
#include "docker/connector.hpp"
#include "docker/docker_host.hpp"
#include "ssh/handshakes.hpp"

#include <string>

namespace berth::server {

// What a definition and the installation's keys make of the way in. No handshakes are shared yet.
docker::ConnectorContext connector_context(const config::Ssh& ssh, const broker::HostDefinition& host, net::Executor executor);

class HostSet final : public broker::HostFactory {
public:
    HostSet(net::Executor executor, const config::Config& config, std::string deployment);

    Result<broker::MadeHost> make_host(const broker::HostDefinition& definition) override;
    broker::MadeHost make_unusable(const broker::HostDefinition& definition, Error why) override;

    // Ends the connections to all engines: after everybody who uses them, while the gateway's threads,
    // on which some of them live, still run.
    net::Task<void> stop();

private:
    net::Executor executor_;
    ssh::Handshakes handshakes_;
    config::Ssh ssh_;
    std::string network_pool_;
    std::string deployment_;
};

} // namespace berth::server
