// SPDX-License-Identifier: Apache-2.0
#include "gateway/fake_desktop.hpp"
#include "gateway/web_proxy.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <map>
#include <sys/socket.h>

namespace berth::gateway {
namespace {

namespace asio = boost::asio;
using net::Task;
using tcp = asio::ip::tcp;
using namespace std::chrono_literals;
using namespace std::string_literals;

const std::string id_a(26, 'a');
const std::string id_b(26, 'b');

// Answers every request with its own head, and a WebSocket with an echo of raw bytes.
class FakeApp {
public:
    FakeApp()
        : acceptor_{context_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}}
        , thread_{[this] { run(); }} {}
    ~FakeApp() {
        is_over_ = true;
        asio::io_context own;
        tcp::socket last{own};
        last.connect(acceptor_.local_endpoint());
        last.close();
        thread_.join();
    }
    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

private:
    void run() {
        while (!is_over_) {
            auto socket = acceptor_.accept();
            boost::system::error_code ec;
            std::string head;
            char c = 0;
            while (!head.ends_with("\r\n\r\n") && asio::read(socket, asio::buffer(&c, 1), ec) == 1)
                head += c;
            if (head.find("Upgrade: websocket") != std::string::npos) {
                asio::write(
                    socket,
                    asio::buffer(std::string_view{
                        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                        "Upgrade: websocket\r\nSec-WebSocket-Accept: yes\r\nX-Other: no\r\n\r\n"}),
                    ec
                );
                while (asio::read(socket, asio::buffer(&c, 1), ec) == 1)
                    asio::write(socket, asio::buffer(&c, 1), ec);
                continue;
            }
            asio::write(
                socket,
                asio::buffer(
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nSet-Cookie: a=1; Domain=test\r\n"
                    "Content-Length: " +
                    std::to_string(head.size()) + "\r\n\r\n" + head
                ),
                ec
            );
        }
    }
    asio::io_context context_;
    tcp::acceptor acceptor_;
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

class CountingRandom final : public RandomSource {
public:
    void fill(void* data, std::size_t size) override {
        for (std::size_t i = 0; i < size; ++i)
            static_cast<unsigned char*>(data)[i] = ++next_;
    }

private:
    unsigned char next_ = 0;
};

class Text final : public http::BodyWriter {
public:
    Task<Status> write(std::string_view text) override {
        all += text;
        co_return Status{};
    }
    std::string all;
};

class Door final : public Admission {
public:
    Task<Result<Admitted>> admit(std::string ticket) override {
        const auto found = tickets.find(ticket);
        if (found == tickets.end()) co_return Error{Errc::ticket_spent, "spent"};
        auto admitted = found->second;
        tickets.erase(found);
        co_return admitted;
    }
    void viewer_joined(const SessionId&, session::Rights) override { ++joined; }
    void viewer_left(const SessionId&, session::Rights) override { ++left; }
    void input_seen(const SessionId&) override { ++inputs; }
    std::map<std::string, Admitted> tickets;
    int joined = 0, left = 0, inputs = 0;
};

class WebProxyTest : public testing::Test {
protected:
    ~WebProxyTest() override { ::berth::test::run_task(core, proxy.stop()); }

    void
    give_ticket(const std::string& session, session::Protocol protocol = session::Protocol::web) {
        Admitted admitted;
        admitted.session = SessionId{session};
        admitted.container = ContainerId{"c"};
        admitted.host = std::shared_ptr<broker::ContainerHost>{&host, [](auto*) {}};
        admitted.port = app.port();
        admitted.protocol = protocol;
        admitted.rights = session::Rights::control;
        admitted.login_id = "login";
        door.tickets["t1"] = admitted;
    }
    http::Request
    request(const std::string& session, std::string path, net::HttpHeaders headers = {}) {
        http::Request made;
        made.method = "GET";
        made.path = path;
        made.target = std::move(path);
        made.host = session + ".apps.localhost:8080";
        made.headers = std::move(headers);
        made.deadline = deadline_in(5s);
        return made;
    }
    http::Response ask(http::Request made) {
        return ::berth::test::run_task(core, proxy.handle(made));
    }
    http::Response post(const std::string& session, std::string body) {
        auto made = request(
            session, "/.berth/enter", {{"Content-Type", "application/x-www-form-urlencoded"}}
        );
        made.method = "POST";
        made.body = std::move(body);
        return ask(std::move(made));
    }
    std::string enter(const std::string& session) {
        give_ticket(session);
        const auto response = post(session, "ticket=t1");
        EXPECT_EQ(response.status, 303);
        const auto cookie = net::find_header(response.headers, "Set-Cookie");
        EXPECT_NE(cookie.find("HttpOnly; SameSite=Lax"), std::string_view::npos);
        return std::string{cookie.substr(0, cookie.find(';'))};
    }
    std::string body_of(http::Response& response) {
        if (!response.producer) return response.body;
        Text text;
        ::berth::test::run_task(core, response.producer(text));
        return text.all;
    }

    asio::io_context core{1};
    FakeApp app;
    test::LoopbackHost host;
    Door door;
    CountingRandom random;
    WebProxy proxy{core.get_executor(), door, random, {}};
};

TEST_F(WebProxyTest, KnowsItsHostNames) {
    EXPECT_EQ(proxy.session_of(id_a + ".apps.localhost:8080")->str(), id_a);
    EXPECT_EQ(proxy.session_of(id_a + ".apps.localhost")->str(), id_a);
    for (const std::string& name :
         {"localhost:8080"s,
          "apps.localhost"s,
          ".apps.localhost"s,
          id_a + ".apps.localhost.evil.test"s,
          "x" + id_a + ".apps.localhost",
          id_a + "-apps.localhost",
          id_a + ".apps.localhost.",
          std::string(26, 'A') + ".apps.localhost",
          "../" + std::string(23, 'a') + ".apps.localhost",
          ""s})
        EXPECT_FALSE(proxy.session_of(name)) << name;
}

TEST_F(WebProxyTest, PassesRequestsWithoutOurCookie) {
    const auto cookie = enter(id_a);
    auto response =
        ask(request(id_a, "/x?y=1", {{"Cookie", "b=2; " + cookie}, {"Authorization", "canary"}}));
    ASSERT_EQ(response.status, 200);
    EXPECT_EQ(net::find_header(response.headers, "Set-Cookie"), "a=1");
    const auto head = body_of(response);
    EXPECT_EQ(head.substr(0, 17), "GET /x?y=1 HTTP/1");
    EXPECT_NE(head.find("Cookie: b=2\r\n"), std::string::npos) << head;
    EXPECT_EQ(head.find("berth_app"), std::string::npos);
    EXPECT_EQ(head.find("canary"), std::string::npos);
    EXPECT_NE(head.find("Host: " + id_a + ".apps.localhost:8080\r\n"), std::string::npos);
    EXPECT_EQ(door.joined, 1);
    EXPECT_EQ(door.inputs, 1);
    EXPECT_EQ(host.traffic, net::Traffic::bulk);
}

TEST_F(WebProxyTest, RefusesEverythingWithoutItsCookie) {
    const auto cookie = enter(id_a);
    const int dials = host.dials;
    EXPECT_EQ(ask(request(id_a, "/")).status, 403);
    EXPECT_EQ(ask(request(id_a, "/", {{"Cookie", "berth_app=guess"}})).status, 403);
    EXPECT_EQ(ask(request(id_b, "/", {{"Cookie", cookie}})).status, 403) << "of another session";
    EXPECT_EQ(ask(request(id_a, "/", {{"Cookie", cookie + "; " + cookie}})).status, 403)
        << "tossed";
    EXPECT_EQ(
        ask(request(id_a, "/", {{"Cookie", cookie}, {"Sec-Fetch-Site", "same-site"}})).status, 403
    );
    EXPECT_EQ(host.dials, dials);
}

TEST_F(WebProxyTest, TakesATicketOnceAndForItsOwnHostNameOnly) {
    enter(id_a);
    EXPECT_EQ(post(id_a, "ticket=t1").status, 403) << "spent";
    give_ticket(id_a);
    EXPECT_EQ(post(id_b, "ticket=t1").status, 403) << "of another session";
    give_ticket(id_a, session::Protocol::rfb);
    EXPECT_EQ(post(id_a, "ticket=t1").status, 403) << "of another protocol";
    for (const auto* body :
         {"", "ticket=", "t1", "ticket=t1&x=1", "x=1&ticket=t1", "ticket=t%31"}) {
        give_ticket(id_a);
        EXPECT_EQ(post(id_a, body).status, 403) << body;
    }
    EXPECT_EQ(ask(request(id_a, "/.berth/enter?ticket=t1")).status, 403);
}

TEST_F(WebProxyTest, LetsNobodyInWhoMayOnlyLook) {
    give_ticket(id_a);
    door.tickets["t1"].rights = session::Rights::view;
    const auto response = post(id_a, "ticket=t1");
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(net::find_header(response.headers, "Set-Cookie"), "");
    EXPECT_EQ(door.joined, 0);
}

TEST_F(WebProxyTest, CountsWhomItTurnsAway) {
    const auto cookie = enter(id_a);
    post(id_a, "ticket=t1");
    give_ticket(id_a);
    door.tickets["t1"].rights = session::Rights::view;
    post(id_a, "ticket=t1");
    post(id_a, "ticket=");
    ask(request(id_a, "/", {{"Cookie", cookie}, {"Sec-Fetch-Site", "same-site"}}));
    ask(request(id_a, "/")); // no cookie: a tab that outlived its session is nobody's attempt
    EXPECT_EQ(proxy.refusals().of(Refusal::ticket), 2U);
    EXPECT_EQ(proxy.refusals().of(Refusal::request), 1U);
    EXPECT_EQ(proxy.refusals().of(Refusal::origin), 1U);
}

TEST_F(WebProxyTest, EndsWithTheSessionAndTheLogin) {
    auto cookie = enter(id_a);
    proxy.close_session(SessionId{id_b}, session::EndReason::idle);
    EXPECT_EQ(ask(request(id_a, "/", {{"Cookie", cookie}})).status, 200);
    proxy.close_session(SessionId{id_a}, session::EndReason::idle);
    EXPECT_EQ(ask(request(id_a, "/", {{"Cookie", cookie}})).status, 403);
    cookie = enter(id_a);
    proxy.close_login("login");
    EXPECT_EQ(ask(request(id_a, "/", {{"Cookie", cookie}})).status, 403);
    EXPECT_EQ(door.joined, 2);
    EXPECT_EQ(door.left, 2);
}

// A browser whose WebSocket was passed to the application, which echoes bytes.
class WebProxySocketTest : public WebProxyTest {
protected:
    ~WebProxySocketTest() override {
        if (browser) browser->close();
        ::berth::test::run_until(core, [&] { return is_over; });
    }
    void open(std::string early = "") {
        const auto cookie = enter(id_a);
        net::HttpHeaders headers{
            {"Cookie", cookie},
            {"Connection", "Upgrade"},
            {"Upgrade", "websocket"},
            {"Origin", "http://" + id_b + ".apps.localhost:8080"}};
        EXPECT_EQ(ask(request(id_a, "/ws", headers)).status, 403) << "of a neighbour's page";
        headers.back().second = "http://" + id_a + ".apps.localhost:8080";
        auto response = ask(request(id_a, "/ws", headers));
        ASSERT_TRUE(response.takeover) << response.status;
        int pair[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        auto server = net::adopt_descriptor(core.get_executor(), pair[0]).value();
        browser = net::adopt_descriptor(core.get_executor(), pair[1]).value();
        is_over = false;
        asio::co_spawn(
            core,
            response.takeover(std::move(server), {}, std::move(early)),
            [&](std::exception_ptr) { is_over = true; }
        );
    }
    // What the browser got, to its end or to that.
    std::string read_until(std::string_view end) {
        std::string seen;
        while (!seen.ends_with(end)) {
            std::array<char, 256> in{};
            auto got = ::berth::test::run_task(core, browser->read_some(asio::buffer(in)));
            if (!got || *got == 0) break;
            seen.append(in.data(), *got);
        }
        return seen;
    }
    // Sends it and waits for its echo.
    void exchange(const std::string& bytes) {
        EXPECT_TRUE(::berth::test::run_task(core, browser->write_all(asio::buffer(bytes))));
        EXPECT_EQ(read_until(bytes), bytes);
    }
    net::ByteStreamPtr browser;
    bool is_over = true;
};

TEST_F(WebProxySocketTest, IsJoinedAndCutWithTheSession) {
    open("early");
    const auto seen = read_until("early");
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 101 "));
    EXPECT_NE(seen.find("Sec-WebSocket-Accept: yes\r\n"), std::string::npos);
    EXPECT_EQ(seen.find("X-Other"), std::string::npos);
    proxy.close_session(SessionId{id_a}, session::EndReason::idle);
    ASSERT_TRUE(::berth::test::run_until(core, [&] { return is_over; }));
    EXPECT_EQ(read_until("never"), "");
}

TEST_F(WebProxySocketTest, ItsMessagesAreInputAndItsPingsAreNot) {
    const auto ping = "\x89\x81mask!"s;
    const auto message = "\x81\x81mask!"s;
    open();
    read_until("\r\n\r\n");
    const int before = door.inputs;
    const auto begin = std::chrono::steady_clock::now();
    // Longer than between two reports, so that each of them could have been one.
    while (std::chrono::steady_clock::now() - begin < 1200ms) exchange(ping);
    EXPECT_EQ(door.inputs, before);
    exchange(message);
    EXPECT_EQ(door.inputs, before + 1);
    for (int i = 0; i < 20; ++i) exchange(message);
    EXPECT_LE(door.inputs, before + 2) << "at most one in a second";
}

TEST_F(WebProxyTest, SaysThatTheApplicationDoesNotAnswer) {
    give_ticket(id_a);
    door.tickets["t1"].port = 1;
    const auto entered = post(id_a, "ticket=t1");
    const auto cookie = net::find_header(entered.headers, "Set-Cookie");
    const auto response =
        ask(request(id_a, "/", {{"Cookie", std::string{cookie.substr(0, cookie.find(';'))}}}));
    EXPECT_EQ(response.status, 502);
    // A person's tab shows this.
    EXPECT_EQ(net::find_header(response.headers, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_NE(response.body.find("<p>This application does not answer"), std::string::npos);
}

} // namespace
} // namespace berth::gateway
