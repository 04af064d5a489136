// SPDX-License-Identifier: Apache-2.0
#include "gateway/proxy_headers.hpp"

#include <gtest/gtest.h>

namespace berth::gateway {
namespace {

http::Request request(net::HttpHeaders headers) {
    http::Request made;
    made.method = "GET";
    made.host = "abc.apps.test:8080";
    made.headers = std::move(headers);
    return made;
}

// T-32
TEST(ProxyHeaders, NeverShowTheContainerWhatIsOurs) {
    const auto sent = to_container(request({
        {"Cookie", "a=1; berth_app=canary; __Host-berth=canary; berth=canary;b=2"},
        {"cookie", "berth_app=canary"},
        {"Authorization", "Bearer canary"},
        {"Proxy-Authorization", "canary"},
        {"X-Forwarded-For", "canary"},
        {"x-forwarded-proto", "canary"},
        {"Forwarded", "for=canary"},
        {"X-Real-IP", "canary"},
        {"Accept", "text/html"},
    }));
    for (const auto& [name, value] : sent)
        EXPECT_EQ(value.find("canary"), std::string::npos) << name;
    EXPECT_EQ(net::find_header(sent, "Cookie"), "a=1; b=2");
    EXPECT_EQ(net::find_header(sent, "Accept"), "text/html");
    EXPECT_EQ(net::find_header(sent, "Host"), "abc.apps.test:8080");
}

TEST(ProxyHeaders, LeaveOutWhatIsOfOneHop) {
    const auto sent = to_container(request({
        {"Connection", "close, X-Secret-Hop"},
        {"X-Secret-Hop", "x"},
        {"Transfer-Encoding", "chunked"},
        {"Upgrade", "h2c"},
        {"TE", "trailers"},
        {"Content-Length", "5"},
        {"Host", "evil.test"},
    }));
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].second, "abc.apps.test:8080");
}

TEST(ProxyHeaders, KeepTheContainersCookiesOnItsHost) {
    const auto seen = to_browser({
        {"Set-Cookie", "a=1; Domain=apps.test; Path=/; HttpOnly"},
        {"set-cookie", "b=2; domain = .test;Secure"},
        {"Set-Cookie", "berth_app=stolen; Path=/"},
        {"Set-Cookie", "__Host-berth=stolen"},
        {"Strict-Transport-Security", "max-age=1"},
        {"Transfer-Encoding", "chunked"},
        {"Content-Type", "text/html"},
    });
    std::vector<std::string> cookies;
    for (const auto& [name, value] : seen)
        if (name == "Set-Cookie") cookies.push_back(value);
    EXPECT_EQ(cookies, (std::vector<std::string>{"a=1; Path=/; HttpOnly", "b=2; Secure"}));
    EXPECT_TRUE(net::find_header(seen, "Strict-Transport-Security").empty());
    EXPECT_TRUE(net::find_header(seen, "Transfer-Encoding").empty());
    EXPECT_EQ(net::find_header(seen, "Content-Type"), "text/html");
    EXPECT_EQ(net::find_header(seen, "Content-Security-Policy"), "frame-ancestors 'self'");
}

TEST(ProxyHeaders, TellOwnRequestsFromThoseOfNeighbours) {
    const std::string own = "http://abc.apps.test:8080";
    EXPECT_TRUE(is_own_request(request({}), false));
    EXPECT_TRUE(is_own_request(request({{"Sec-Fetch-Site", "same-origin"}}), false));
    EXPECT_TRUE(is_own_request(
        request(
            {{"Sec-Fetch-Site", "same-site"},
             {"Sec-Fetch-Mode", "navigate"},
             {"Sec-Fetch-Dest", "document"}}
        ),
        false
    ));
    for (const auto* site : {"same-site", "cross-site", "unknown"}) {
        EXPECT_FALSE(is_own_request(
            request({{"Sec-Fetch-Site", site}, {"Sec-Fetch-Mode", "no-cors"}}), false
        ));
        EXPECT_FALSE(is_own_request(
            request(
                {{"Sec-Fetch-Site", site},
                 {"Sec-Fetch-Mode", "navigate"},
                 {"Sec-Fetch-Dest", "iframe"}}
            ),
            false
        ));
    }
    auto post = request({{"Origin", "http://xyz.apps.test:8080"}});
    post.method = "POST";
    EXPECT_FALSE(is_own_request(post, false));
    post.headers = {{"Origin", own}};
    EXPECT_TRUE(is_own_request(post, false));
    EXPECT_TRUE(is_own_request(request({{"Origin", own}}), true));
    EXPECT_FALSE(is_own_request(request({}), true));
    EXPECT_FALSE(is_own_request(request({{"Origin", "http://xyz.apps.test:8080"}}), true));
}

} // namespace
} // namespace berth::gateway
