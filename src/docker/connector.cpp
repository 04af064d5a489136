// SPDX-License-Identifier: Apache-2.0
#include "docker/connector.hpp"

#include "net/deadline.hpp"
#include "net/dial_tcp.hpp"
#include "ssh/client_config.hpp"

#include <boost/asio/ip/host_name.hpp>

namespace berth::docker {
namespace {

using net::ByteStreamPtr;
using net::Task;

constexpr const char* loopback = "127.0.0.1";
constexpr const char* default_socket = "/var/run/docker.sock";

Task<Result<ByteStreamPtr>>
dial_tcp(std::string host, std::uint16_t port, net::Executor executor, Deadline deadline) {
    auto dialer = net::make_tcp_dialer(std::move(host), port);
    co_return co_await dialer->dial(std::move(executor), deadline);
}

// From the core thread to a socket that lives elsewhere.
Task<Result<ByteStreamPtr>> dial_there(
    net::Executor core, std::string host, std::uint16_t port, net::Executor executor, Deadline deadline
) {
    auto task = dial_tcp(std::move(host), port, executor, deadline);
    if (executor == core) co_return co_await std::move(task);
    co_return co_await net::run_on(executor, std::move(task));
}

ssh::Step step_of(const char* name, const char* title) {
    ssh::Step step;
    step.name = name;
    step.title = title;
    step.text = "not tried";
    return step;
}

void settle(ssh::Step& step, Deadline begin, const std::optional<Error>& error, const std::string& seen, const char* remedy) {
    step.took = since(begin);
    step.state = error ? ssh::StepState::failed : ssh::StepState::ok;
    step.text = error ? error->operator_text() : seen;
    if (error) step.remedy = remedy;
}

// The steps before an engine at a TCP address. False: one has failed.
Task<bool> examine_tcp(const Endpoint& endpoint, net::Dialer& engine, net::Executor core, Deadline deadline, std::vector<ssh::Step>& steps) {
    steps.push_back(step_of("resolve", "Find the machine's address"));
    steps.push_back(step_of("tcp", "Connect"));
    if (endpoint.tls) steps.push_back(step_of("tls", "TLS"));
    auto begin = std::chrono::steady_clock::now();
    auto addresses = co_await net::resolve_tcp(endpoint.host, endpoint.port, deadline);
    std::optional<Error> error;
    if (!addresses) error = addresses.error();
    settle(steps[0], begin, error, "", "Correct the machine's name, or make it known: DNS, /etc/hosts.");
    if (error) co_return false;
    steps[0].text = addresses->front().address().to_string();
    begin = std::chrono::steady_clock::now();
    auto socket = co_await net::connect_tcp(core, std::move(*addresses), deadline);
    if (!socket) error = socket.error();
    settle(steps[1], begin, error, "port " + std::to_string(endpoint.port),
        "Start the engine with this address (-H tcp://…), and let the port through the firewalls on the way.");
    if (error || !endpoint.tls) co_return !error;
    begin = std::chrono::steady_clock::now();
    auto stream = co_await engine.dial(core, deadline);
    if (!stream) error = stream.error();
    settle(steps[2], begin, error, "both sides know each other",
        "Compare ca.pem, cert.pem and key.pem with what the engine uses, and the name with the one in its certificate.");
    co_return !error;
}

Task<void> tell_all(const ssh::TellStep& tell, const std::vector<ssh::Step>& steps) {
    if (!tell) co_return;
    for (const auto& step : steps) {
        auto telling = tell(step);
        co_await std::move(telling);
    }
}

// An engine behind a socket: on this machine, whatever its address looks like, or elsewhere.
class SocketConnector final : public Connector {
public:
    // `ports_host` empty: its loopback is out of reach.
    SocketConnector(
        Endpoint endpoint, std::unique_ptr<net::Dialer> engine, std::string way, std::string ports_host,
        net::Executor core
    )
        : endpoint_{std::move(endpoint)}
        , engine_{std::move(engine)}
        , way_{std::move(way)}
        , ports_host_{std::move(ports_host)}
        , core_{std::move(core)} {}

    net::Dialer& engine() noexcept override { return *engine_; }

    Task<Result<ByteStreamPtr>>
    dial_port(std::uint16_t port, net::Traffic, net::Executor executor, Deadline deadline) override {
        if (ports_host_.empty())
            co_return Error{
                Errc::host_unreachable,
                engine_->describe() + ": the desktops of a remote engine are reached over ssh, or with "
                                      "data_path: direct"};
        auto task = dial_there(core_, ports_host_, port, std::move(executor), deadline);
        co_return co_await std::move(task);
    }

    ConnectorReport report() const override {
        ConnectorReport report;
        report.way = way_;
        return report;
    }

    // The engine's socket may lead to another machine although it is a file here.
    Task<Result<MachineReading>> read_machine(Machine machine, Deadline) override {
        if (endpoint_.kind != Endpoint::Kind::unix_socket || machine.name != boost::asio::ip::host_name())
            co_return Error{Errc::not_found, engine_->describe() + " does not lead into the machine"};
        co_return read_this_machine(machine.data_root);
    }

    Task<std::vector<ssh::Step>>
    examine(ssh::AskEngine ask, ssh::TellStep tell, Deadline deadline) override {
        std::vector<ssh::Step> steps;
        bool is_open = true;
        if (endpoint_.kind == Endpoint::Kind::tcp)
            is_open = co_await examine_tcp(endpoint_, *engine_, core_, deadline, steps);
        co_await tell_all(tell, steps);
        auto answer = step_of("engine", "The engine answers");
        if (is_open) {
            auto asking = ask(*engine_, deadline);
            answer = co_await std::move(asking);
            answer.name = "engine";
        }
        steps.push_back(std::move(answer));
        if (tell) {
            auto telling = tell(steps.back());
            co_await std::move(telling);
        }
        co_return steps;
    }

private:
    Endpoint endpoint_;
    std::unique_ptr<net::Dialer> engine_;
    std::string way_, ports_host_;
    net::Executor core_;
};

ssh::LinkConfig link_config(const Endpoint& endpoint, const ConnectorContext& context) {
    ssh::LinkConfig config;
    config.address.host = endpoint.host;
    config.address.user = endpoint.user;
    config.address.port = endpoint.port;
    config.engine_socket = endpoint.path.empty() ? default_socket : endpoint.path;
    config.transport = context.transport;
    config.most_connections = context.most_connections;
    config.own_known_hosts = context.known_hosts;
    config.config_file = context.ssh_config;
    config.identity = context.identity;
    return config;
}

class SshConnector final : public Connector {
public:
    SshConnector(const Endpoint& endpoint, const ConnectorContext& context)
        : core_{context.executor}
        , data_path_{context.data_path}
        , own_handshakes_{context.handshakes ? nullptr : std::make_unique<ssh::Handshakes>(context.executor)}
        , handshakes_{context.handshakes ? *context.handshakes : *own_handshakes_}
        , config_{link_config(endpoint, context)}
        , link_{context.executor, handshakes_, config_} {}

    net::Dialer& engine() noexcept override { return link_.engine(); }

    Task<Result<ByteStreamPtr>>
    dial_port(std::uint16_t port, net::Traffic traffic, net::Executor executor, Deadline deadline) override {
        if (data_path_ == DataPath::tunnel) {
            auto task = link_.dial_port(port, std::move(executor), deadline, traffic);
            co_return co_await std::move(task);
        }
        auto target = co_await link_.target(deadline);
        if (!target) co_return target.error();
        auto task = dial_there(core_, target->host, port, std::move(executor), deadline);
        co_return co_await std::move(task);
    }

    ConnectorReport report() const override { return link_.report(); }
    Task<Status> accept_key(std::string fingerprint, Deadline deadline) override {
        return link_.accept_key(std::move(fingerprint), deadline);
    }
    void on_changed(std::function<void()> call) override { link_.on_changed = std::move(call); }
    Task<Result<MachineReading>> read_machine(Machine, Deadline deadline) override {
        auto running = link_.run(std::string{reading_command}, deadline);
        auto printed = co_await std::move(running);
        if (!printed) co_return printed.error();
        co_return parse_reading(*printed);
    }
    Task<std::vector<ssh::Step>>
    examine(ssh::AskEngine ask, ssh::TellStep tell, Deadline deadline) override {
        auto ports = data_path_ == DataPath::tunnel ? ssh::Ports::needed : ssh::Ports::unused;
        return ssh::examine(core_, handshakes_, config_, std::move(ask), ports, std::move(tell), deadline);
    }

    Task<void> stop() override {
        co_await link_.stop();
        if (own_handshakes_) co_await own_handshakes_->stop();
    }

private:
    net::Executor core_;
    DataPath data_path_;
    std::unique_ptr<ssh::Handshakes> own_handshakes_;
    ssh::Handshakes& handshakes_;
    ssh::LinkConfig config_;
    ssh::HostLink link_;
};

std::unique_ptr<net::Dialer> tcp_engine(const Endpoint& endpoint) {
    if (!endpoint.tls) return net::make_tcp_dialer(endpoint.host, endpoint.port);
    net::TlsFiles files;
    files.ca = endpoint.tls->ca;
    files.cert = endpoint.tls->cert;
    files.key = endpoint.tls->key;
    files.verify_host = endpoint.tls->verify;
    return net::make_tls_dialer(endpoint.host, endpoint.port, std::move(files));
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::unique_ptr<Connector> tcp_connector(const Endpoint& endpoint, const ConnectorContext& context) {
    std::string ports_host;
    if (is_loopback(endpoint.host)) ports_host = loopback;
    else if (context.data_path == DataPath::direct) ports_host = endpoint.host;
    return std::make_unique<SocketConnector>(
        endpoint, tcp_engine(endpoint), endpoint.tls ? "tls" : "tcp", std::move(ports_host), context.executor
    );
}

} // namespace

net::Task<Status> Connector::accept_key(std::string, Deadline) {
    co_return Error{Errc::not_found, "this way to the engine has no host key"};
}

net::Task<Result<MachineReading>> Connector::read_machine(Machine, Deadline) {
    co_return Error{Errc::not_found, "this way does not lead into the machine"};
}

net::Task<void> Connector::stop() { co_return; }

void Connector::on_changed(std::function<void()>) {}

Result<std::unique_ptr<Connector>>
make_connector(const Endpoint& endpoint, const ConnectorContext& context) {
    std::unique_ptr<Connector> connector;
    switch (endpoint.kind) {
    case Endpoint::Kind::unix_socket:
        connector = std::make_unique<SocketConnector>(
            endpoint, net::make_unix_dialer(endpoint.path), "unix", loopback, context.executor
        );
        break;
    case Endpoint::Kind::tcp:
        connector = tcp_connector(endpoint, context);
        break;
    case Endpoint::Kind::ssh: {
        ssh::Address address;
        address.host = endpoint.host;
        address.user = endpoint.user;
        if (auto status = ssh::check_address(address); !status) return status.error();
        connector = std::make_unique<SshConnector>(endpoint, context);
        break;
    }
    }
    return connector;
}

} // namespace berth::docker
