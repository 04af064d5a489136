// SPDX-License-Identifier: Apache-2.0
#pragma once
// The two ways into a host: to its engine, and to a port published on its 127.0.0.1. What is on
// the host's loopback is reached through this host's own connector only, never directly.

#include "docker/endpoint.hpp"
#include "net/dialer.hpp"

#include <memory>

namespace berth::docker {

class Connector {
public:
    virtual ~Connector() = default;
    virtual net::Dialer& engine() noexcept = 0;
    // host_unreachable also when the port refuses.
    virtual net::Task<Result<net::ByteStreamPtr>>
    dial_port(std::uint16_t port, net::Executor executor, Deadline deadline) = 0;
};

// invalid_input for an endpoint that cannot be used (yet): ssh.
Result<std::unique_ptr<Connector>> make_connector(const Endpoint& endpoint);

} // namespace berth::docker
