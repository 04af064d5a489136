// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace berth {
namespace {

class CountingSource final : public RandomSource {
public:
    void fill(void* data, std::size_t size) override {
        auto* bytes = static_cast<unsigned char*>(data);
        for (std::size_t i = 0; i < size; ++i) bytes[i] = next_++;
    }

private:
    unsigned char next_ = 0;
};

TEST(Error, KeepsTheInnerTextBehindTheContext) {
    auto error = Error{Errc::engine_error, "no space left"}.with_context("create").with_context("host a");
    EXPECT_EQ(describe(error), "engine_error: host a: create: no space left");
}

TEST(Error, MayBeExtendedInPlace) {
    Error error{Errc::invalid_input, "body"};
    error = std::move(error).with_field("/a", "is required");
    error = std::move(error).with_field("/b", "is required");
    EXPECT_EQ(describe(error), "invalid_input: body [/a: is required] [/b: is required]");
}

TEST(Error, EveryNameLeadsBackToItsCode) {
    for (int i = 0; i <= static_cast<int>(Errc::internal); ++i) {
        auto code = static_cast<Errc>(i);
        EXPECT_EQ(errc_from(name_of(code)), code) << name_of(code);
    }
    EXPECT_FALSE(errc_from("no_such_code"));
}

TEST(Result, CarriesEitherAValueOrAnError) {
    Result<int> good = 3;
    Result<int> bad = Error{Errc::not_found, "x"};
    EXPECT_EQ(*good, 3);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code(), Errc::not_found);
    EXPECT_THROW((void)bad.value(), std::logic_error);
    Status fine;
    EXPECT_TRUE(fine);
}

TEST(Ids, OnlyTheExactAlphabetAndLengthIsASessionId) {
    EXPECT_TRUE(parse_session_id("abcdefghijklmnopqrstuvwxyz"));
    EXPECT_TRUE(parse_session_id("22222222222222222222222222"));
    for (auto bad : {"", "abc", "abcdefghijklmnopqrstuvwxy1", "abcdefghijklmnopqrstuvwxyZ",
                     "abcdefghijklmnopqrstuvwxy/", "abcdefghijklmnopqrstuvwxyza"})
        EXPECT_FALSE(parse_session_id(bad)) << bad;
}

TEST(Ids, MadeIdsParse) {
    CountingSource source;
    auto id = make_session_id(source);
    EXPECT_EQ(parse_session_id(id.str()), id);
    EXPECT_EQ(make_token(source, 32).size(), 43U);
}

TEST(Ids, UserNamesRefuseSpacesControlCharactersAndPaths) {
    for (auto good : {"a", "Ann", "a.b-c_d@example.org", "7up"}) EXPECT_TRUE(is_valid_username(good));
    for (auto bad : {"", " a", "a b", "../x", "a\n", "-a", "a/b", "ä", "a'b"})
        EXPECT_FALSE(is_valid_username(bad)) << bad;
}

TEST(Time, Rfc3339RoundTrips) {
    auto time = TimePoint{Milliseconds{1'763'924'400'123}};
    EXPECT_EQ(format_rfc3339(time), "2025-11-23T19:00:00.123Z");
    EXPECT_EQ(parse_rfc3339("2025-11-23T19:00:00.123Z"), time);
    EXPECT_EQ(parse_rfc3339("2025-11-23T20:00:00.123+01:00"), time);
    for (auto bad : {"", "2025-11-23", "2025-13-23T19:00:00Z", "2025-11-23T19:00:00", "2025-11-23T19:00:00.Z"})
        EXPECT_FALSE(parse_rfc3339(bad)) << bad;
}

TEST(Secret, ComparesWithoutRevealingAndIsEmptyAfterAMove) {
    Secret secret{"hunter2"};
    EXPECT_TRUE(secret.equals("hunter2"));
    EXPECT_FALSE(secret.equals("hunter3"));
    EXPECT_FALSE(secret.equals("hunter"));
    Secret other = std::move(secret);
    EXPECT_TRUE(secret.empty()); // NOLINT(bugprone-use-after-move): the guarantee under test
    EXPECT_EQ(other.reveal(), "hunter2");
}

TEST(Log, OutsideTextCannotForgeALine) {
    EXPECT_EQ(log_safe("a\nb\"c\x1b"), "a?b'c?");
    EXPECT_EQ(log_safe("abcdef", 3), "abc…");
    for (std::size_t longest : {1U, 2U, 3U, 4U}) EXPECT_EQ(log_safe("a😀b", longest), "a…") << "between characters";
}

} // namespace
} // namespace berth
