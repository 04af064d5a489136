// SPDX-License-Identifier: Apache-2.0
#include "docker/connector.hpp"
#include "net/deadline.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <filesystem>
#include <sys/socket.h>
#include <unistd.h>

namespace berth::docker {
namespace {

using namespace std::chrono_literals;

// Takes connections and says nothing.
class Listener {
public:
    Listener() {
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(socket_, generic, size) != 0 || ::listen(socket_, 8) != 0 ||
            ::getsockname(socket_, generic, &size) != 0)
            ADD_FAILURE() << "no listener";
        port_ = ntohs(address.sin_port);
    }
    ~Listener() { ::close(socket_); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    std::uint16_t port() const { return port_; }

private:
    int socket_ = -1;
    std::uint16_t port_ = 0;
};

class ConnectorTest : public testing::Test {
protected:
    using Made = Result<std::unique_ptr<Connector>>;
    Made make(
        const std::string& url,
        DataPath data_path = DataPath::tunnel,
        std::optional<EndpointTls> tls = {}
    ) {
        auto endpoint = parse_endpoint(url);
        if (!endpoint) return endpoint.error();
        if (tls) endpoint->tls = std::move(tls);
        return make(*endpoint, data_path);
    }
    Made make(const Endpoint& endpoint, DataPath data_path) {
        ConnectorContext context{context_.get_executor()};
        context.data_path = data_path;
        return make_connector(endpoint, context);
    }
    template <class T>
    T run(net::Task<T> task) {
        return test::run_task(context_, std::move(task));
    }
    Result<net::ByteStreamPtr> dial_port(Connector& connector, std::uint16_t port) {
        return run(connector.dial_port(port, net::Traffic::bulk, context_.get_executor(), deadline_in(5s)));
    }
    // An engine that answers.
    std::vector<ssh::Step> examine(Connector& connector) {
        ssh::AskEngine ask = [](net::Dialer&, Deadline) -> net::Task<ssh::Step> {
            ssh::Step step;
            step.state = ssh::StepState::ok;
            co_return step;
        };
        std::vector<ssh::Step> told;
        ssh::TellStep tell = [&told](ssh::Step step) -> net::Task<void> {
            told.push_back(std::move(step));
            co_return;
        };
        auto steps = run(connector.examine(std::move(ask), std::move(tell), deadline_in(5s)));
        EXPECT_EQ(states(told), states(steps));
        return steps;
    }
    static std::string states(const std::vector<ssh::Step>& steps) {
        std::string text;
        for (const auto& step : steps)
            text += step.name + (step.state == ssh::StepState::ok       ? " ok "
                                 : step.state == ssh::StepState::failed ? " failed "
                                                                        : " skipped ");
        return text;
    }

    boost::asio::io_context context_{1};
};

TEST_F(ConnectorTest, TheEndpointDecidesTheWay) {
    EndpointTls tls;
    tls.ca = "/ca.pem";
    struct Row {
        const char* url;
        std::optional<EndpointTls> tls;
        const char* way;
    };
    const std::vector<Row> rows{
        {"unix:///run/docker.sock", {}, "unix"},
        {"tcp://10.0.0.7:2375", {}, "tcp"},
        {"tcp://10.0.0.7:2376", tls, "tls"},
        {"https://10.0.0.7", {}, "tls"},
        {"ssh://berth@rack-1", {}, ""}, // known when it was tried
    };
    for (const auto& row : rows) {
        auto connector = make(row.url, DataPath::tunnel, row.tls);
        ASSERT_TRUE(connector) << row.url;
        EXPECT_EQ((*connector)->report().way, row.way) << row.url;
        EXPECT_EQ((*connector)->report().last_error, "") << "nothing is connected yet";
    }
}

TEST_F(ConnectorTest, WhatMayBeTakenForAnOptionIsNoMachine) {
    for (const auto& [host, user] : std::vector<std::pair<std::string, std::string>>{
             {"-oProxyCommand=x", ""},
             {"", ""},
             {"a b", ""},
             {"rack-1", "-l"},
             {"rack-1", "a b"},
             {"$(x)", ""}}) {
        Endpoint endpoint;
        endpoint.kind = Endpoint::Kind::ssh;
        endpoint.host = host;
        endpoint.user = user;
        auto made = make(endpoint, DataPath::tunnel);
        ASSERT_FALSE(made) << host << " " << user;
        EXPECT_EQ(made.error().code(), Errc::invalid_input);
    }
}

TEST_F(ConnectorTest, PortsAreOnTheMachineOfTheEngine) {
    Listener desktop;
    // However it is spelled, this machine's loopback.
    for (const char* url :
         {"unix:///run/docker.sock",
          "tcp://127.0.0.1:2375",
          "tcp://localhost:2375",
          "tcp://127.8.9.1:2375",
          "tcp://[::1]:2375"}) {
        auto connector = make(url);
        ASSERT_TRUE(connector) << url;
        auto stream = dial_port(**connector, desktop.port());
        EXPECT_TRUE(stream) << url;
    }
    auto elsewhere = make("tcp://192.0.2.7:2375");
    ASSERT_TRUE(elsewhere);
    auto refused = dial_port(**elsewhere, desktop.port());
    ASSERT_FALSE(refused) << "another machine's loopback is not ours";
    EXPECT_EQ(refused.error().code(), Errc::host_unreachable);
    EXPECT_NE(refused.error().operator_text().find("data_path: direct"), std::string::npos)
        << refused.error().operator_text();
    EXPECT_NE(refused.error().operator_text().find("192.0.2.7"), std::string::npos);
}

TEST_F(ConnectorTest, APortWhereNobodyListensIsUnreachable) {
    std::uint16_t port = 0;
    {
        Listener gone;
        port = gone.port();
    }
    auto connector = make("unix:///run/docker.sock");
    auto stream = dial_port(**connector, port);
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Errc::host_unreachable);
}

TEST_F(ConnectorTest, OnlySshHasKeys) {
    for (const char* url : {"unix:///run/docker.sock", "tcp://127.0.0.1:2375"}) {
        auto connector = make(url);
        auto accepted = run((*connector)->accept_key("SHA256:x", deadline_in(1s)));
        ASSERT_FALSE(accepted);
        EXPECT_EQ(accepted.error().code(), Errc::not_found);
    }
}

TEST_F(ConnectorTest, AnExaminationHasTheStepsOfTheWay) {
    Listener engine;
    auto at = "tcp://127.0.0.1:" + std::to_string(engine.port());
    EXPECT_EQ(states(examine(**make("unix:///run/docker.sock"))), "engine ok ");
    EXPECT_EQ(states(examine(**make(at))), "resolve ok tcp ok engine ok ");
    std::uint16_t port = 0;
    {
        Listener gone;
        port = gone.port();
    }
    auto closed = examine(**make("tcp://127.0.0.1:" + std::to_string(port)));
    EXPECT_EQ(states(closed), "resolve ok tcp failed engine skipped ");
    EXPECT_NE(closed[1].text.find("refused"), std::string::npos) << closed[1].text;
    EXPECT_NE(closed[1].remedy.find("-H tcp://"), std::string::npos);
    EXPECT_EQ(closed[2].text, "not tried");
    EndpointTls tls;
    tls.ca = "/nowhere/ca.pem";
    auto untrusted = examine(**make(at, DataPath::tunnel, tls));
    EXPECT_EQ(states(untrusted), "resolve ok tcp ok tls failed engine skipped ");
    EXPECT_NE(untrusted[2].text.find("/nowhere/ca.pem"), std::string::npos) << untrusted[2].text;
    auto nameless = examine(**make("tcp://" + std::string(64, 'x') + ".invalid:2375"));
    EXPECT_EQ(states(nameless), "resolve failed tcp skipped engine skipped ");
}

} // namespace
} // namespace berth::docker
