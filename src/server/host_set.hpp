// SPDX-License-Identifier: Apache-2.0
#pragma once
// From definitions of hosts to engines.

#include "broker/host_service.hpp"
#include "config/config.hpp"
#include "docker/docker_host.hpp"

#include <string>

namespace berth::server {

class HostSet final : public broker::HostFactory {
public:
    HostSet(net::Executor executor, const config::Config& config, std::string deployment);

    Result<broker::MadeHost> make_host(const broker::HostDefinition& definition) override;
    broker::MadeHost make_unusable(const broker::HostDefinition& definition, Error why) override;

private:
    net::Executor executor_;
    std::string network_pool_;
    std::string deployment_;
};

broker::FileHost file_host_of(const config::Host& host);

} // namespace berth::server
