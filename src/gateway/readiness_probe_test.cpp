// SPDX-License-Identifier: Apache-2.0
#include "gateway/fake_desktop.hpp"
#include "gateway/readiness_probe.hpp"
#include "net/deadline.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/buffer.hpp>
#include <gtest/gtest.h>

namespace berth::gateway {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using tcp = asio::ip::tcp;

session::Session session_at(std::uint16_t port, session::Protocol protocol) {
    session::Session session;
    session.container = ContainerId{"c"};
    session.spec.endpoints = {{"desktop", protocol, port}};
    return session;
}

Status probe(
    broker::ContainerHost& host,
    std::uint16_t port,
    session::Protocol protocol,
    std::string secret,
    Milliseconds limit
) {
    asio::io_context context{1};
    EndpointProbe probe;
    const auto session = session_at(port, protocol);
    const Secret word{std::move(secret)};
    return ::berth::test::run_task(
        context, probe.wait_ready(session, host, word, deadline_in(limit))
    );
}

TEST(ReadinessProbe, FindsTheDesktopThatKnowsTheSecret) {
    test::FakeDesktop desktop{"secret"};
    test::LoopbackHost host;
    EXPECT_TRUE(probe(host, desktop.port(), session::Protocol::rfb, "secret", 5s));
    EXPECT_EQ(host.dials, 1);
    EXPECT_EQ(host.traffic, net::Traffic::control); // a start waits for no connection of its own
}

// T-40
TEST(ReadinessProbe, GivesUpAtOnceOnADesktopWithAnotherSecret) {
    test::FakeDesktop desktop{"another"};
    test::LoopbackHost host;
    const auto status = probe(host, desktop.port(), session::Protocol::rfb, "canary99", 5s);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), Errc::protocol_violation);
    EXPECT_EQ(host.dials, 1);
    EXPECT_EQ(status.error().operator_text().find("canary99"), std::string::npos);
}

TEST(ReadinessProbe, DoesNotWaitForAMachineThatForbidsItsPorts) {
    test::FakeDesktop desktop{"secret"};
    test::LoopbackHost host;
    host.forbids_ports = true;
    const auto status = probe(host, desktop.port(), session::Protocol::rfb, "secret", 5s);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), Errc::host_unreachable); // another host may do better
    EXPECT_NE(status.error().operator_text().find("forbidden"), std::string::npos);
    EXPECT_EQ(host.dials, 1);
}

TEST(ReadinessProbe, TriesAgainUntilTheDeadline) {
    std::uint16_t port = 0;
    {
        asio::io_context context;
        tcp::acceptor closed{context, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
        port = closed.local_endpoint().port();
    }
    test::LoopbackHost host;
    const auto status = probe(host, port, session::Protocol::rfb, "secret", 200ms);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), Errc::timed_out);
    EXPECT_GE(host.dials, 3);
    EXPECT_LE(host.dials, 6); // 10, 20, 40, 80 ms apart
}

// A port of the engine's proxy is open before the desktop is.
class LateHost final : public test::LoopbackHost {
public:
    explicit LateHost(std::uint16_t deaf)
        : deaf_{deaf} {}
    net::Task<Result<net::ByteStreamPtr>> dial(
        const ContainerId& container, std::uint16_t port, net::Traffic kind, net::Executor executor, Deadline deadline
    ) override {
        const auto to = dials < 3 ? deaf_ : port;
        co_return co_await LoopbackHost::dial(container, to, kind, std::move(executor), deadline);
    }

private:
    std::uint16_t deaf_;
};

TEST(ReadinessProbe, TriesAgainWhenTheConnectionJustEnds) {
    asio::io_context context;
    tcp::acceptor closing{context, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    std::thread thread{[&] {
        for (int i = 0; i < 3; ++i)
            closing.accept().close();
    }};
    test::FakeDesktop desktop{"secret"};
    LateHost host{closing.local_endpoint().port()};
    EXPECT_TRUE(probe(host, desktop.port(), session::Protocol::rfb, "secret", 5s));
    EXPECT_EQ(host.dials, 4);
    thread.join();
}

struct WebAnswer {
    const char* text;
    bool is_ready;
};

TEST(ReadinessProbe, TakesAnyWebAnswerBelowFiveHundred) {
    const WebAnswer answers[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
        {"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", true},
        {"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", true},
        {"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", false},
        {"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", false},
    };
    for (const auto& answer : answers) {
        asio::io_context context;
        tcp::acceptor acceptor{context, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
        const auto port = acceptor.local_endpoint().port();
        std::atomic<bool> is_over = false;
        std::thread thread{[&] {
            for (;;) {
                auto socket = acceptor.accept();
                if (is_over) return;
                std::array<char, 2048> in{};
                boost::system::error_code ignored;
                socket.read_some(asio::buffer(in), ignored);
                socket.write_some(asio::buffer(std::string_view{answer.text}), ignored);
            }
        }};
        test::LoopbackHost host;
        const auto status = probe(host, port, session::Protocol::web, "", 150ms);
        EXPECT_EQ(status.has_value(), answer.is_ready) << answer.text;
        if (!status) {
            EXPECT_EQ(status.error().code(), Errc::timed_out);
        }
        is_over = true;
        tcp::socket last{context};
        last.connect(acceptor.local_endpoint());
        thread.join();
    }
}

} // namespace
} // namespace berth::gateway
