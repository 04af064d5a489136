// SPDX-License-Identifier: Apache-2.0
#include "server/host_set.hpp"

#include "net/deadline.hpp"

#include <cstdlib>

namespace berth::server {
namespace {

// A host whose way in this program does not know: every call says so.
class NoWay final : public broker::ContainerHost {
public:
    explicit NoWay(Error error)
        : error_{std::move(error)} {}
    net::Task<Result<ContainerId>> create(const broker::ContainerOrder&, Deadline) override { co_return error_; }
    net::Task<Status> start(const ContainerId&, Deadline) override { co_return error_; }
    net::Task<Status> remove(const SessionId&, int, Deadline) override { co_return error_; }
    net::Task<Result<std::vector<broker::Observed>>> list(Deadline) override { co_return error_; }
    net::Task<Result<std::unique_ptr<net::ByteStream>>>
    dial(const ContainerId&, std::uint16_t, net::Traffic, net::Executor, Deadline) override {
        co_return error_;
    }
    std::chrono::steady_clock::time_point last_answer() const noexcept override { return {}; }
    net::Task<Result<broker::HostFacts>> check(Deadline) override { co_return error_; }
    net::Task<Result<broker::ImageFacts>> check_image(const std::string&, Deadline) override { co_return error_; }
    net::Task<void> watch(std::function<void(broker::HostNotice)>) override {
        for (;;) co_await net::sleep_for(std::chrono::hours{24});
    }
    net::Task<Result<std::vector<std::string>>> logs(const ContainerId&, int, Deadline) override { co_return error_; }
    net::Task<Status> pause(const ContainerId&, Deadline) override { co_return error_; }
    net::Task<Status> unpause(const ContainerId&, Deadline) override { co_return error_; }
    net::Task<Status> pull(std::string, std::function<void(const broker::PullState&)>, Deadline) override { co_return error_; }
    net::Task<Result<std::set<std::string>>> volumes(Deadline) override { co_return error_; }
    net::Task<Result<std::set<std::pair<SessionId, int>>>> own_networks(Deadline) override { co_return error_; }
    net::Task<Result<broker::MachineLoad>> load(Deadline) override { co_return error_; }
    broker::HostAccess access() const override {
        broker::HostAccess access;
        access.last_error = error_.operator_text();
        return access;
    }
    net::Task<std::vector<broker::TestStep>> examine(broker::TellStep, Deadline) override {
        broker::TestStep step;
        step.name = "definition";
        step.title = "The host's definition can be used";
        step.state = broker::TestState::failed;
        step.text = error_.operator_text();
        std::vector<broker::TestStep> steps;
        steps.push_back(std::move(step));
        co_return steps;
    }
    net::Task<Status> accept_key(std::string, Deadline) override { co_return error_; }
    net::Task<void> close() override { co_return; }

private:
    Error error_;
};

struct Connected {
    Connected(const net::Executor& executor, std::unique_ptr<docker::Connector> way, docker::DockerHostConfig settings)
        : connector{std::move(way)}
        , engine{executor, *connector, std::move(settings)} {}
    std::unique_ptr<docker::Connector> connector;
    docker::DockerHost engine;
};

} // namespace

docker::ConnectorContext connector_context(const config::Ssh& ssh, const broker::HostDefinition& host, net::Executor executor) {
    docker::ConnectorContext context{std::move(executor)};
    context.known_hosts = ssh.known_hosts;
    context.identity = ssh.identity;
    context.ssh_config = ssh.config_file;
    context.most_connections = host.max_connections;
    if (host.data_path == broker::DataPath::direct) context.data_path = docker::DataPath::direct;
    switch (host.transport) {
    case broker::SshTransport::automatic: context.transport = ssh::Transport::automatic; break;
    case broker::SshTransport::libssh: context.transport = ssh::Transport::libssh; break;
    case broker::SshTransport::openssh: context.transport = ssh::Transport::openssh; break;
    }
    return context;
}

HostSet::HostSet(net::Executor executor, const config::Config& config, std::string deployment)
    : executor_{executor}
    , handshakes_{std::move(executor)}
    , ssh_{config.ssh}
    , network_pool_{config.network.pool_cidr}
    , deployment_{std::move(deployment)} {}

Result<broker::MadeHost> HostSet::make_host(const broker::HostDefinition& host) {
    auto endpoint = docker::resolve_endpoint(docker::process_world(), host.endpoint);
    if (!endpoint) return endpoint.error();
    docker::use_tls_directory(*endpoint, host.tls_directory);
    auto context = connector_context(ssh_, host, executor_);
    context.handshakes = &handshakes_;
    auto connector = docker::make_connector(*endpoint, context);
    if (!connector) return connector.error();
    docker::DockerHostConfig settings;
    settings.name = host.name.str();
    settings.deployment = deployment_;
    settings.program_version = BERTH_VERSION;
    settings.network_pool = network_pool_;
    if (host.data_path == broker::DataPath::direct) settings.publish_address = "0.0.0.0";
    if (const char* forced = std::getenv("DOCKER_API_VERSION")) settings.client.forced_version = forced;
    auto connected = std::make_shared<Connected>(executor_, std::move(*connector), std::move(settings));
    broker::MadeHost made;
    made.endpoint = docker::describe(*endpoint);
    // One lifetime for both: whoever holds the engine holds its way in.
    made.engine = std::shared_ptr<broker::ContainerHost>{connected, &connected->engine};
    return made;
}

broker::MadeHost HostSet::make_unusable(const broker::HostDefinition& host, Error why) {
    broker::MadeHost made;
    made.endpoint = host.endpoint;
    made.engine = std::make_shared<NoWay>(Error{Errc::host_unreachable, why.operator_text()});
    return made;
}

net::Task<void> HostSet::stop() {
    co_await handshakes_.stop();
}

} // namespace berth::server
