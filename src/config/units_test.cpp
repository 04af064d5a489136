// SPDX-License-Identifier: Apache-2.0
#include "config/units.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace berth::config {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsUnitsFromLargeToSmall) {
    EXPECT_EQ(parse_duration("1h30m"), 5400s);
    EXPECT_EQ(parse_duration("90s"), 90s);
    EXPECT_EQ(parse_duration("3600"), 3600s);
    EXPECT_EQ(parse_duration("7d"), 168h);
    EXPECT_EQ(parse_duration("1d2h3m4s"), 93784s);
    EXPECT_EQ(parse_duration("0"), 0s);
    for (auto bad : {"", " ", "s", "1", "1x", "1.5h", "-1s", "1m1h", "1s1s", "1 h", "9999999999d", "99999999999999999999s", "1h ", "+1s", "0x10"})
        if (std::string_view{bad} != "1") {
            EXPECT_FALSE(parse_duration(bad)) << bad;
        }
}

TEST(Size, ReadsBinaryUnitsAsDockerDoes) {
    EXPECT_EQ(parse_size("4g"), 4LL << 30);
    EXPECT_EQ(parse_size("2gb"), 2LL << 30);
    EXPECT_EQ(parse_size("512MiB"), 512LL << 20);
    EXPECT_EQ(parse_size("1024"), 1024);
    EXPECT_EQ(parse_size("10B"), 10);
    EXPECT_EQ(parse_size("0"), 0);
    for (auto bad : {"", "g", "4x", "4.5g", "-1", "4 g", "9223372036854775807k", "99999999999999999999", "4gg", "4ib", "4bb"})
        EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(Cpus, ReadsThreeDecimals) {
    EXPECT_EQ(parse_cpus("2"), 2'000'000'000);
    EXPECT_EQ(parse_cpus("0.5"), 500'000'000);
    EXPECT_EQ(parse_cpus("1.125"), 1'125'000'000);
    for (auto bad : {"", ".5", "1.", "1.2345", "1e3", "-1", "two", "1,5"}) EXPECT_FALSE(parse_cpus(bad)) << bad;
    EXPECT_EQ(format_cpus(1'500'000'000), "1.5");
    EXPECT_EQ(format_cpus(0), "0");
}

RC_GTEST_PROP(Duration, WhatIsFormattedParsesToTheSame, ()) {
    auto span = Seconds{*rc::gen::inRange<std::int64_t>(0, 10LL * 365 * 86400)};
    RC_ASSERT(parse_duration(format_duration(span)) == span);
}

RC_GTEST_PROP(Size, WhatIsFormattedParsesToTheSame, ()) {
    auto shift = *rc::gen::inRange(0, 41);
    auto bytes = *rc::gen::inRange<std::int64_t>(0, 1 << 20) << shift;
    RC_ASSERT(parse_size(format_size(bytes)) == bytes);
}

RC_GTEST_PROP(Cpus, WhatIsFormattedParsesToTheSame, ()) {
    auto nano = *rc::gen::inRange<std::int64_t>(0, 1'024'000) * 1'000'000;
    RC_ASSERT(parse_cpus(format_cpus(nano)) == nano);
}

TEST(Utf8, AcceptsOnlyShortestFormsOfRealCharacters) {
    for (auto good : {"", "a", "ä", "€", "😀"}) EXPECT_TRUE(is_utf8(good)) << good;
    for (auto bad : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "a\x80", "\xe2\x82"}) EXPECT_FALSE(is_utf8(bad));
}

TEST(Nearest, ProposesWhatIsCloseAndNothingElse) {
    constexpr std::array<std::string_view, 3> words{"listen", "drain", "web_dir"};
    EXPECT_EQ(nearest("lisen", words), "listen");
    EXPECT_EQ(nearest("Web_Dir", words), "web_dir");
    EXPECT_EQ(nearest("qqqqqq", words), "");
}

} // namespace
} // namespace berth::config
