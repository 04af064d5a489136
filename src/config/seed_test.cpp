// SPDX-License-Identifier: Apache-2.0
#include "config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::config {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

// The plugin's documented example, unchanged.
constexpr std::string_view documented_example = R"(workspace_hosts:
  - hostname: host1.internal
    user: docker_user
    pub_hostname: host1.external.com

docker_image: ctfd-remote-desktop:latest

container_defaults:
  memory_limit: 4g
  shm_size: 2gb
  resolution: 1920x1080
  cpu_limit: 2

session_defaults:
  initial_duration: 3600
  extension_duration: 1200
  max_extensions: 3
)";

TEST(SeedHostsFile, TheDocumentedExampleLoadsAsItIs_A15) {
    auto loaded = load_text(documented_example, "hosts.yml");
    ASSERT_TRUE(loaded) << describe(loaded.error());
    const Config& config = loaded->config;
    ASSERT_EQ(config.hosts.size(), 1U);
    EXPECT_EQ(config.hosts[0].name.str(), "host1.internal");
    EXPECT_EQ(config.hosts[0].endpoint, "ssh://docker_user@host1.internal");
    EXPECT_EQ(config.hosts[0].public_name, "host1.external.com");
    ASSERT_EQ(config.templates.size(), 1U);
    const Template& desktop = config.templates[0];
    EXPECT_EQ(desktop.name.str(), "desktop");
    EXPECT_EQ(desktop.spec.image, "ctfd-remote-desktop:latest");
    EXPECT_EQ(desktop.spec.memory_bytes, 4LL << 30);
    EXPECT_EQ(desktop.spec.shm_bytes, 2LL << 30);
    EXPECT_EQ(desktop.spec.nano_cpus, 2'000'000'000);
    EXPECT_EQ(desktop.spec.pids, 4096) << "not in the file, from our defaults";
    EXPECT_EQ(desktop.spec.secret_delivery, session::SecretDelivery::env);
    EXPECT_EQ(desktop.spec.secret_target, "VNC_PASSWORD");
    EXPECT_EQ(desktop.resolutions, std::vector<std::string>{"1920x1080"});
    EXPECT_EQ(desktop.resolution_env, "RESOLUTION");
    EXPECT_EQ(desktop.spec.endpoints.at(0), (session::Endpoint{"desktop", session::Protocol::rfb, 5900}));
    EXPECT_EQ(desktop.lease.initial, 3600s);
    EXPECT_EQ(desktop.lease.extension, 1200s);
    EXPECT_EQ(desktop.lease.max_extensions, 3);
    EXPECT_THAT(loaded->warnings, testing::ElementsAre(
        HasSubstr("hosts.yml: this is the form of the CTFd remote desktop plugin")));
    EXPECT_EQ(config.hosts[0].max_connections, 20);
}

TEST(SeedHostsFile, TheSectionsThatOnlyTheCodeKnowsAreAccepted) {
    auto loaded = load_text(std::string{documented_example} + R"(timeouts:
  vnc_ready_attempts: 180
  http_request: 3
  docker_command: 30
  docker_quick: 10
  cleanup_interval: 300
connection_pool: {max_connections_per_host: 7}
)", "hosts.yml");
    ASSERT_TRUE(loaded) << describe(loaded.error());
    EXPECT_EQ(loaded->config.hosts.at(0).max_connections, 7);
    EXPECT_EQ(loaded->origins.at("hosts[0].max_connections"), "hosts.yml:24:45");
    EXPECT_EQ(loaded->config.templates.at(0).lease.start_limit, 90s);
}

TEST(SeedHostsFile, WithoutHostsItIsTheLocalEngine_A15) {
    for (auto text : {"docker_image: x:1\n", "workspace_hosts: []\n", "workspace_hosts:\n"}) {
        auto loaded = load_text(text, "hosts.yml");
        ASSERT_TRUE(loaded) << describe(loaded.error());
        EXPECT_EQ(loaded->config.hosts.at(0).name.str(), "local") << text;
    }
}

TEST(SeedHostsFile, OnlyOneForeignSectionIsEnough) {
    auto loaded = load_text("container_defaults: {memory_limit: 1g, shm_size: 64m}\n", "hosts.yml");
    ASSERT_TRUE(loaded) << describe(loaded.error());
    EXPECT_EQ(loaded->config.templates.at(0).spec.memory_bytes, 1LL << 30);
    EXPECT_EQ(loaded->config.templates.at(0).spec.image, "berth/desktop:latest");
    EXPECT_EQ(loaded->config.templates.at(0).spec.secret_delivery, session::SecretDelivery::file);
}

struct Bad {
    const char* text;
    const char* problem;
};
class SeedBad : public testing::TestWithParam<Bad> {};
TEST_P(SeedBad, IsRefusedWithItsPlace) {
    auto loaded = load_text(GetParam().text, "hosts.yml");
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().operator_text(), testing::StartsWith(GetParam().problem));
}
INSTANTIATE_TEST_SUITE_P(Table, SeedBad, testing::Values(
    Bad{"workspace_hosts:\n- user: u", "hosts.yml:2:3: workspace_hosts[0].hostname: is missing"},
    Bad{"workspace_hosts:\n- hostname: h\n  usr: u", "hosts.yml:3:3: workspace_hosts[0].usr: is not a known key; user perhaps?"},
    Bad{"workspace_hosts:\n- hostname: h\n  user: -oProxyCommand=x", "hosts.yml:2:"},
    Bad{"workspace_hosts:\n- hostname: \"h; rm -rf /\"", "hosts.yml:2:13: hosts[0].name"},
    Bad{"workspace_hosts: text", "hosts.yml:1:18: workspace_hosts: must be a list"},
    Bad{"docker_image: [a]", "hosts.yml:1:15: templates[0].image: must be one value"},
    Bad{"docker_image: a\ncontainer_defaults: {memory_limit: abc}", "hosts.yml:2:36: container_defaults.memory: must be a size"},
    Bad{"docker_image: a\ncontainer_defaults: {memory_limt: 4g}", "hosts.yml:2:22: container_defaults.memory_limt: is not a known key"},
    Bad{"docker_image: a\ncontainer_defaults: {resolution: big}", "hosts.yml:2:34: templates[0].resolutions[0]: must be WIDTHxHEIGHT"},
    Bad{"docker_image: a\nsession_defaults: {initial_duration: -1}", "hosts.yml:2:38: session_defaults.initial: must be a duration"},
    Bad{"timeouts: {vnc_ready_attempts: abc}", "hosts.yml:1:32: timeouts.vnc_ready_attempts: must be a whole number"},
    Bad{"workspace_hosts: [{hostname: h}, {hostname: i}]\nconnection_pool: {max_connections_per_host: 0}",
        "hosts.yml:2:45: connection_pool.max_connections_per_host: must be a whole number between 1 and 100"},
    Bad{"connection_pool: {max: 1}", "hosts.yml:1:19: connection_pool.max: is not a known key"}));

} // namespace
} // namespace berth::config
