// SPDX-License-Identifier: Apache-2.0
#include "http/forwarded.hpp"
#include "http/message.hpp"
#include "http/url.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

namespace berth::http {
namespace {

// Runs the property and fails the test with rapidcheck's own report.
template <class Property>
void expect_property(const char* name, Property property) {
    EXPECT_TRUE(rc::check(name, property));
}

bool is_canonical(const std::string& path) {
    if (path.empty() || path.front() != '/' || !is_valid_utf8(path)) return false;
    if (path.find("//") != std::string::npos) return false;
    if ((path + "/").find("/./") != std::string::npos) return false;
    if ((path + "/").find("/../") != std::string::npos) return false;
    return std::all_of(path.begin(), path.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x20 && byte != 0x7f && byte != '\\';
    });
}

TEST(Target, IsCanonicalWhateverComesIn) {
    expect_property("result is canonical and stable", [] {
        // Bytes that matter, so that random texts get past the first check.
        const auto tail = *rc::gen::container<std::string>(rc::gen::oneOf(
            rc::gen::element('/', '.', '%', '2', 'e', 'E', 'f', 'F', '5', 'c', '0', '?', ';', 'a'),
            rc::gen::arbitrary<char>()
        ));
        const auto target = parse_target("/" + tail);
        if (!target) return;
        RC_ASSERT(is_canonical(target->path));
        const auto again = parse_target(encode_path(target->path));
        RC_ASSERT(again.has_value());
        RC_ASSERT(again->path == target->path);
    });
}

TEST(Target, ReadsBackWhatWasEncoded) {
    expect_property("encode then parse", [] {
        const auto segments = *rc::gen::container<std::vector<std::string>>(
            rc::gen::nonEmpty(rc::gen::container<std::string>(
                rc::gen::inRange<char>(0x20, 0x7f)
            ))
        );
        std::string path;
        for (const auto& segment : segments) path += "/" + segment;
        if (path.empty()) path = "/";
        const auto target = parse_target(encode_path(path));
        RC_ASSERT(target.has_value() == is_canonical(path));
        if (target) RC_ASSERT(target->path == path);
    });
}

TEST(Target, SplitsPathAndQuery) {
    const auto target = parse_target("/a%20b/%C3%A4?x=%2F&y");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, "/a b/\xc3\xa4");
    EXPECT_EQ(target->query, "x=%2F&y");
    EXPECT_EQ(parse_target("/a/")->path, "/a/");
    EXPECT_EQ(parse_target("/%252e%252e/x")->path, "/%2e%2e/x") << "decoded once, not twice";
}

TEST(Target, RefusesWhatCouldBeReadInTwoWays) {
    for (const auto* text :
         {"", "a", "*", "//", "/a//b", "/.", "/..", "/a/./b", "/a/..", "/%2e", "/%2E%2e/", "/a%2fb",
          "/a%5cb", "/a\\b", "/%00", "/%0a", "/%7f", "/%", "/%2", "/%zz", "/a#b", "/\xc3\xa4",
          "/%c0%ae", "/%ff", "/%ed%a0%80", "/%f4%90%80%80", "/a?b#c", "/a?b c", "/<a>", "/a|b"}) {
        EXPECT_FALSE(parse_target(text)) << text;
    }
}

TEST(Utf8, AcceptsExactlyTheWellFormed) {
    for (const auto* good : {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                             "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
        EXPECT_TRUE(is_valid_utf8(good)) << good;
    }
    for (const auto* bad : {"\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xe1\x80",
                            "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"}) {
        EXPECT_FALSE(is_valid_utf8(bad)) << bad;
    }
}

TEST(Request, FindsQueryValuesDecoded) {
    Request request;
    request.query = "a=1&b=x%20y+z&c&&=&bad=%zz&a=2";
    EXPECT_EQ(request.query_value("a"), "1");
    EXPECT_EQ(request.query_value("b"), "x y z");
    EXPECT_EQ(request.query_value("c"), "");
    EXPECT_EQ(request.query_value("bad"), std::nullopt);
    EXPECT_EQ(request.query_value("d"), std::nullopt);
}

TEST(Request, DoesNotChooseBetweenTwoCookiesOfOneName) {
    Request request;
    request.headers.emplace_back("Cookie", "a=1; berth=one;b=2 ; c");
    EXPECT_EQ(request.cookie("berth"), "one");
    EXPECT_EQ(request.cookie("b"), "2");
    EXPECT_EQ(request.cookie("c"), std::nullopt);
    EXPECT_EQ(request.cookie("ber"), std::nullopt);
    request.headers[0].second = "berth=one; berth=two";
    EXPECT_EQ(request.cookie("berth"), std::nullopt);
}

struct Hop {
    const char* peer;
    const char* forwarded;
    const char* expected;
};

TEST(TrustedProxies, TakesTheRightMostAddressThatIsNoProxy) {
    const auto proxies = TrustedProxies::parse({"10.0.0.0/8", "192.168.1.7", "fd00::/8", "unix"});
    ASSERT_TRUE(proxies);
    for (const auto& hop : {
             Hop{"1.2.3.4", "6.6.6.6", "1.2.3.4"},
             Hop{"10.1.2.3", "6.6.6.6", "6.6.6.6"},
             Hop{"10.1.2.3", "6.6.6.6, 7.7.7.7", "7.7.7.7"},
             Hop{"10.1.2.3", "6.6.6.6, 7.7.7.7, 10.9.9.9", "7.7.7.7"},
             Hop{"10.1.2.3", "10.5.5.5", "10.5.5.5"},
             Hop{"10.1.2.3", "", "10.1.2.3"},
             Hop{"10.1.2.3", "7.7.7.7, nonsense", "10.1.2.3"},
             Hop{"10.1.2.3", "7.7.7.7:8080", "7.7.7.7"},
             Hop{"10.1.2.3", "[2001:db8::1]:80", "2001:db8::1"},
             Hop{"::ffff:10.1.2.3", "6.6.6.6", "6.6.6.6"},
             Hop{"fd00::1", "2001:db8::2", "2001:db8::2"},
             Hop{"11.0.0.1", "6.6.6.6", "11.0.0.1"},
             Hop{"192.168.1.7", "6.6.6.6", "6.6.6.6"},
             Hop{"192.168.1.8", "6.6.6.6", "192.168.1.8"},
             Hop{"unix", "6.6.6.6", "6.6.6.6"},
         }) {
        Request request;
        request.peer = hop.peer;
        request.headers.emplace_back("X-Forwarded-For", hop.forwarded);
        proxies->apply(request);
        EXPECT_EQ(request.peer, hop.expected) << hop.peer << " " << hop.forwarded;
    }
}

TEST(TrustedProxies, RefusesWhatIsNoNetwork) {
    for (const auto* text : {"", "proxy.test", "10.0.0.0/33", "10.0.0.0/", "::/129", "1.2.3", "10.0.0.0/8x"}) {
        EXPECT_FALSE(TrustedProxies::parse({text})) << text;
    }
}

} // namespace
} // namespace berth::http
