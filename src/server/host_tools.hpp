// SPDX-License-Identifier: Apache-2.0
#pragma once
// The surface's questions about hosts that configuration and the docker command's files answer.

#include "api/native/host_tools.hpp"
#include "config/config.hpp"
#include "net/blocking_pool.hpp"

#include <string>

namespace berth::server {

class HostTools final : public api::native::HostTools {
public:
    explicit HostTools(const config::Config& config)
        : identity_{config.ssh.identity} {}

    Status check(const broker::HostDefinition& definition) const override;
    broker::Task<Result<std::vector<api::native::DockerContext>>> contexts() override;
    broker::Task<Result<std::vector<api::native::HostInFile>>> hosts_in(std::string text) override;
    broker::Task<std::string> public_key() override;

private:
    std::string identity_;
    net::BlockingPool files_{1, "files"}; // a network file system may make a read slow
};

} // namespace berth::server
