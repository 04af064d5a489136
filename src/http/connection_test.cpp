// SPDX-License-Identifier: Apache-2.0
#include "http/test_server.hpp"
#include "net/deadline.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace berth::http::test {
namespace {

using namespace std::chrono_literals;

net::Task<Response> ok(Request&) { co_return Response{200, "ok", "text/plain"}; }
net::Task<Response> echo(Request& request) { co_return Response{200, request.body}; }
net::Task<Response> throws(Request&) {
    throw std::runtime_error("a secret detail");
    co_return Response{};
}
net::Task<Response> sleeps(Request&) {
    co_await net::sleep_for(1h);
    co_return Response{};
}
net::Task<Response> splits(Request&) {
    co_return Response{200}.with_header("X-A", "b\r\nSet-Cookie: stolen=1");
}
net::Task<Response> describe(Request& r) {
    co_return Response{200, r.peer + " " + (r.is_secure ? "secure" : "plain") + " " + r.host};
}

std::vector<Route> routes() {
    std::vector<Route> all;
    all.emplace_back("GET", "/ok", Access{"anyone"}, ok);
    all.emplace_back("POST", "/echo", Access{"anyone"}, echo);
    all.emplace_back("GET", "/throws", Access{"anyone"}, throws);
    all.emplace_back("GET", "/sleeps", Access{"anyone"}, sleeps);
    all.emplace_back("GET", "/splits", Access{"anyone"}, splits);
    all.emplace_back("GET", "/describe", Access{"anyone"}, describe);
    return all;
}

// Short times, so that a test of them is short; exactness is not what is tested.
ServerConfig hasty() {
    ServerConfig config;
    config.sweep_interval = 10ms;
    config.header_read = 150ms;
    config.body_read = 150ms;
    config.keep_alive_idle = 150ms;
    config.write_stall = 150ms;
    return config;
}

std::string get(std::string_view target, std::string_view fields = "") {
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: a.test\r\n" + std::string{fields}
        + "\r\n";
}

TEST(Connection, AnswersManyRequestsOnOneConnection) {
    TestServer server{routes()};
    RawClient client{server.port()};
    for (int i = 0; i < 3; ++i) {
        client.send(get("/ok"));
        const auto reply = client.read_reply();
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.body, "ok");
        EXPECT_EQ(reply.header("content-type"), "text/plain");
        EXPECT_EQ(reply.header("connection"), "");
    }
}

TEST(Connection, AnswersPipelinedRequestsInOrder) {
    TestServer server{routes()};
    RawClient client{server.port()};
    std::string bytes;
    for (int i = 0; i < 100; ++i) {
        const auto body = std::to_string(i);
        bytes += "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size())
            + "\r\n\r\n" + body;
    }
    client.send(bytes);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(client.read_reply().body, std::to_string(i));
}

TEST(Connection, LetsAHandlerReplaceASecurityHeader) {
    auto all = routes();
    auto cached = [](Request&) -> net::Task<Response> {
        co_return Response{200}.with_header("cache-control", "max-age=5");
    };
    all.emplace_back("GET", "/cached", Access{"anyone"}, cached);
    TestServer server{std::move(all)};
    RawClient client{server.port()};
    client.send(get("/cached"));
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.header("cache-control"), "max-age=5");
    EXPECT_EQ(reply.head.find("no-store"), std::string::npos);
    EXPECT_EQ(reply.header("x-content-type-options"), "nosniff");
}

TEST(Connection, KeepsAWellFormedRequestIdAndReplacesOthers) {
    TestServer server{routes()};
    RawClient client{server.port()};
    client.send(get("/ok", "X-Request-Id: abc-1.2_3\r\n"));
    EXPECT_EQ(client.read_reply().header("x-request-id"), "abc-1.2_3");
    client.send(get("/ok", "X-Request-Id: a\"b\r\n"));
    EXPECT_EQ(client.read_reply().header("x-request-id").find('"'), std::string::npos);
}

TEST(Connection, AnswersHeadWithoutABody) {
    TestServer server{routes()};
    RawClient client{server.port()};
    client.send("HEAD /ok HTTP/1.1\r\nHost: a\r\n\r\n" + get("/ok"));
    const auto head = client.read_reply(true);
    EXPECT_EQ(head.header("content-length"), "2");
    EXPECT_EQ(client.read_reply().body, "ok");
}

TEST(Connection, TurnsAnExceptionInto500WithoutItsText) {
    TestServer server{routes()};
    RawClient client{server.port()};
    client.send(get("/throws"));
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 500);
    EXPECT_EQ(reply.body.find("secret"), std::string::npos);
    EXPECT_NE(reply.body.find(reply.header("x-request-id")), std::string::npos);
    client.send(get("/ok"));
    EXPECT_EQ(client.read_reply().status, 200);
}

TEST(Connection, RefusesToSendASplitHeader) {
    TestServer server{routes()};
    RawClient client{server.port()};
    client.send(get("/splits"));
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 500);
    EXPECT_EQ(reply.header("set-cookie"), "");
}

TEST(Connection, ContinuesAClientThatAsksFirst) {
    TestServer server{routes()};
    RawClient client{server.port()};
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read_reply().status, 100);
    client.send("hi");
    EXPECT_EQ(client.read_reply().body, "hi");
}

TEST(Connection, RefusesAWaitingClientWithoutItsBody) {
    TestServer server{routes()};
    RawClient client{server.port()};
    client.send("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 404);
    EXPECT_EQ(reply.header("connection"), "close");
    EXPECT_TRUE(client.is_closed());
}

TEST(Connection, RefusesABodyOverTheLimitBeforeItArrives) {
    TestServer server{routes()};
    for (const std::string framing : {"Content-Length: 65537", "Transfer-Encoding: chunked"}) {
        RawClient client{server.port()};
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\n" + framing + "\r\n\r\n10001\r\n");
        EXPECT_EQ(client.read_reply().status, 413);
        EXPECT_TRUE(client.is_closed());
    }
}

TEST(Connection, AddsChunksUpToTheLimit) {
    TestServer server{routes()};
    RawClient client{server.port()};
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    const auto chunk = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
    client.send(chunk + chunk + "1\r\nx\r\n0\r\n\r\n");
    EXPECT_EQ(client.read_reply().status, 413);
    RawClient other{server.port()};
    other.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    other.send(chunk + chunk + "0\r\n\r\n");
    EXPECT_EQ(other.read_reply().body.size(), 0x10000U);
}

TEST(Connection, LimitsLineHeadAndFields) {
    TestServer server{routes()};
    const auto status_of = [&](const std::string& bytes) {
        RawClient client{server.port()};
        client.send(bytes);
        return client.read_reply().status;
    };
    EXPECT_EQ(status_of(get("/" + std::string(limits::request_line, 'a'))), 414);
    EXPECT_EQ(status_of("GET /" + std::string(limits::request_line, 'a')), 414);
    EXPECT_EQ(status_of(get("/ok", "X: " + std::string(limits::header_bytes, 'a') + "\r\n")), 431);
    std::string fields;
    for (std::size_t i = 0; i + 1 < limits::header_fields; ++i) fields += "X: y\r\n";
    EXPECT_EQ(status_of(get("/ok", fields)), 200);
    EXPECT_EQ(status_of(get("/ok", fields + "X: y\r\n")), 431);
}

TEST(Connection, TellsASlowHeadThatItsTimeIsOver) {
    TestServer server{routes(), hasty()};
    RawClient client{server.port()};
    client.send("GET /ok HTTP/1.1\r\nHost: a.test\r\n");
    EXPECT_EQ(client.read_reply().status, 408);
    EXPECT_TRUE(client.is_closed());
    EXPECT_TRUE(wait_until([&] { return server.connections() == 0; }));
}

// A byte now and then must not win more time (slowloris).
TEST(Connection, DoesNotExtendTheTimeOfAHeadByEachByte) {
    TestServer server{routes(), hasty()};
    RawClient client{server.port()};
    const auto begin = std::chrono::steady_clock::now();
    std::atomic<bool> is_over{false};
    std::thread drip{[&] {
        client.send("GET /ok HTTP/1.1\r\n");
        while (!is_over) {
            client.send("X: y\r\n");
            std::this_thread::sleep_for(20ms);
        }
    }};
    EXPECT_EQ(client.read_reply().status, 408);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
    is_over = true;
    drip.join();
}

TEST(Connection, TellsASlowBodyThatItsTimeIsOver) {
    TestServer server{routes(), hasty()};
    RawClient client{server.port()};
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhi");
    EXPECT_EQ(client.read_reply().status, 408);
}

TEST(Connection, ClosesAnIdleConnectionWithoutAWord) {
    TestServer server{routes(), hasty()};
    RawClient client{server.port()};
    client.send(get("/ok"));
    EXPECT_EQ(client.read_reply().status, 200);
    EXPECT_EQ(client.read_to_end(), "");
}

TEST(Connection, ClosesASilentStrangerWithoutAWord) {
    TestServer server{routes(), hasty()};
    RawClient client{server.port()};
    EXPECT_EQ(client.read_to_end(), "");
}

TEST(Connection, CutsAReaderThatDoesNotRead) {
    auto all = routes();
    auto huge = [](Request&) -> net::Task<Response> {
        co_return Response{200, std::string(64 * 1024 * 1024, 'x')};
    };
    all.emplace_back("GET", "/huge", Access{"anyone"}, huge);
    TestServer server{std::move(all), hasty()};
    RawClient client{server.port()};
    client.send(get("/huge"));
    EXPECT_TRUE(wait_until([&] { return server.connections() == 1; }));
    EXPECT_TRUE(wait_until([&] { return server.connections() == 0; }));
}

TEST(Connection, CancelsAHandlerThatOverruns) {
    auto config = hasty();
    config.request_total = 50ms;
    config.handler_overrun = 50ms;
    TestServer server{routes(), config};
    RawClient client{server.port()};
    client.send(get("/sleeps"));
    EXPECT_TRUE(client.is_closed());
    EXPECT_TRUE(wait_until([&] { return server.connections() == 0; }));
}

TEST(Connection, EndsAfterTheLastAllowedRequest) {
    auto config = hasty();
    config.max_requests = 2;
    TestServer server{routes(), config};
    RawClient client{server.port()};
    client.send(get("/ok") + get("/ok") + get("/ok"));
    const auto replies = client.read_all();
    ASSERT_EQ(replies.size(), 2U);
    EXPECT_EQ(replies[1].header("connection"), "close");
}

TEST(Connection, SpeaksToHttp10) {
    TestServer server{routes()};
    RawClient client{server.port()};
    client.send("GET /ok HTTP/1.0\r\n\r\n");
    EXPECT_EQ(client.read_reply().body, "ok");
    EXPECT_TRUE(client.is_closed());
    RawClient keeping{server.port()};
    keeping.send("GET /ok HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(keeping.read_reply().header("connection"), "keep-alive");
    keeping.send("GET /ok HTTP/1.0\r\n\r\n");
    EXPECT_EQ(keeping.read_reply().status, 200);
}

TEST(Connection, BelievesForwardedHeadersOfListedProxiesOnly) {
    const auto fields = "X-Forwarded-For: 6.6.6.6, 9.9.9.9\r\nX-Forwarded-Proto: https\r\n";
    TestServer open{routes()};
    RawClient stranger{open.port()};
    stranger.send(get("/describe", fields));
    EXPECT_EQ(stranger.read_reply().body, "127.0.0.1 plain a.test");
    ServerConfig config;
    config.trusted_proxies = {"127.0.0.0/8"};
    TestServer behind{routes(), config};
    RawClient proxy{behind.port()};
    proxy.send(get("/describe", fields));
    EXPECT_EQ(proxy.read_reply().body, "9.9.9.9 secure a.test");
}

TEST(Connection, RefusesHostNamesThatAreNotServed) {
    ServerConfig config;
    config.allowed_hosts = {"a.test", "*.apps.test"};
    TestServer server{routes(), config};
    const auto status_of = [&](const std::string& host) {
        RawClient client{server.port()};
        client.send("GET /ok HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        return client.read_reply().status;
    };
    EXPECT_EQ(status_of("A.test:8080"), 200);
    EXPECT_EQ(status_of("x.apps.test"), 200);
    EXPECT_EQ(status_of("apps.test"), 421);
    EXPECT_EQ(status_of("evil.test"), 421);
}

TEST(Connection, ReportsEachExchange) {
    ServerConfig config;
    std::atomic<int> status{0};
    std::string route;
    config.observer = [&](const RequestRecord& record) {
        route = record.route;
        status = record.status;
    };
    TestServer server{routes(), config};
    RawClient client{server.port()};
    client.send(get("/ok"));
    client.read_reply();
    EXPECT_TRUE(wait_until([&] { return status == 200; }));
    EXPECT_EQ(route, "/ok");
}

TEST(Connection, SurvivesClientsThatResetAtAnyByte) {
    TestServer server{routes()};
    const auto bytes = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" + get("/ok");
    for (std::size_t i = 0; i <= bytes.size(); ++i) {
        RawClient client{server.port()};
        client.send(std::string_view{bytes}.substr(0, i));
        client.reset();
    }
    EXPECT_TRUE(wait_until([&] { return server.connections() == 0; }));
}

} // namespace
} // namespace berth::http::test
