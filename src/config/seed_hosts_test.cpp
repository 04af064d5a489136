// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<HostOfFile> hosts_in(std::string_view text) {
    auto found = read_seed_hosts(text);
    EXPECT_TRUE(found) << describe(found.error());
    return found ? *found : std::vector<HostOfFile>{};
}

std::vector<std::string> problems_in(std::string_view text) {
    std::vector<std::string> all;
    for (const auto& one : hosts_in(text)) all.push_back(one.problem);
    return all;
}

// What speaks against the text as a whole.
std::string refusal_of(std::string_view text) {
    auto found = read_seed_hosts(text);
    if (found) return "read";
    const auto error = found.error();
    EXPECT_EQ(error.code(), Errc::invalid_input);
    EXPECT_FALSE(error.fields().empty());
    std::string all;
    for (const auto& field : error.fields()) all += field.detail + "\n";
    return all;
}

TEST(SeedHosts, AreReadAndTheRestIsPassedOver) {
    auto hosts = hosts_in(R"(workspace_hosts:
  - hostname: Host1.Internal
    user: docker_user
    pub_hostname: "Host \"1\" — é"
  - hostname: 10.0.0.7
docker_image: "not: an image"
container_defaults: {memory_limit: lots, unknown: 1}
connection_pool: {max_connections_per_host: 7}
timeouts: {soon: 1}
what: ever
)");
    ASSERT_EQ(hosts.size(), 2U);
    EXPECT_EQ(hosts[0].problem + hosts[1].problem, "");
    EXPECT_EQ(hosts[0].host.name.str(), "host1.internal");
    EXPECT_EQ(hosts[0].host.endpoint, "ssh://docker_user@Host1.Internal");
    EXPECT_EQ(hosts[0].host.public_name, "Host \"1\" — é");
    EXPECT_EQ(hosts[0].host.max_connections, 7);
    EXPECT_EQ(hosts[1].host.endpoint, "ssh://10.0.0.7");
}

TEST(SeedHosts, ABadOneIsNamedWithItsLineAmongGoodOnes) {
    EXPECT_THAT(problems_in(R"(workspace_hosts:
  - hostname: good
  - user: nobody
  - hostname: typo
    usr: x
  - hostname: 169.254.169.254
  - hostname: "../x"
  - just a word
  - hostname: "a\nb"
  - hostname: "-oProxyCommand=x"
  - hostname: höst
  - hostname: last
)"), ElementsAre("", "line 3, column 5: hostname is missing", "line 5, column 5: usr is not a known key; user perhaps?",
        HasSubstr("line 6, column 15: endpoint "), HasSubstr("line 7, column 15: name "), "line 8, column 5: hostname is missing",
        HasSubstr("line 9, column 15: name "), HasSubstr("line 10, column 15: name "), HasSubstr("line 11, column 15: name "), ""));
}

TEST(SeedHosts, AnImpossibleOneKeepsWhatWasWritten) {
    auto hosts = hosts_in("workspace_hosts: [{hostname: 'a b', user: \"c\\nd\"}]");
    ASSERT_EQ(hosts.size(), 1U);
    EXPECT_EQ(hosts[0].host.name.str(), "a b");
    EXPECT_EQ(hosts[0].host.endpoint, "ssh://c\nd@a b");
    EXPECT_NE(hosts[0].problem, "");
}

TEST(SeedHosts, OneThatStandsThereTwiceIsTakenOnce) {
    EXPECT_THAT(problems_in("workspace_hosts:\n- hostname: a\n- {hostname: A, user: x}\n- hostname: b\n"),
        ElementsAre("", "line 3, column 3: is the host of line 2 again", ""));
}

TEST(SeedHosts, WhatCannotBeReadIsRefusedWithItsLine) {
    EXPECT_THAT(refusal_of("workspace_hosts:\n  - hostname: a\n bad"), HasSubstr("line 3, column "));
    EXPECT_THAT(refusal_of("a: 1\na: 2"), HasSubstr("line 2, column 1: a is written twice"));
    EXPECT_THAT(refusal_of("workspace_hosts: everywhere"), HasSubstr("line 1, column 18: workspace_hosts must be a list"));
    EXPECT_THAT(refusal_of("workspace_hosts: [{hostname: a}]\nconnection_pool: {max_connections_per_host: 0}"), HasSubstr("line 2, column 45: connection_pool."));
    EXPECT_THAT(refusal_of("workspace_hosts: [{hostname: a}]\nconnection_pool: {\"hosts[9]\": 0}"), HasSubstr("is not a known key"));
    for (auto text : {"", "# nothing", "workspace_hosts:", "workspace_hosts: []", "hosts: [{name: a}]", "[]", "text"})
        EXPECT_THAT(refusal_of(text), HasSubstr("names no hosts")) << text;
    EXPECT_THAT(refusal_of("\xff"), HasSubstr("is not UTF-8"));
    EXPECT_THAT(refusal_of("a: !!binary x"), HasSubstr("tags"));
}

TEST(SeedHosts, TheirNumberAndWhatIsToldOfThemAreBounded) {
    std::string many = "workspace_hosts: [&a {hostname: h}";
    for (std::size_t i = 0; i < limits::hosts; ++i) many += ",*a";
    EXPECT_THAT(refusal_of(many + "]"), HasSubstr("has more than 500 hosts"));
    std::string twice;
    for (int i = 0; i < 200; ++i) twice += "a: 1\n";
    EXPECT_EQ(read_seed_hosts(twice).error().fields().size(), 20U);
    std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
    for (char c = 'b'; c < 'k'; ++c) {
        bomb += std::string{c} + ": &" + c + " [*" + static_cast<char>(c - 1);
        for (int i = 1; i < 9; ++i) bomb += std::string{",*"} + static_cast<char>(c - 1);
        bomb += "]\n";
    }
    EXPECT_THAT(refusal_of(bomb), HasSubstr("more than 50000 values"));
}

} // namespace
} // namespace berth::config
