// SPDX-License-Identifier: Apache-2.0
// What every answer carries (H-22), and which fields a request may have once only (H-23).
#include "http/test_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>

namespace berth::http::test {
namespace {

using namespace std::chrono_literals;

const std::string get = "GET /ok HTTP/1.1\r\nHost: a.test\r\n\r\n";

net::Task<Response> ok(Request&) { co_return Response{200, "ok"}; }
net::Task<Response> throws(Request&) {
    throw std::runtime_error("a secret detail");
    co_return Response{};
}
net::Task<Response> splits(Request&) {
    co_return Response{200}.with_header("X-A", "b\r\nSet-Cookie: stolen=1");
}
net::Task<Response> produces(Request&) {
    Response response{200};
    response.producer = [](BodyWriter& writer) -> net::Task<void> {
        auto sent = co_await writer.write("piece");
        EXPECT_TRUE(sent);
    };
    co_return response;
}

std::vector<Route> routes() {
    std::vector<Route> all;
    all.emplace_back("GET", "/ok", Access{"anyone"}, ok);
    all.emplace_back("POST", "/ok", Access{"anyone"}, ok);
    all.emplace_back("GET", "/throws", Access{"anyone"}, throws);
    all.emplace_back("GET", "/splits", Access{"anyone"}, splits);
    all.emplace_back("GET", "/produces", Access{"anyone"}, produces);
    return all;
}

const std::string policy = "default-src 'none'; script-src 'self'";

ServerConfig strict() {
    ServerConfig config;
    config.content_security_policy = policy;
    config.allowed_hosts = {"a.test"};
    config.trusted_proxies = {"127.0.0.1"};
    config.is_strict_transport = true;
    return config;
}

void expect_hardened(const Reply& reply, const std::string& what) {
    SCOPED_TRACE(what);
    EXPECT_EQ(reply.header("content-security-policy"), policy);
    EXPECT_EQ(reply.header("x-content-type-options"), "nosniff");
    EXPECT_EQ(reply.header("referrer-policy"), "no-referrer");
    EXPECT_EQ(reply.header("cross-origin-opener-policy"), "same-origin");
    EXPECT_EQ(reply.header("cross-origin-resource-policy"), "same-origin");
    EXPECT_EQ(reply.header("cache-control"), "no-store");
    EXPECT_NE(reply.header("permissions-policy"), "");
    EXPECT_NE(reply.header("x-request-id"), "");
    EXPECT_NE(reply.header("date"), "");
    EXPECT_EQ(reply.header("server"), "");
    EXPECT_EQ(reply.head.find("X-Powered-By"), std::string::npos);
}

struct Asked {
    std::string bytes;
    int status;
};

TEST(Hardening, EveryAnswerOfTheServerItselfCarriesTheHeaders) {
    const std::string host = " HTTP/1.1\r\nHost: a.test\r\n";
    const std::string large(70 * 1024, 'x');
    const std::vector<Asked> all{
        {get, 200},
        {"GET /produces" + host + "\r\n", 200},
        {"OPTIONS /ok" + host + "\r\n", 204},
        {"GET /nowhere" + host + "\r\n", 404},
        {"DELETE /ok" + host + "\r\n", 405},
        {"GET /throws" + host + "\r\n", 500},
        {"GET /splits" + host + "\r\n", 500},
        {"GET /../x" + host + "\r\n", 400},
        {"nonsense\r\n\r\n", 400},
        {"GET /ok HTTP/1.1\r\nHost: b.test\r\n\r\n", 421},
        {"GET /ok HTTP/1.1\r\n\r\n", 400},
        {"GET /" + std::string(5000, 'x') + host + "\r\n", 414},
        {"GET /ok" + host + "X-Long: " + std::string(20000, 'x') + "\r\n\r\n", 431},
        {"POST /ok" + host + "Content-Length: 70000\r\n\r\n" + large, 413},
        {"GET /ok HTTP/2.0\r\nHost: a.test\r\n\r\n", 505},
        {"POST /ok" + host + "Transfer-Encoding: gzip\r\n\r\n", 501},
        {"GET /ok" + host + "Expect: miracles\r\n\r\n", 417},
    };
    TestServer server{routes(), strict()};
    for (const auto& asked : all) {
        RawClient client{server.port()};
        client.send(asked.bytes);
        const auto reply = client.read_reply();
        EXPECT_EQ(reply.status, asked.status) << asked.bytes.substr(0, 60);
        expect_hardened(reply, asked.bytes.substr(0, 60));
    }
}

TEST(Hardening, WhoIsTurnedAwayUnheardGetsThemToo) {
    auto slow = strict();
    slow.header_read = 100ms;
    slow.sweep_interval = 10ms;
    TestServer one{routes(), slow};
    RawClient client{one.port()};
    client.send("GET /ok HTT");
    const auto late = client.read_reply();
    EXPECT_EQ(late.status, 408);
    expect_hardened(late, "too slow");

    auto narrow = strict();
    narrow.trusted_proxies.clear();
    narrow.uncounted_addresses.clear();
    narrow.connections_per_address = 1;
    TestServer two{routes(), narrow};
    RawClient within{two.port()};
    within.send(get);
    EXPECT_EQ(within.read_reply().status, 200);
    RawClient over{two.port()};
    const auto refused = over.read_reply();
    EXPECT_EQ(refused.status, 429);
    expect_hardened(refused, "over the share");

    auto full = strict();
    full.max_connections = 1;
    TestServer three{routes(), full};
    RawClient inside{three.port()};
    inside.send(get);
    EXPECT_EQ(inside.read_reply().status, 200);
    RawClient outside{three.port()};
    outside.send(get);
    const auto shed = outside.read_reply();
    EXPECT_EQ(shed.status, 503);
    expect_hardened(shed, "no place");
}

TEST(Hardening, StrictTransportIsForThoseWhoCameByTls) {
    const std::string by_tls =
        "GET /ok HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n\r\n";
    auto ask = [](const ServerConfig& config, const std::string& bytes) {
        TestServer server{routes(), config};
        RawClient client{server.port()};
        client.send(bytes);
        return client.read_reply().header("strict-transport-security");
    };
    EXPECT_EQ(ask(strict(), by_tls), "max-age=31536000");
    EXPECT_EQ(ask(strict(), get), "") << "browsers must ignore it there";
    auto lax = strict();
    lax.is_strict_transport = false;
    EXPECT_EQ(ask(lax, by_tls), "");
}

// Spelled out here, so that a name which is lost in the rules is missed.
const std::vector<std::string> once{
    "Host", "Content-Length", "Transfer-Encoding", "Authorization", "Cookie", "Origin", "Content-Type",
    "Expect", "Upgrade", "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
    "X-Forwarded-Prefix", "X-Forwarded-User", "X-Real-IP", "X-User-ID", "X-Remote-User", "X-Original-URI",
    "X-Original-Method", "Idempotency-Key", "Last-Event-ID", "Sec-WebSocket-Key",
    "Sec-WebSocket-Version", "Sec-Fetch-Site"};

TEST(Hardening, WhatDecidesAboutIdentityOrFramingMayOccurOnceAndInOneSpelling) {
    TestServer server{routes()};
    auto status_of = [&](const std::string& fields) {
        RawClient client{server.port()};
        client.send("GET /ok HTTP/1.1\r\n" + fields + "Connection: close\r\n\r\n");
        return client.read_reply().status;
    };
    for (const auto& name : once) {
        const std::string host = name == "Host" ? "" : "Host: a.test\r\n";
        std::string value = ": a\r\n";
        if (name == "Content-Length") value = ": 0\r\n";
        if (name == "Transfer-Encoding") value = ": chunked\r\n";
        if (name == "Expect") value = ": 100-continue\r\n"; // any other is refused by itself
        auto upper = name;
        std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
        EXPECT_EQ(status_of(host + name + value + name + value), 400) << name << " twice";
        EXPECT_EQ(status_of(host + name + value + upper + value), 400) << name << " in two spellings";
        if (name.find('-') == std::string::npos) continue;
        auto disguised = name;
        std::replace(disguised.begin(), disguised.end(), '-', '_');
        EXPECT_EQ(status_of(host + disguised + value), 400) << disguised;
        auto half = name;
        half[half.rfind('-')] = '_';
        EXPECT_EQ(status_of(host + half + value), 400) << half;
    }
    EXPECT_EQ(status_of("Host: a.test\r\nX-Other: a\r\nX-Other: b\r\nX_Other: c\r\n"), 200) << "others are free";
}

} // namespace
} // namespace berth::http::test
