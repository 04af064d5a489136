// SPDX-License-Identifier: Apache-2.0
#include "gateway/close_codes.hpp"
#include "gateway/fake_desktop.hpp"
#include "gateway/gateway.hpp"
#include "rfb/client_handshake.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <map>
#include <sys/socket.h>

namespace berth::gateway {
namespace {

namespace asio = boost::asio;
using net::Task;
using namespace std::chrono_literals;

const std::string key = {'\x04', '\x01', 0, 0, 0, 0, 0, 'a'};
const std::string request_bytes = {'\x03', '\x01', 0, 0, 0, 0, 5, 0, 5, 0};

// Tickets are names of what they admit to.
class FakeAdmission final : public Admission {
public:
    Task<Result<Admitted>> admit(std::string ticket) override {
        ++asked;
        const auto found = tickets.find(ticket);
        if (found == tickets.end()) co_return Error{Errc::ticket_spent, "spent"};
        auto admitted = found->second;
        tickets.erase(found);
        co_return admitted;
    }
    void viewer_joined(const SessionId& id, session::Rights) override { ++joined[id.str()]; }
    void viewer_left(const SessionId& id, session::Rights) override { ++left[id.str()]; }
    void input_seen(const SessionId& id) override { ++inputs[id.str()]; }

    std::map<std::string, Result<Admitted>> tickets;
    std::map<std::string, int> joined, left, inputs;
    int asked = 0;
};

class GatewayTest : public testing::Test {
protected:
    ~GatewayTest() override {
        if (gateway) ::berth::test::run_task(core, gateway->stop());
    }

    void open_gateway(Config config = {}) {
        config.allowed_origins = {"http://berth.test"};
        gateway.emplace(core.get_executor(), admission, config);
    }

    void give_ticket(
        std::string ticket, std::uint16_t port, session::Rights rights, std::string id = "s1"
    ) {
        Admitted admitted;
        admitted.session = SessionId{std::move(id)};
        admitted.container = ContainerId{"c"};
        admitted.host = std::shared_ptr<broker::ContainerHost>{&host, [](auto*) {}};
        admitted.port = port;
        admitted.rights = rights;
        admitted.rfb_secret = Secret{"secret99"};
        admitted.login_id = "login-1";
        admission.tickets[ticket] = admitted;
    }

    http::Request request(const std::string& ticket) {
        http::Request made;
        made.method = "GET";
        made.headers = {
            {"Host", "berth.test"},
            {"Connection", "Upgrade"},
            {"Upgrade", "websocket"},
            {"Sec-WebSocket-Version", "13"},
            {"Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="},
            {"Sec-WebSocket-Protocol", "binary, berth.ticket." + ticket},
            {"Origin", "http://berth.test"},
        };
        return made;
    }

    // A browser whose request was answered by the gateway; the WebSocket lives on the core context.
    std::unique_ptr<net::WebSocket> browser(const std::string& ticket) {
        auto made = request(ticket);
        auto response = ::berth::test::run_task(core, gateway->open_rfb(made));
        EXPECT_TRUE(response.takeover) << response.status << response.body;
        if (!response.takeover) return nullptr;
        int pair[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        auto server = net::adopt_descriptor(core.get_executor(), pair[0]).value();
        auto client = net::adopt_descriptor(core.get_executor(), pair[1]).value();
        // The real client sends its own request head: it is read here, as the connection would.
        auto connect = [](net::ByteStreamPtr stream
                       ) -> Task<Result<std::unique_ptr<net::WebSocket>>> {
            net::HttpHeaders none;
            co_return co_await net::connect_websocket(
                std::move(stream), "berth.test", "/gateway/rfb", std::move(none), deadline_in(5s)
            );
        };
        std::optional<Result<std::unique_ptr<net::WebSocket>>> connected;
        asio::co_spawn(
            core,
            connect(std::move(client)),
            [&](std::exception_ptr, Result<std::unique_ptr<net::WebSocket>> result) {
                connected.emplace(std::move(result));
            }
        );
        auto head = ::berth::test::run_task(core, read_head(*server));
        made.headers.erase(made.headers.begin() + 4);
        made.headers.emplace_back("Sec-WebSocket-Key", key_of(head));
        ::berth::test::run_task(
            core, response.takeover(std::move(server), std::move(made), std::string{})
        );
        EXPECT_TRUE(::berth::test::run_until(core, [&] { return connected.has_value(); }));
        if (!connected) return nullptr;
        EXPECT_TRUE(*connected) << describe(connected->error());
        if (!*connected) return nullptr;
        return std::move(**connected);
    }

    static Task<std::string> read_head(net::ByteStream& stream) {
        std::string head;
        while (!head.ends_with("\r\n\r\n")) {
            char c = 0;
            auto got = co_await stream.read_some(asio::buffer(&c, 1));
            if (!got || *got == 0) break;
            head += c;
        }
        co_return head;
    }
    static std::string key_of(const std::string& head) {
        const std::string name = "Sec-WebSocket-Key: ";
        const auto at = head.find(name) + name.size();
        return head.substr(at, head.find("\r\n", at) - at);
    }

    static Task<Status> send(net::WebSocket& socket, std::string bytes) {
        const asio::const_buffer whole = asio::buffer(bytes);
        const net::ConstBuffers payload{&whole, 1};
        co_return co_await socket.write(net::FrameKind::binary, payload);
    }

    // The handshake as noVNC does it; what the gateway sent meanwhile is kept in `seen`.
    static Task<Status> shake(net::WebSocket& socket, std::string* seen) {
        rfb::ClientHandshake handshake{Secret{"none"}, rfb::Proof::waived};
        std::array<char, 512> in{};
        while (!handshake.is_done()) {
            auto chunk = co_await socket.read_some(asio::buffer(in));
            if (!chunk) co_return chunk.error();
            seen->append(in.data(), chunk->size);
            auto fed = handshake.feed({in.data(), chunk->size});
            if (!fed) co_return fed.error();
            auto answer = handshake.take_output();
            if (answer.empty()) continue;
            auto sent = co_await send(socket, std::move(answer));
            if (!sent) co_return sent.error();
        }
        co_return Status{};
    }

    std::unique_ptr<net::WebSocket> viewer(const std::string& ticket) {
        auto socket = browser(ticket);
        if (!socket) return nullptr;
        const auto status = ::berth::test::run_task(core, shake(*socket, &seen));
        EXPECT_TRUE(status) << (status ? "" : describe(status.error()));
        return socket;
    }

    // Reads to the end; the close frame as the browser saw it.
    net::WebSocketClose closed(net::WebSocket& socket) {
        auto drain = [](net::WebSocket* from) -> Task<void> {
            std::array<char, 512> in{};
            for (bool is_open = true; is_open;) {
                auto chunk = co_await from->read_some(asio::buffer(in));
                is_open = chunk.has_value();
            }
        };
        ::berth::test::run_task(core, drain(&socket));
        return socket.closed_by();
    }

    template <class Condition>
    bool until(Condition condition) {
        return ::berth::test::run_until(core, condition);
    }

    asio::io_context core{1};
    test::LoopbackHost host;
    FakeAdmission admission;
    std::optional<Gateway> gateway;
    std::string seen; // by the browser during handshakes
};

TEST_F(GatewayTest, OpensADesktopWithoutShowingItsSecret) {
    test::FakeDesktop desktop{"secret99"};
    open_gateway();
    give_ticket("t1", desktop.port(), session::Rights::control);
    auto socket = viewer("t1");
    ASSERT_TRUE(socket);
    ASSERT_TRUE(until([&] { return admission.joined["s1"] == 1; }));
    ASSERT_TRUE(::berth::test::run_task(core, send(*socket, key + request_bytes)));
    ASSERT_TRUE(until([&] { return desktop.received() == key + request_bytes; }));
    ASSERT_TRUE(until([&] { return admission.inputs["s1"] == 1; }));
    EXPECT_NE(seen.find("fake"), std::string::npos);
    EXPECT_EQ(seen.find("secret99"), std::string::npos);
    EXPECT_EQ(seen.find("0123456789abcdef"), std::string::npos) << "the challenge got through";
    socket.reset();
    ASSERT_TRUE(until([&] { return admission.left["s1"] == 1; }));
    EXPECT_EQ(gateway->viewer_count(), 0u);
    EXPECT_EQ(admission.joined["s1"], 1);
}

TEST_F(GatewayTest, CarriesPicturesFromTheDesktop) {
    const std::string picture(300000, 'p');
    auto show = [&picture](net::ByteStream& stream) -> Task<void> {
        (void)co_await stream.write_all(asio::buffer(picture));
        std::array<char, 16> in{};
        for (std::size_t got = 1; got > 0;) {
            auto received = co_await stream.read_some(asio::buffer(in));
            got = received ? *received : 0;
        }
    };
    test::FakeDesktop desktop{"secret99", show};
    open_gateway();
    give_ticket("t1", desktop.port(), session::Rights::view);
    auto socket = viewer("t1");
    ASSERT_TRUE(socket);
    auto read = [](net::WebSocket* from, std::size_t size) -> Task<std::string> {
        std::string all;
        std::array<char, 4096> in{};
        while (all.size() < size) {
            auto chunk = co_await from->read_some(asio::buffer(in));
            EXPECT_TRUE(chunk) << describe(chunk.error());
            if (!chunk) break;
            all.append(in.data(), chunk->size);
        }
        co_return all;
    };
    const auto shown = ::berth::test::run_task(core, read(socket.get(), picture.size()));
    EXPECT_EQ(shown.size(), picture.size());
    EXPECT_TRUE(shown == picture);
}

TEST_F(GatewayTest, DropsInputOfAWatchingViewer) {
    test::FakeDesktop desktop{"secret99"};
    open_gateway();
    give_ticket("t1", desktop.port(), session::Rights::view);
    auto socket = viewer("t1");
    ASSERT_TRUE(socket);
    ASSERT_TRUE(::berth::test::run_task(core, send(*socket, key + request_bytes)));
    ASSERT_TRUE(until([&] { return desktop.received() == request_bytes; }));
    EXPECT_EQ(admission.inputs["s1"], 0);
}

TEST_F(GatewayTest, CutsTheTunnelsOfASessionWithItsReason) {
    test::FakeDesktop desktop{"secret99"};
    open_gateway();
    give_ticket("t1", desktop.port(), session::Rights::control, "s1");
    give_ticket("t2", desktop.port(), session::Rights::view, "s2");
    auto first = viewer("t1");
    auto other = viewer("t2");
    ASSERT_TRUE(first && other);
    ASSERT_TRUE(until([&] { return admission.joined["s2"] == 1; }));
    gateway->close_session(SessionId{"s1"}, session::EndReason::lease_expired);
    const auto why = closed(*first);
    EXPECT_EQ(why.code, close_ended);
    EXPECT_EQ(why.reason, "time");
    ASSERT_TRUE(until([&] { return admission.left["s1"] == 1; }));
    EXPECT_EQ(admission.left["s2"], 0);
}

TEST_F(GatewayTest, CutsTheTunnelsOfALogin) {
    test::FakeDesktop desktop{"secret99"};
    open_gateway();
    give_ticket("t1", desktop.port(), session::Rights::control);
    auto socket = viewer("t1");
    ASSERT_TRUE(socket);
    gateway->close_login("another");
    gateway->close_login("login-1");
    EXPECT_EQ(closed(*socket).code, close_sign_in);
}

TEST_F(GatewayTest, TellsThatTheServerRestarts) {
    test::FakeDesktop desktop{"secret99"};
    open_gateway();
    give_ticket("t1", desktop.port(), session::Rights::control);
    auto socket = viewer("t1");
    ASSERT_TRUE(socket);
    ASSERT_TRUE(until([&] { return admission.joined["s1"] == 1; }));
    bool is_stopped = false;
    asio::co_spawn(core, gateway->stop(), [&](std::exception_ptr) { is_stopped = true; });
    EXPECT_EQ(closed(*socket).code, close_restarting);
    ASSERT_TRUE(until([&] { return is_stopped; }));
    EXPECT_EQ(admission.left["s1"], 1);
    EXPECT_EQ(gateway->viewer_count(), 0u);
}

// A browser that never reads: the close frame cannot reach it, the tunnel ends all the same.
TEST_F(GatewayTest, CutsAStuckBrowserWithinASecond) {
    auto flood = [](net::ByteStream& stream) -> Task<void> {
        const std::string bytes(64 * 1024 * 1024, 'x');
        (void)co_await stream.write_all(asio::buffer(bytes));
    };
    test::FakeDesktop desktop{"secret99", flood};
    open_gateway();
    give_ticket("t1", desktop.port(), session::Rights::control);
    auto socket = viewer("t1");
    ASSERT_TRUE(socket);
    ASSERT_TRUE(until([&] { return admission.joined["s1"] == 1; }));
    const auto begin = std::chrono::steady_clock::now();
    gateway->close_session(SessionId{"s1"}, session::EndReason::idle);
    ASSERT_TRUE(until([&] { return admission.left["s1"] == 1; }));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
}

TEST_F(GatewayTest, SaysWhyATicketIsRefused) {
    open_gateway();
    EXPECT_EQ(closed(*browser("unknown")).code, close_busy);
    const std::pair<Errc, int> refusals[] = {
        {Errc::ended, close_ended},
        {Errc::not_found, close_not_found},
        {Errc::forbidden, close_forbidden},
        {Errc::unauthenticated, close_sign_in},
        {Errc::conflict, close_paused},
        {Errc::not_ready, close_busy},
    };
    for (const auto& [code, close] : refusals) {
        admission.tickets["t"] = Error{code, "canary text"};
        auto socket = browser("t");
        ASSERT_TRUE(socket);
        const auto why = closed(*socket);
        EXPECT_EQ(why.code, close) << name_of(code);
        EXPECT_EQ(why.reason.find("canary"), std::string::npos);
    }
    EXPECT_TRUE(admission.joined.empty());
    EXPECT_TRUE(admission.left.empty());
}

TEST_F(GatewayTest, AsksNobodyAboutATicketOfAForeignPage) {
    open_gateway();
    auto made = request("t1");
    made.headers.back().second = "http://evil.test";
    const auto response = ::berth::test::run_task(core, gateway->open_rfb(made));
    EXPECT_EQ(response.status, 403);
    EXPECT_FALSE(response.takeover);
    EXPECT_EQ(admission.asked, 0);
}

TEST_F(GatewayTest, CountsWhomItDoesNotLetIn) {
    open_gateway();
    const auto turned_away = [&](std::size_t header, std::string value) {
        auto made = request("t1");
        made.headers[header].second = std::move(value);
        EXPECT_FALSE(::berth::test::run_task(core, gateway->open_rfb(made)).takeover);
    };
    turned_away(6, "http://evil.test");
    turned_away(3, "8");
    turned_away(5, "binary");
    closed(*browser("unknown"));
    for (auto code : {Errc::ended, Errc::not_ready, Errc::quota_exceeded}) {
        admission.tickets["t"] = Error{code, "x"};
        closed(*browser("t"));
    }
    give_ticket("t", 1, session::Rights::control);
    admission.tickets["t"]->protocol = session::Protocol::web;
    closed(*browser("t"));
    const auto& counted = gateway->refusals();
    EXPECT_EQ(counted.of(Refusal::origin), 1U);
    EXPECT_EQ(counted.of(Refusal::request), 2U);
    EXPECT_EQ(counted.of(Refusal::ticket), 1U);
    EXPECT_EQ(counted.of(Refusal::session), 3U);
    EXPECT_EQ(counted.of(Refusal::full), 1U);
    EXPECT_EQ(counted.of(Refusal::stopping), 0U);
    EXPECT_EQ(counted.protocol_violations, 0U);
}

TEST_F(GatewayTest, CountsBrowsersThatBreakTheProtocol) {
    test::FakeDesktop desktop{"secret99"};
    open_gateway();
    const auto violations = [&] { return gateway->refusals().protocol_violations; };
    give_ticket("t1", desktop.port(), session::Rights::control);
    auto rude = viewer("t1");
    ASSERT_TRUE(rude);
    EXPECT_TRUE(::berth::test::run_task(core, send(*rude, "\x63no such message")));
    EXPECT_EQ(closed(*rude).code, close_protocol);
    ASSERT_TRUE(until([&] { return violations() == 1; }));
    give_ticket("t2", desktop.port(), session::Rights::control);
    auto early = browser("t2");
    ASSERT_TRUE(early);
    EXPECT_TRUE(::berth::test::run_task(core, send(*early, "GET / HTTP/1.1\r\n\r\n")));
    EXPECT_EQ(closed(*early).code, close_protocol);
    ASSERT_TRUE(until([&] { return violations() == 2; }));
    // Who just goes has broken nothing.
    give_ticket("t3", desktop.port(), session::Rights::control);
    auto polite = viewer("t3");
    ASSERT_TRUE(polite);
    polite->abort();
    give_ticket("t4", desktop.port(), session::Rights::control);
    auto silent = browser("t4");
    ASSERT_TRUE(silent);
    silent->abort();
    ASSERT_TRUE(until([&] { return gateway->viewer_count() == 0; }));
    EXPECT_EQ(violations(), 2U);
}

TEST_F(GatewayTest, BoundsTheViewersOfASession) {
    test::FakeDesktop desktop{"secret99"};
    Config config;
    config.viewers_per_session = 2;
    open_gateway(config);
    std::vector<std::unique_ptr<net::WebSocket>> sockets;
    for (int i = 0; i < 2; ++i) {
        give_ticket("t", desktop.port(), session::Rights::view);
        sockets.push_back(viewer("t"));
    }
    give_ticket("t", desktop.port(), session::Rights::view);
    EXPECT_EQ(closed(*browser("t")).code, close_too_many);
    give_ticket("t", desktop.port(), session::Rights::view, "s2");
    EXPECT_TRUE(viewer("t"));
}

TEST_F(GatewayTest, NeverConnectsToADesktopWithAnotherSecret) {
    test::FakeDesktop desktop{"another!"};
    open_gateway();
    give_ticket("t1", desktop.port(), session::Rights::control);
    auto socket = browser("t1");
    ASSERT_TRUE(socket);
    EXPECT_EQ(closed(*socket).code, close_host);
    EXPECT_EQ(admission.joined["s1"], 0);
}

TEST_F(GatewayTest, SaysThatTheHostDoesNotAnswer) {
    open_gateway();
    give_ticket("t1", 1, session::Rights::control);
    auto socket = browser("t1");
    ASSERT_TRUE(socket);
    EXPECT_EQ(closed(*socket).code, close_host);
}

TEST_F(GatewayTest, AMachineThatForbidsItsPortsIsNotSaidOfThePerson) {
    open_gateway();
    host.forbids_ports = true;
    give_ticket("t1", 1, session::Rights::control);
    auto socket = browser("t1");
    ASSERT_TRUE(socket);
    EXPECT_EQ(closed(*socket).code, close_host);
}

TEST_F(GatewayTest, EndsWhatItNeverFinishedOpening) {
    open_gateway();
    test::FakeDesktop desktop{"secret99"};
    give_ticket("t1", desktop.port(), session::Rights::control);
    auto socket = browser("t1"); // and says nothing
    ASSERT_TRUE(socket);
    ASSERT_TRUE(until([&] { return desktop.connections() == 1; }));
    gateway->close_session(SessionId{"s1"}, session::EndReason::owner_request);
    EXPECT_EQ(closed(*socket).code, close_ended);
    ASSERT_TRUE(until([&] { return gateway->viewer_count() == 0; }));
    EXPECT_EQ(admission.joined["s1"], 0);
    EXPECT_EQ(admission.left["s1"], 0);
}

// Each thread's desktops take a connection of their host; a host with few of them refused viewers.
TEST_F(GatewayTest, KeepsToAsManyThreadsAsAHostHasConnections) {
    Config config;
    config.threads = 5;
    config.viewers_per_session = 50;
    test::FakeDesktop desktop{"secret99"};
    std::vector<std::unique_ptr<net::WebSocket>> browsers;
    open_gateway(config);
    for (auto [most, threads] : {std::pair{0, 5U}, {2, 1U}, {3, 1U}, {5, 3U}, {20, 4U}}) {
        host.dialled_for.clear();
        host.most_connections = most;
        for (int i = 0; i < 7; ++i) {
            host.dials = 0;
            give_ticket("t", desktop.port(), session::Rights::control);
            browsers.push_back(browser("t"));
            ASSERT_TRUE(browsers.back());
            ASSERT_TRUE(until([&] { return host.dials == 1; }));
        }
        EXPECT_EQ(host.dialled_for.size(), threads) << most;
        EXPECT_EQ(host.traffic, net::Traffic::bulk);
    }
}

TEST_F(GatewayTest, SaysWhyItEndsWhileTheHostDoesNotAnswer) {
    open_gateway();
    host.hangs = true;
    give_ticket("t1", 1, session::Rights::control);
    auto socket = browser("t1");
    ASSERT_TRUE(socket);
    ASSERT_TRUE(until([&] { return host.dials == 1; }));
    gateway->close_session(SessionId{"s1"}, session::EndReason::lease_expired);
    const auto why = closed(*socket);
    EXPECT_EQ(why.code, close_ended);
    EXPECT_EQ(why.reason, "time");
    ASSERT_TRUE(until([&] { return gateway->viewer_count() == 0; }));
}

TEST_F(GatewayTest, SaysWhyItEndsWhileTheDesktopIsSilent) {
    asio::ip::tcp::acceptor silent{core, {asio::ip::address_v4::loopback(), 0}};
    open_gateway();
    give_ticket("t1", silent.local_endpoint().port(), session::Rights::control);
    auto socket = browser("t1");
    ASSERT_TRUE(socket);
    ASSERT_TRUE(until([&] { return host.dials == 1; }));
    gateway->close_session(SessionId{"s1"}, session::EndReason::owner_request);
    EXPECT_EQ(closed(*socket).code, close_ended);
    ASSERT_TRUE(until([&] { return gateway->viewer_count() == 0; }));
}

} // namespace
} // namespace berth::gateway
