// SPDX-License-Identifier: Apache-2.0
#include "docker/engine_path.hpp"
#include "docker/errors.hpp"

#include <gtest/gtest.h>

namespace berth::docker {
namespace {

TEST(EnginePath, TakesIdsAndNamesOnly) {
    for (const char* good : {"a", "0123456789abcdef", "berth-lab-abc-1", "x_y.z-1"})
        EXPECT_TRUE(check_reference(good)) << good;
    for (const char* bad :
         {"", "/", "../info", "a/b", "a?b", "a b", "-x", ".x", "a%2fb", "a\r\nb", "ü"})
        EXPECT_FALSE(check_reference(bad)) << bad;
    EXPECT_FALSE(check_reference(std::string(129, 'a')));
}

TEST(EnginePath, TakesImageReferencesOnly) {
    for (const char* good :
         {"debian", "debian:12", "reg.lab:5000/a/b:1.2", "a@sha256:0123", "berth/desktop:latest"})
        EXPECT_TRUE(check_image_reference(good)) << good;
    for (const char* bad :
         {"",
          "-x",
          "a b",
          "../x",
          "a/../b",
          "a//b",
          "a?tag=b",
          "a#b",
          "a/",
          "a\nb",
          "/a",
          "a%2e",
          "a/./b"})
        EXPECT_FALSE(check_image_reference(bad)) << bad;
}

TEST(EnginePath, EncodesQueries) {
    Query query;
    query.emplace_back("a", "1 &=?/");
    query.emplace_back("b", "ü");
    EXPECT_EQ(encode_query(query), "?a=1%20%26%3D%3F%2F&b=%C3%BC");
    EXPECT_EQ(encode_query({}), "");
    Filters filters;
    filters.emplace_back("label", std::vector<std::string>{"a=\"b\""});
    EXPECT_EQ(encode_filters(filters), R"({"label":["a=\"b\""]})");
}

TEST(EnginePath, ReadsApiVersions) {
    EXPECT_EQ(parse_api_version("1.41"), std::make_pair(1, 41));
    EXPECT_LT(parse_api_version("1.9"), parse_api_version("1.40"));
    for (const char* bad :
         {"",
          "1",
          "1.",
          ".41",
          "v1.41",
          "1.41.0",
          "1.x",
          "-1.41",
          "1.-4",
          "1.41 ",
          "99999999999.1"})
        EXPECT_EQ(parse_api_version(bad), std::make_pair(0, 0)) << bad;
}

TEST(EngineErrors, TranslateEachStatusOnce) {
    auto code = [](Subject subject, int status) {
        return error_from_reply("op", subject, status, "{}").code();
    };
    EXPECT_EQ(code(Subject::container, 400), Errc::invalid_input);
    EXPECT_EQ(code(Subject::container, 404), Errc::not_found);
    EXPECT_EQ(code(Subject::image, 404), Errc::image_missing);
    EXPECT_EQ(code(Subject::container, 409), Errc::conflict);
    EXPECT_EQ(code(Subject::network, 403), Errc::conflict);
    EXPECT_EQ(code(Subject::container, 403), Errc::engine_error);
    EXPECT_EQ(code(Subject::container, 500), Errc::engine_error);
    EXPECT_EQ(code(Subject::container, 503), Errc::engine_error);
    EXPECT_EQ(code(Subject::container, 301), Errc::protocol_violation);
    EXPECT_EQ(code(Subject::container, 418), Errc::protocol_violation);
}

TEST(EngineErrors, KeepTheEnginesWordsOnOneLine) {
    auto error = error_from_reply(
        "container create", Subject::image, 404, R"({"message":"No such image:\n x"})"
    );
    EXPECT_EQ(error.operator_text(), "container create: engine answered 404: No such image:? x");
    EXPECT_EQ(message_of("<html>proxy</html>\n"), "<html>proxy</html>");
    EXPECT_EQ(message_of("{broken"), "{broken");
    EXPECT_LT(message_of(std::string(100'000, 'x')).size(), 1100U);
}

} // namespace
} // namespace berth::docker
