// SPDX-License-Identifier: Apache-2.0
#include "server/host_definition.hpp"

namespace berth::server {
namespace {

broker::DataPath path_of(config::DataPath path) {
    switch (path) {
    case config::DataPath::tunnel: return broker::DataPath::tunnel;
    case config::DataPath::direct: return broker::DataPath::direct;
    }
    return broker::DataPath::tunnel;
}

broker::SshTransport transport_of(config::SshTransport transport) {
    switch (transport) {
    case config::SshTransport::automatic: return broker::SshTransport::automatic;
    case config::SshTransport::libssh: return broker::SshTransport::libssh;
    case config::SshTransport::openssh: return broker::SshTransport::openssh;
    }
    return broker::SshTransport::automatic;
}

} // namespace

broker::HostDefinition definition_of(const config::Host& host) {
    broker::HostDefinition definition;
    definition.name = host.name;
    definition.endpoint = host.endpoint;
    definition.weight = host.weight;
    definition.capacity_sessions = host.capacity_sessions;
    definition.memory_bytes = host.memory_bytes;
    definition.nano_cpus = host.nano_cpus;
    definition.creating_limit = host.creating_limit;
    definition.labels = host.labels;
    definition.public_name = host.public_name;
    definition.data_path = path_of(host.data_path);
    definition.transport = transport_of(host.transport);
    definition.max_connections = host.max_connections;
    definition.tls_directory = host.tls_directory;
    definition.origin = broker::HostOrigin::file;
    return definition;
}

broker::HostModeRecord mode_of(const config::Host& host) {
    broker::HostModeRecord mode;
    if (host.is_drained) mode.mode = broker::HostMode::draining;
    return mode;
}

} // namespace berth::server
