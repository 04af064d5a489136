// SPDX-License-Identifier: Apache-2.0
#include "server/definitions.hpp"

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

placement::Strategy word_of(config::Strategy strategy) {
    return strategy == config::Strategy::pack ? placement::Strategy::pack : placement::Strategy::spread;
}

broker::WarmPolicy warm_of(const config::Warm& warm) {
    broker::WarmPolicy policy;
    policy.min = warm.min;
    policy.max = warm.max;
    policy.kind = warm.kind == config::WarmKind::running ? broker::WarmKind::running : broker::WarmKind::paused;
    return policy;
}

broker::Template template_of(const config::Template& one) {
    broker::Template made;
    made.name = one.name;
    made.title = one.title;
    made.description = one.description;
    made.icon = one.icon;
    made.tags = one.tags;
    made.spec = one.spec;
    made.lease = one.lease;
    made.resolutions = one.resolutions;
    made.resolution_env = one.resolution_env;
    made.host_labels = one.host_labels;
    made.strategy = word_of(one.strategy);
    made.is_enabled = one.is_enabled;
    made.max_running = one.max_running;
    made.pull = one.pull == config::Pull::missing ? broker::PullPolicy::missing : broker::PullPolicy::never;
    made.warm = warm_of(one.warm);
    return made;
}

broker::FileHost file_host_of(const config::Host& host) {
    broker::FileHost made;
    made.definition = definition_of(host);
    if (host.is_drained) made.mode.mode = broker::HostMode::draining;
    return made;
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

placement::Strategy strategy_of(const config::Config& config) { return word_of(config.placement.strategy); }

std::vector<broker::FileHost> file_hosts_of(const config::Config& config) {
    std::vector<broker::FileHost> hosts;
    for (const auto& host : config.hosts) hosts.push_back(file_host_of(host));
    return hosts;
}

std::vector<broker::Template> templates_of(const config::Config& config) {
    std::vector<broker::Template> list;
    for (const auto& one : config.templates) list.push_back(template_of(one));
    return list;
}

} // namespace berth::server
