// SPDX-License-Identifier: Apache-2.0
#include "gateway/endpoint.hpp"

#include <gtest/gtest.h>

namespace berth::gateway {
namespace {

const std::vector<std::string> allowed = {"https://desks.example.org", "http://127.0.0.1:8080"};

http::Request upgrade() {
    http::Request request;
    request.method = "GET";
    request.path = "/gateway/rfb";
    request.headers = {
        {"Host", "desks.example.org"},
        {"Connection", "keep-alive, Upgrade"},
        {"Upgrade", "websocket"},
        {"Sec-WebSocket-Version", "13"},
        {"Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="},
        {"Sec-WebSocket-Protocol", "binary, berth.ticket.Abc-_9"},
        {"Origin", "https://desks.example.org"},
    };
    return request;
}

void set(http::Request& request, std::string_view name, std::string value) {
    for (auto& [key, old] : request.headers)
        if (key == name) old = std::move(value);
}

void drop(http::Request& request, std::string_view name) {
    std::erase_if(request.headers, [&](const auto& field) { return field.first == name; });
}

TEST(GatewayEndpoint, TakesAHandshakeOfOurPage) {
    const auto request = upgrade();
    EXPECT_TRUE(check_origin(request, allowed, false));
    EXPECT_TRUE(check_upgrade(request));
    const auto ticket = offered_ticket(request);
    ASSERT_TRUE(ticket);
    EXPECT_EQ(*ticket, "Abc-_9");
}

constexpr const char* foreign[] = {
    "",
    "null",
    "*",
    "https://",
    "desks.example.org",
    "//desks.example.org",
    "http://desks.example.org",
    "ws://desks.example.org",
    "wss://desks.example.org",
    "https://desks.example.org/",
    "https://desks.example.org/x",
    "https://desks.example.org?",
    "https://desks.example.org#",
    "https://desks.example.org:443",
    "https://desks.example.org:8443",
    "https://desks.example.org:",
    "https://desks.example.org.",
    "https://desks.example.org.evil.test",
    "https://desks.example.orgevil.test",
    "https://evil.test/https://desks.example.org",
    "https://evil.test?https://desks.example.org",
    "https://evil.test#https://desks.example.org",
    "https://evildesks.example.org",
    "https://x.desks.example.org",
    "https://example.org",
    "https://desks.example.org@evil.test",
    "https://user@desks.example.org",
    "https://user:word@desks.example.org",
    "https://DESKS.example.org",
    "HTTPS://desks.example.org",
    "Https://Desks.Example.Org",
    " https://desks.example.org",
    "https://desks.example.org ",
    "https://desks.example.org\t",
    "https://desks.example.org,https://evil.test",
    "https://evil.test, https://desks.example.org",
    "https://desks.example.org https://evil.test",
    "https://desks%2eexample.org",
    "https://desks.example.org%00",
    "https://desks.example.org%2f",
    "https://desks。example.org",
    "https://xn--desks-example-org",
    "https://desks-example.org",
    "https://desks.example.com",
    "https://desks.example.or",
    "ttps://desks.example.org",
    "https:/desks.example.org",
    "https:desks.example.org",
    "https://[desks.example.org]",
    "https://desks.example.org\\",
    "http://127.0.0.1",
    "http://127.0.0.1:80",
    "http://127.0.0.1:80800",
    "http://127.0.0.1:08080",
    "http://localhost:8080",
    "http://[::1]:8080",
    "http://[::ffff:127.0.0.1]:8080",
    "http://127.1:8080",
    "http://2130706433:8080",
    "http://0x7f000001:8080",
    "file://",
    "chrome-extension://abc",
    "data:text/html,x",
    "about:blank",
    "http://127.0.0.1:8080.evil.test",
};

// T-70
TEST(GatewayEndpoint, TakesNoOriginButTheExactOne) {
    EXPECT_GE(std::size(foreign), 60u);
    for (const auto* origin : foreign)
        for (bool allow_missing : {false, true}) {
            auto request = upgrade();
            set(request, "Origin", origin);
            const auto status = check_origin(request, allowed, allow_missing);
            ASSERT_FALSE(status) << origin;
            EXPECT_EQ(status.error().code(), Errc::forbidden);
        }
}

TEST(GatewayEndpoint, TakesNoSecondOrigin) {
    auto request = upgrade();
    request.headers.emplace_back("origin", "https://desks.example.org");
    EXPECT_FALSE(check_origin(request, allowed, true));
}

TEST(GatewayEndpoint, TakesAMissingOriginOnlyWhereItIsConfigured) {
    auto request = upgrade();
    drop(request, "Origin");
    EXPECT_FALSE(check_origin(request, allowed, false));
    EXPECT_TRUE(check_origin(request, allowed, true));
}

TEST(GatewayEndpoint, RefusesWhatIsNoHandshake) {
    for (const auto* missing :
         {"Connection", "Upgrade", "Sec-WebSocket-Version", "Sec-WebSocket-Key"}) {
        auto request = upgrade();
        drop(request, missing);
        EXPECT_FALSE(check_upgrade(request)) << missing;
    }
    auto post = upgrade();
    post.method = "POST";
    EXPECT_FALSE(check_upgrade(post));
    auto old = upgrade();
    set(old, "Sec-WebSocket-Version", "8");
    EXPECT_FALSE(check_upgrade(old));
    auto h2c = upgrade();
    set(h2c, "Upgrade", "h2c");
    EXPECT_FALSE(check_upgrade(h2c));
}

TEST(GatewayEndpoint, NeedsOneTicketAndTheProtocol) {
    const std::string refused[] = {
        "",
        "binary",
        "berth.ticket.abc",
        "binary, berth.ticket.",
        "binary, berth.ticket.a b",
        "binary, berth.ticket.abc, berth.ticket.def",
        "binary, Berth.Ticket.abc",
        "binary, berth.ticket.../../x",
        "binary, berth.ticket.a\"b",
        "base64, berth.ticket.abc",
        "binary, berth.ticket." + std::string(129, 'a'),
    };
    for (const auto& offer : refused) {
        auto request = upgrade();
        set(request, "Sec-WebSocket-Protocol", offer);
        const auto ticket = offered_ticket(request);
        ASSERT_FALSE(ticket) << offer;
        // The text may reach a log: it must not hold what was offered.
        EXPECT_EQ(ticket.error().operator_text().find("abc"), std::string::npos);
    }
    auto lines = upgrade();
    set(lines, "Sec-WebSocket-Protocol", "binary");
    lines.headers.emplace_back("Sec-WebSocket-Protocol", "berth.ticket.abc");
    EXPECT_TRUE(offered_ticket(lines));
}

} // namespace
} // namespace berth::gateway
