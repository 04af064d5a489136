// SPDX-License-Identifier: Apache-2.0
#include "config/describe.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace berth::config {
namespace {

using testing::HasSubstr;

constexpr std::string_view rich = R"(
log: {level: warn}
server: {listen: ["[::1]:9000"], public_url: "https://d.example.org", extra_origins: ["https://e.example.org:8443"]}
container_defaults: {cpus: 0.25, env: {A: "1", B: "two: words", C: "a\"b\n"}}
hosts:
- {name: a, endpoint: "unix:///a.sock", labels: {gpu: "yes", n: "1"}}
- {name: b.example, endpoint: "tcp://b:2376", tls_directory: /etc/berth/b, weight: 7, drained: true}
templates:
- {name: "123", title: "null", image: "i:1", endpoints: {d: "rfb:5900", w: "web:80"}, tags: ["yes", "0x1", "x y"],
   cap_add: [NET_RAW], secret: "env:P", lease: {idle: 5400}, description: "Ünïcode 😀 # no comment"}
)";

TEST(ConfigShow, WhatIsPrintedLoadsToTheSame) {
    auto first = load_text(rich, "f.yaml");
    ASSERT_TRUE(first) << describe(first.error());
    std::string shown = show_yaml(*first, Origins::hide);
    auto second = load_text(shown, "shown.yaml");
    ASSERT_TRUE(second) << describe(second.error()) << "\n" << shown;
    EXPECT_EQ(show_yaml(*second, Origins::hide), shown);
    EXPECT_EQ(second->config.templates.at(0).tags, first->config.templates.at(0).tags);
    EXPECT_EQ(second->config.templates.at(0).spec, first->config.templates.at(0).spec);
    EXPECT_EQ(second->config.hosts.at(1).tls_directory, "/etc/berth/b");
    auto with_comments = load_text(show_yaml(*first, Origins::show), "shown.yaml");
    ASSERT_TRUE(with_comments) << describe(with_comments.error());
    EXPECT_EQ(show_yaml(*with_comments, Origins::hide), shown);
}

TEST(ConfigShow, SaysWhereEachValueComesFrom) {
    auto loaded = load_text(rich, "f.yaml");
    ASSERT_TRUE(loaded);
    std::string shown = show_yaml(*loaded, Origins::show);
    EXPECT_THAT(shown, HasSubstr("  level: warn  # f.yaml:2:14\n"));
    EXPECT_THAT(shown, HasSubstr("  format: text  # default\n"));
    EXPECT_THAT(shown, HasSubstr("      idle: 1h30m  # f.yaml:10:"));
}

TEST(ConfigShow, NeverPrintsASecretAndRefusesItsMark) {
    auto loaded = load_text("auth: {admin_password: canary-canary}", "f.yaml");
    ASSERT_TRUE(loaded) << describe(loaded.error());
    std::string yaml = show_yaml(*loaded, Origins::show);
    EXPECT_THAT(yaml, HasSubstr("admin_password: \"[set]\""));
    EXPECT_EQ(yaml.find("canary"), std::string::npos);
    EXPECT_EQ(show_json(*loaded).find("canary"), std::string::npos);
    EXPECT_FALSE(load_text(yaml, "shown.yaml"));
}

TEST(ConfigShow, JsonHasNumbersAndTruthValues) {
    auto loaded = load_text(rich, "f.yaml");
    ASSERT_TRUE(loaded);
    auto value = boost::json::parse(show_json(*loaded));
    EXPECT_EQ(value.at("hosts").at(1).at("weight"), 7);
    EXPECT_EQ(value.at("hosts").at(1).at("drained"), true);
    EXPECT_EQ(value.at("templates").at(0).at("name"), "123") << "a text stays one";
    EXPECT_EQ(value.at("templates").at(0).at("memory"), "4g");
}

TEST(ConfigSchema, IsJsonAndKnowsTheSecretsFileForm) {
    auto schema = boost::json::parse(json_schema());
    EXPECT_EQ(schema.at("additionalProperties"), false);
    EXPECT_TRUE(schema.at("properties").at("auth").at("properties").as_object().contains("admin_password_file"));
    EXPECT_EQ(schema.at("properties").at("templates").at("items").at("properties").at("lease").at("type"), "object");
}

TEST(ConfigDocument, IsTheOneInTheRepository) {
    std::ifstream file{BERTH_SOURCE_DIR "/docs/configuration.md"};
    std::ostringstream content;
    content << file.rdbuf();
    EXPECT_EQ(content.str(), markdown()) << "run: berth config schema -o markdown > docs/configuration.md";
}

} // namespace
} // namespace berth::config
