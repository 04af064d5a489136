// SPDX-License-Identifier: Apache-2.0
#include "server/host_set.hpp"

#include "base/log.hpp"
#include "docker/connector.hpp"
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
    dial(const ContainerId&, std::uint16_t, net::Executor, Deadline) override {
        co_return error_;
    }
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
    broker::HostAccess access() const override {
        broker::HostAccess access;
        access.last_error = error_.operator_text();
        return access;
    }
    net::Task<std::vector<broker::TestStep>> examine(Deadline) override {
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

} // namespace

struct HostSet::One {
    std::unique_ptr<docker::Connector> connector;
    std::unique_ptr<broker::ContainerHost> engine;
    std::string endpoint;
};

HostSet::HostSet(net::Executor executor, const config::Config& config, const std::string& deployment)
    : handshakes_{executor} {
    docker::ConnectorContext context{executor};
    context.handshakes = &handshakes_;
    context.known_hosts = config.state_dir + "/known_hosts";
    for (const auto& host : config.hosts) {
        auto one = std::make_shared<One>();
        auto endpoint = docker::resolve_endpoint(docker::process_world(), host.endpoint);
        Error why{Errc::host_unreachable, "no connector"};
        if (endpoint && !host.tls_directory.empty()) {
            docker::EndpointTls tls;
            tls.ca = host.tls_directory + "/ca.pem";
            tls.cert = host.tls_directory + "/cert.pem";
            tls.key = host.tls_directory + "/key.pem";
            endpoint->tls = std::move(tls);
        }
        if (endpoint) {
            one->endpoint = docker::describe(*endpoint);
            auto connector = docker::make_connector(*endpoint, context);
            if (connector) one->connector = std::move(*connector);
            else why = Error{Errc::host_unreachable, connector.error().operator_text()};
        } else {
            one->endpoint = host.endpoint;
            why = Error{Errc::host_unreachable, endpoint.error().operator_text()};
        }
        if (one->connector) {
            docker::DockerHostConfig settings;
            settings.name = host.name.str();
            settings.deployment = deployment;
            settings.program_version = BERTH_VERSION;
            settings.network_pool = config.network.pool_cidr;
            if (const char* forced = std::getenv("DOCKER_API_VERSION")) settings.client.forced_version = forced;
            one->engine = std::make_unique<docker::DockerHost>(executor, *one->connector, std::move(settings));
        } else {
            log("server").warn("host_without_way host={} {}", host.name.str(), log_safe(why.operator_text()));
            one->engine = std::make_unique<NoWay>(why);
        }
        broker::HostEntry entry;
        entry.view.id = host.name;
        entry.view.weight = host.weight;
        entry.view.capacity = host.capacity_sessions;
        entry.view.creating_limit = host.creating_limit;
        entry.view.labels = host.labels;
        entry.view.is_draining = host.is_drained;
        entry.endpoint = one->endpoint;
        entry.alias = host.public_name;
        entry.engine = one->engine.get();
        entries_.push_back(std::move(entry));
        hosts_.push_back(std::move(one));
    }
}

net::Task<void> HostSet::stop() {
    for (const auto& one : hosts_) co_await one->engine->close();
    co_await handshakes_.stop();
}

} // namespace berth::server
