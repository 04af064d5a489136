// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"
#include "bench/gateway_relay/parts.hpp"
#include "gateway/gateway.hpp"
#include "net/dialer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace berth::bench {
namespace {

namespace asio = boost::asio;
using net::Task;
using tcp = asio::ip::tcp;

Error not_here() {
    return Error{Errc::internal, "not part of this benchmark"};
}

class LoopbackHost final : public broker::ContainerHost {
public:
    Task<Result<ContainerId>> create(const broker::ContainerOrder&, Deadline) override {
        co_return not_here();
    }
    Task<Status> start(const ContainerId&, Deadline) override { co_return not_here(); }
    Task<Status> remove(const SessionId&, int, Deadline) override { co_return not_here(); }
    Task<Result<std::vector<broker::Observed>>> list(Deadline) override { co_return not_here(); }
    Task<Result<net::ByteStreamPtr>> dial(
        const ContainerId&, std::uint16_t port, net::Traffic, net::Executor executor, Deadline deadline
    ) override {
        auto dialer = net::make_tcp_dialer("127.0.0.1", port);
        co_return co_await dialer->dial(std::move(executor), deadline);
    }
    std::chrono::steady_clock::time_point last_answer() const noexcept override { return {}; }
    Task<Result<broker::HostFacts>> check(Deadline) override { co_return not_here(); }
    Task<Result<broker::ImageFacts>> check_image(const std::string&, Deadline) override { co_return not_here(); }
    Task<void> watch(std::function<void(broker::HostNotice)>) override { co_return; }
    Task<Result<std::vector<std::string>>> logs(const ContainerId&, int, Deadline) override {
        co_return not_here();
    }
    Task<Status> pause(const ContainerId&, Deadline) override { co_return not_here(); }
    Task<Status> unpause(const ContainerId&, Deadline) override { co_return not_here(); }
    Task<Status> pull(std::string, std::function<void(const broker::PullState&)>, Deadline) override {
        co_return not_here();
    }
    Task<Result<std::set<std::string>>> volumes(Deadline) override { co_return not_here(); }
    Task<Result<std::set<std::pair<SessionId, int>>>> own_networks(Deadline) override {
        co_return not_here();
    }
    broker::HostAccess access() const override { return {}; }
    Task<std::vector<broker::TestStep>> examine(Deadline) override {
        co_return std::vector<broker::TestStep>{};
    }
    Task<Status> accept_key(std::string, Deadline) override { co_return not_here(); }
    Task<void> close() override { co_return; }
};

// Every ticket opens the one desktop, each as a session of its own.
class OpenDoor final : public gateway::Admission {
public:
    OpenDoor(broker::ContainerHost& host, std::uint16_t port)
        : host_{host}
        , port_{port} {}
    Task<Result<gateway::Admitted>> admit(std::string) override {
        gateway::Admitted admitted;
        admitted.session = SessionId{"s" + std::to_string(++count_)};
        admitted.container = ContainerId{"c"};
        admitted.host = std::shared_ptr<broker::ContainerHost>{std::shared_ptr<void>{}, &host_}; // it outlives all viewers
        admitted.port = port_;
        admitted.rights = session::Rights::control;
        admitted.rfb_secret = Secret{secret};
        co_return admitted;
    }
    void viewer_joined(const SessionId&, session::Rights) override {}
    void viewer_left(const SessionId&, session::Rights) override {}
    void input_seen(const SessionId&) override {}

private:
    broker::ContainerHost& host_;
    std::uint16_t port_;
    int count_ = 0;
};

// Just enough of HTTP for the benchmark's own client.
Task<http::Request> read_request(net::ByteStream& stream) {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
        char c = 0;
        auto got = co_await stream.read_some(asio::buffer(&c, 1));
        if (!got || *got == 0) break;
        head += c;
    }
    http::Request request;
    request.method = "GET";
    for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
        const auto end = head.find("\r\n", at);
        const auto colon = head.find(": ", at);
        if (colon < end)
            request.headers.emplace_back(
                head.substr(at, colon - at), head.substr(colon + 2, end - colon - 2)
            );
        at = end + 2;
    }
    co_return request;
}

Task<void> answer(net::ByteStreamPtr stream, gateway::Gateway& gateway) {
    auto request = co_await read_request(*stream);
    auto response = co_await gateway.open_rfb(request);
    if (!response.takeover) co_return;
    auto taken = response.takeover(std::move(stream), std::move(request), std::string{});
    co_await std::move(taken);
}

Task<void> accept_all(tcp::acceptor& acceptor, gateway::Gateway& gateway) {
    for (;;) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        auto stream = net::adopt_descriptor(acceptor.get_executor(), socket.release());
        if (!stream) continue;
        asio::co_spawn(
            acceptor.get_executor(), answer(std::move(*stream), gateway), [](std::exception_ptr) {}
        );
    }
}

} // namespace

int run_gateway(std::uint16_t port, std::uint16_t desktop_port, int threads) {
    configure_log("warn", LogFormat::text);
    asio::io_context core{1};
    LoopbackHost host;
    OpenDoor door{host, desktop_port};
    gateway::Config config;
    config.threads = static_cast<std::size_t>(threads);
    config.allow_missing_origin = true;
    gateway::Gateway gateway{core.get_executor(), door, config};
    tcp::acceptor acceptor{core, tcp::endpoint{asio::ip::address_v4::loopback(), port}};
    acceptor.listen(4096);
    asio::co_spawn(core, accept_all(acceptor, gateway), [](std::exception_ptr) {});
    core.run();
    return 0;
}

} // namespace berth::bench
