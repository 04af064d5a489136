// SPDX-License-Identifier: Apache-2.0
#include "docker/connector.hpp"

namespace berth::docker {
namespace {

constexpr const char* loopback = "127.0.0.1";

// An engine on this machine, whatever its address looks like.
class LocalConnector final : public Connector {
public:
    explicit LocalConnector(std::unique_ptr<net::Dialer> engine)
        : engine_{std::move(engine)} {}

    net::Dialer& engine() noexcept override { return *engine_; }

    net::Task<Result<net::ByteStreamPtr>>
    dial_port(std::uint16_t port, net::Executor executor, Deadline deadline) override {
        auto dialer = net::make_tcp_dialer(loopback, port);
        co_return co_await dialer->dial(std::move(executor), deadline);
    }

private:
    std::unique_ptr<net::Dialer> engine_;
};

// An engine behind TCP or TLS elsewhere: it can be managed, but its loopback is out of reach.
class RemoteConnector final : public Connector {
public:
    explicit RemoteConnector(std::unique_ptr<net::Dialer> engine)
        : engine_{std::move(engine)} {}

    net::Dialer& engine() noexcept override { return *engine_; }

    net::Task<Result<net::ByteStreamPtr>>
    dial_port(std::uint16_t, net::Executor, Deadline) override {
        co_return Error{
            Errc::host_unreachable,
            engine_->describe() + ": the desktops of a remote engine can be reached over ssh only"};
    }

private:
    std::unique_ptr<net::Dialer> engine_;
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

} // namespace

Result<std::unique_ptr<Connector>> make_connector(const Endpoint& endpoint) {
    std::unique_ptr<Connector> connector;
    switch (endpoint.kind) {
    case Endpoint::Kind::unix_socket:
        connector = std::make_unique<LocalConnector>(net::make_unix_dialer(endpoint.path));
        return connector;
    case Endpoint::Kind::tcp:
        if (is_loopback(endpoint.host))
            connector = std::make_unique<LocalConnector>(tcp_engine(endpoint));
        else
            connector = std::make_unique<RemoteConnector>(tcp_engine(endpoint));
        return connector;
    case Endpoint::Kind::ssh:
        break;
    }
    return Error{
        Errc::invalid_input, describe(endpoint) + ": hosts behind ssh arrive in a later version"};
}

} // namespace berth::docker
