// SPDX-License-Identifier: Apache-2.0
#pragma once
// A desktop for tests: RFB with VNC authentication on a loopback port, on a thread of its own.
// After the handshake the connection is given to the test's own function.

#include "broker/ports.hpp"
#include "net/byte_stream.hpp"
#include "net/dialer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace berth::gateway::test {

class FakeDesktop {
public:
    using Session = std::function<net::Task<void>(net::ByteStream&)>;
    // `session` runs after the handshake; the connection ends with it. Without one it sends nothing
    // and swallows everything.
    explicit FakeDesktop(std::string secret, Session session = {});
    ~FakeDesktop();

    std::uint16_t port() const noexcept { return port_; }
    int connections() const noexcept { return connections_; }
    // Everything that arrived behind the handshake, of all connections, where no session is given.
    std::string received();

private:
    net::Task<void> accept_all();
    net::Task<void> serve(net::ByteStreamPtr stream);

    std::string secret_;
    Session session_;
    boost::asio::io_context context_{1};
    boost::asio::ip::tcp::acceptor acceptor_;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_ = 0;
    std::mutex mutex_;
    std::string received_;
    std::thread thread_;
};

// A host whose containers are all behind ports of this machine.
class LoopbackHost : public broker::ContainerHost {
public:
    net::Task<Result<ContainerId>> create(const broker::ContainerOrder&, Deadline) override;
    net::Task<Status> start(const ContainerId&, Deadline) override;
    net::Task<Status> remove(const SessionId&, int, Deadline) override;
    net::Task<Result<std::vector<broker::Observed>>> list(Deadline) override;
    net::Task<Result<net::ByteStreamPtr>>
    dial(const ContainerId&, std::uint16_t port, net::Traffic, net::Executor, Deadline) override;
    net::Task<Result<broker::HostFacts>> check(Deadline) override;
    std::chrono::steady_clock::time_point last_answer() const noexcept override { return {}; }
    net::Task<Result<broker::ImageFacts>> check_image(const std::string&, Deadline) override;
    net::Task<void> watch(std::function<void(broker::HostNotice)>) override;
    net::Task<Result<std::vector<std::string>>> logs(const ContainerId&, int, Deadline) override;
    net::Task<Status> pause(const ContainerId&, Deadline) override;
    net::Task<Status> unpause(const ContainerId&, Deadline) override;
    net::Task<Status>
    pull(std::string, std::function<void(const broker::PullState&)>, Deadline) override;
    net::Task<Result<std::set<std::string>>> volumes(Deadline) override;
    net::Task<Result<std::set<std::pair<SessionId, int>>>> own_networks(Deadline) override;
    net::Task<Result<broker::MachineLoad>> load(Deadline) override;
    broker::HostAccess access() const override;
    net::Task<std::vector<broker::TestStep>> examine(broker::TellStep, Deadline) override;
    net::Task<Status> accept_key(std::string, Deadline) override;
    net::Task<void> close() override { co_return; }

    int dials = 0;
    std::vector<net::Executor> dialled_for; // each once
    net::Traffic traffic = net::Traffic::control; // of the last dial
    int most_connections = 0;
    bool forbids_ports = false;
    bool hangs = false; // a dial waits until its deadline
};

} // namespace berth::gateway::test
