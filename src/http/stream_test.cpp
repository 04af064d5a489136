// SPDX-License-Identifier: Apache-2.0
// Bodies that are produced, and streams that are given away.
#include "http/test_server.hpp"
#include "net/deadline.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace berth::http::test {
namespace {

using namespace std::chrono_literals;

std::string get(std::string_view target, std::string_view version = "1.1") {
    return "GET " + std::string{target} + " HTTP/" + std::string{version}
        + "\r\nHost: a.test\r\n\r\n";
}

struct Watch {
    std::atomic<int> pieces{0};
    std::atomic<bool> has_ended{false};
};

struct ScopeMark {
    explicit ScopeMark(Watch& watch_)
        : watch{watch_} {}
    ~ScopeMark() { watch.has_ended = true; }
    Watch& watch;
};

// Writes `count` pieces of `size` bytes; count < 0 = until it is told to stop.
Handler produces(Watch& watch, int count, std::size_t size) {
    return [&watch, count, size](Request&) -> net::Task<Response> {
        Response response{200, {}, "text/event-stream"};
        response.producer = [&watch, count, size](BodyWriter& body) -> net::Task<void> {
            const ScopeMark mark{watch};
            const std::string piece(size, 'x');
            for (int i = 0; count < 0 || i < count; ++i) {
                const auto written = co_await body.write(piece);
                if (!written) co_return;
                ++watch.pieces;
                if (size < 100 && count < 0) co_await net::sleep_for(10ms);
            }
        };
        co_return response;
    };
}

TEST(ProducedBody, ArrivesWholeAndMarkedAsComplete) {
    Watch watch;
    std::vector<Route> routes;
    routes.emplace_back("GET", "/s", Access{"anyone"}, produces(watch, 3, 5));
    TestServer server{std::move(routes)};
    RawClient client{server.port()};
    client.send(get("/s"));
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.header("transfer-encoding"), "chunked");
    EXPECT_EQ(reply.body, std::string(15, 'x'));
    EXPECT_TRUE(client.is_closed());
}

TEST(ProducedBody, IsNotChunkedForHttp10) {
    Watch watch;
    std::vector<Route> routes;
    routes.emplace_back("GET", "/s", Access{"anyone"}, produces(watch, 3, 5));
    TestServer server{std::move(routes)};
    RawClient client{server.port()};
    client.send(get("/s", "1.0"));
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.header("transfer-encoding"), "");
    EXPECT_EQ(reply.body, std::string(15, 'x'));
}

TEST(ProducedBody, EndsWhenTheClientLeavesASilentStream) {
    Watch watch;
    std::vector<Route> routes;
    auto silent = [&](Request&) -> net::Task<Response> {
        Response response{200};
        response.producer = [&](BodyWriter&) -> net::Task<void> {
            ++watch.pieces;
            const ScopeMark mark{watch};
            co_await net::sleep_for(1h);
        };
        co_return response;
    };
    routes.emplace_back("GET", "/s", Access{"anyone"}, silent);
    TestServer server{std::move(routes)};
    {
        RawClient client{server.port()};
        client.send(get("/s"));
        EXPECT_NE(client.read_until("\r\n\r\n"), "") << "unread bytes would make the end a reset";
        EXPECT_TRUE(wait_until([&] { return watch.pieces == 1; }));
    }
    EXPECT_TRUE(wait_until([&] { return watch.has_ended.load(); }));
    EXPECT_TRUE(wait_until([&] { return server.connections() == 0; }));
}

// What the producer is ahead of a stuck reader is what the two sockets hold, not more.
TEST(ProducedBody, WaitsForASlowReaderAndCutsADeadOne) {
    Watch watch;
    std::vector<Route> routes;
    routes.emplace_back("GET", "/s", Access{"anyone"}, produces(watch, -1, 64 * 1024));
    ServerConfig config;
    config.write_stall = 200ms;
    config.sweep_interval = 10ms;
    TestServer server{std::move(routes), config};
    RawClient client{server.port()};
    client.send(get("/s"));
    EXPECT_TRUE(wait_until([&] { return watch.has_ended.load(); }));
    EXPECT_LT(watch.pieces, 1000) << "more than 64 MB went nowhere";
    EXPECT_TRUE(wait_until([&] { return server.connections() == 0; }));
}

TEST(ProducedBody, IsLeftOpenEndedWhenItsProducerFails) {
    std::vector<Route> routes;
    auto failing = [](Request&) -> net::Task<Response> {
        Response response{200};
        response.producer = [](BodyWriter& body) -> net::Task<void> {
            const auto written = co_await body.write("part");
            if (written) throw std::runtime_error("broken");
        };
        co_return response;
    };
    routes.emplace_back("GET", "/s", Access{"anyone"}, failing);
    TestServer server{std::move(routes)};
    RawClient client{server.port()};
    client.send(get("/s"));
    const auto all = client.read_to_end();
    EXPECT_NE(all.find("4\r\npart\r\n"), std::string::npos);
    EXPECT_EQ(all.find("0\r\n\r\n"), std::string::npos);
}

TEST(ProducedBody, HasNoBodyForHead) {
    Watch watch;
    std::vector<Route> routes;
    routes.emplace_back("GET", "/s", Access{"anyone"}, produces(watch, 3, 5));
    TestServer server{std::move(routes)};
    RawClient client{server.port()};
    client.send("HEAD /s HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read_reply(true).status, 200);
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(watch.pieces, 0);
}

net::Task<void> upper(net::ByteStreamPtr stream, Request request, std::string early) {
    const auto hello = "HTTP/1.1 101 Switching Protocols\r\n\r\n" + request.path + ":" + early;
    const auto greeted = co_await stream->write_all(boost::asio::buffer(hello));
    char bytes[64];
    while (greeted) {
        const auto got = co_await stream->read_some(boost::asio::buffer(bytes));
        if (!got || *got == 0) break;
        const auto written = co_await stream->write_all(boost::asio::const_buffer{bytes, *got});
        if (!written) break;
    }
}

net::Task<Response> switches(Request&) {
    Response response;
    response.takeover = upper;
    co_return response;
}

TEST(Takeover, HandsOverTheStreamWithTheBytesThatCameEarly) {
    std::vector<Route> routes;
    routes.emplace_back("GET", "/t", Access{"anyone"}, switches);
    TestServer server{std::move(routes)};
    RawClient client{server.port()};
    client.send(get("/t") + "early");
    EXPECT_EQ(client.read_reply().status, 101);
    EXPECT_EQ(client.read_bytes(8), "/t:early");
    client.send("later");
    EXPECT_EQ(client.read_bytes(5), "later");
    client.finish_sending();
    EXPECT_TRUE(client.is_closed());
    EXPECT_TRUE(wait_until([&] { return server.connections() == 0; }));
}

TEST(Takeover, GetsAnUnreadBodyByHostName) {
    std::vector<Route> none;
    const auto by_host = Route{"*", "/*", Access{"ticket"}, switches}.with_body(BodyMode::unread);
    ServerConfig config;
    config.host_route = [&](const Request& request) {
        return request.host == "x.apps.test" ? &by_host : nullptr;
    };
    TestServer server{std::move(none), config};
    RawClient client{server.port()};
    client.send(
        "POST /a%2Fb/../c HTTP/1.1\r\nHost: x.apps.test\r\nContent-Length: 999999\r\n\r\nbody"
    );
    EXPECT_EQ(client.read_reply().status, 101);
    EXPECT_EQ(client.read_bytes(5), ":body");
    RawClient other{server.port()};
    other.send(get("/a%2Fb"));
    EXPECT_EQ(other.read_reply().status, 400);
}

TEST(Takeover, ClosesAfterARefusalThatLeftTheBodyUnread) {
    auto refuses = [](Request&) -> net::Task<Response> { co_return Response{403, "no"}; };
    std::vector<Route> routes;
    routes.push_back(
        Route{"POST", "/p", Access{"ticket"}, refuses}.with_body(BodyMode::unread)
    );
    TestServer server{std::move(routes)};
    RawClient client{server.port()};
    client.send("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n");
    client.send(std::string(50000, 'x'));
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 403);
    EXPECT_EQ(reply.header("connection"), "close");
    EXPECT_TRUE(client.is_closed());
}

} // namespace
} // namespace berth::http::test
