// SPDX-License-Identifier: Apache-2.0
// Hosts, the way to them, and what templates may ask of them.
#include "config/describe.hpp"
#include "config/load.hpp"
#include "config/rules.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace berth::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view cluster = R"(
state_dir: /var/lib/berth
ssh: {config_file: /etc/berth/ssh_config}
placement: {strategy: pack}
hosts:
- name: a
  endpoint: ssh://berth@a.example.org:2222/run/user/1000/docker.sock
  weight: 3
  capacity_sessions: 40
  memory: 96g
  cpus: 12.5
  creating_limit: 6
  labels: {gpu: "yes"}
  public_name: Rack A
  data_path: direct
  transport: openssh
  max_connections: 5
  drained: true
- {name: b, endpoint: "ssh://b"}
templates:
- name: kali
  image: example/kali
  pull: missing
  strategy: spread
  warm: {min: 2, max: 5, kind: running}
  volumes: {course-data: /data, tools: /opt/tools}
- {name: plain, image: i, warm: {min: 3}}
)";

TEST(ConfigHosts, EveryKeyOfAHostAndOfItsTemplatesIsRead) {
    auto loaded = load_text(cluster, "f.yaml");
    ASSERT_TRUE(loaded) << describe(loaded.error());
    const Config& config = loaded->config;
    const Host& a = config.hosts.at(0);
    EXPECT_EQ(a.endpoint, "ssh://berth@a.example.org:2222/run/user/1000/docker.sock");
    EXPECT_EQ(a.memory_bytes, 96LL << 30);
    EXPECT_EQ(a.nano_cpus, 12'500'000'000);
    EXPECT_EQ(a.creating_limit, 6);
    EXPECT_EQ(a.data_path, DataPath::direct);
    EXPECT_EQ(a.transport, SshTransport::openssh);
    EXPECT_EQ(a.max_connections, 5);
    EXPECT_TRUE(a.is_drained);
    const Host& b = config.hosts.at(1);
    EXPECT_EQ(b.creating_limit, 0) << "from the cores";
    EXPECT_EQ(b.data_path, DataPath::tunnel);
    EXPECT_EQ(b.transport, SshTransport::automatic);
    EXPECT_EQ(b.max_connections, 20);
    const Template& kali = config.templates.at(0);
    EXPECT_EQ(kali.pull, Pull::missing);
    EXPECT_EQ(kali.strategy, Strategy::spread);
    EXPECT_EQ(kali.warm.min, 2);
    EXPECT_EQ(kali.warm.max, 5);
    EXPECT_EQ(kali.warm.kind, WarmKind::running);
    EXPECT_EQ(kali.spec.volumes, (std::map<std::string, std::string>{{"course-data", "/data"}, {"tools", "/opt/tools"}}));
    const Template& plain = config.templates.at(1);
    EXPECT_EQ(plain.strategy, Strategy::pack) << "from placement";
    EXPECT_EQ(plain.pull, Pull::never);
    EXPECT_EQ(plain.warm.max, 3) << "never below min";
    EXPECT_EQ(plain.warm.kind, WarmKind::paused);
    EXPECT_EQ(config.ssh.config_file, "/etc/berth/ssh_config");
    EXPECT_EQ(config.ssh.known_hosts, "/var/lib/berth/ssh/known_hosts");
    EXPECT_EQ(config.ssh.identity, "/var/lib/berth/ssh/id_ed25519");
    EXPECT_THAT(loaded->warnings, ElementsAre(HasSubstr("host a: data_path direct")));
}

TEST(ConfigHosts, WhatIsShownLoadsToTheSame) {
    auto first = load_text(cluster, "f.yaml");
    ASSERT_TRUE(first) << describe(first.error());
    std::string shown = show_yaml(*first, Origins::hide);
    auto second = load_text(shown, "shown.yaml");
    ASSERT_TRUE(second) << describe(second.error()) << "\n" << shown;
    EXPECT_EQ(show_yaml(*second, Origins::hide), shown);
}

TEST(ConfigHosts, ATemplateWhoseLabelsNoHostHasIsWorthAWarning) {
    auto loaded = load_text("hosts: [{name: a, labels: {gpu: \"no\"}}]\ntemplates: [{name: t, image: i, host_labels: {gpu: \"yes\"}}]", "f.yaml");
    ASSERT_TRUE(loaded) << describe(loaded.error());
    EXPECT_THAT(loaded->warnings, ElementsAre("template t: no host has all of its host_labels"));
}

struct Bad {
    const char* text;
    const char* problem;
};
class ConfigHostsBad : public testing::TestWithParam<Bad> {};
TEST_P(ConfigHostsBad, IsRefusedWithItsPlace) {
    auto loaded = load_text(GetParam().text, "f.yaml");
    ASSERT_FALSE(loaded) << GetParam().text;
    EXPECT_THAT(loaded.error().operator_text(), testing::StartsWith(GetParam().problem));
    EXPECT_EQ(loaded.error().fields().size(), 1U) << loaded.error().operator_text();
}
INSTANTIATE_TEST_SUITE_P(Table, ConfigHostsBad, testing::Values(
    Bad{"hosts: [{name: a, creating_limit: 65}]", "f.yaml:1:35: hosts[0].creating_limit: must lie between 0 and 64"},
    Bad{"hosts: [{name: a, memory: 1m}]", "f.yaml:1:27: hosts[0].memory: must be 0 or lie between 64m"},
    Bad{"hosts: [{name: a, cpus: 0.001}]", "f.yaml:1:25: hosts[0].cpus: must be a number of CPUs"},
    Bad{"hosts: [{name: a, data_path: both}]", "f.yaml:1:30: hosts[0].data_path: must be one of tunnel, direct"},
    Bad{"hosts: [{name: a, endpoint: \"ssh://h\", transport: putty}]", "f.yaml:1:51: hosts[0].transport: must be one of automatic, libssh, openssh"},
    Bad{"hosts: [{name: a, transport: libssh}]", "f.yaml:1:9: hosts[0]: has a transport, but its endpoint is not ssh://"},
    Bad{"hosts: [{name: a, max_connections: 0}]", "f.yaml:1:36: hosts[0].max_connections: must lie between 1 and 100"},
    Bad{"placement: {strategy: random}", "f.yaml:1:23: placement.strategy: must be one of spread, pack"},
    Bad{"ssh: {password: x}", "f.yaml:1:7: ssh.password: is not a known key"},
    Bad{"templates: [{name: a, image: i, pull: always}]", "f.yaml:1:39: templates[0].pull: must be one of never, missing"},
    Bad{"templates: [{name: a, image: i, warm: {min: 3, max: 2}}]", "f.yaml:1:13: templates[0]: has a warm.max of 2 below its warm.min of 3"},
    Bad{"templates: [{name: a, image: i, warm: {kind: cold}}]", "f.yaml:1:46: templates[0].warm.kind: must be one of paused, running"},
    Bad{"templates: [{name: a, image: i, volumes: {\"../etc\": /x}}]", "f.yaml:1:43: templates[0].volumes.../etc: must be a volume's name"},
    Bad{"templates: [{name: a, image: i, volumes: {/etc: /x}}]", "f.yaml:1:43: templates[0].volumes./etc: must be a volume's name"},
    Bad{"templates: [{name: a, image: i, volumes: {data: data}}]", "f.yaml:1:49: templates[0].volumes.data: must be an absolute path"},
    Bad{"templates: [{name: a, image: i, volumes: {data: /a/../etc}}]", "f.yaml:1:49: templates[0].volumes.data: must be an absolute path"},
    Bad{"templates: [{name: a, image: i, volumes: {data: \"/a:rw\"}}]", "f.yaml:1:49: templates[0].volumes.data: must be an absolute path"},
    Bad{"templates: [{name: a, image: i, volumes: {data: /proc/sys}}]", "f.yaml:1:49: templates[0].volumes.data: lies in /proc/"},
    Bad{"templates: [{name: a, image: i, volumes: {data: /run/berth}}]", "f.yaml:1:49: templates[0].volumes.data: lies in /run/berth/"},
    Bad{"templates: [{name: a, image: i, volumes: {d1: /x, d2: /x}}]", "f.yaml:1:13: templates[0]: has two volumes at /x"}));

TEST(EngineEndpointRule, AcceptsWhatPeopleHave) {
    for (auto text : {"", "unix:///var/run/docker.sock", "unix:///run/user/1000/podman/podman.sock", "tcp://127.0.0.1:2375",
             "tcp://10.0.0.7:2376", "tcp://[fd00::7]:2376", "tcp://engine-1.lab.example.org:2376", "ssh://h", "ssh://h.example.org",
             "ssh://u@h", "ssh://u.name_x-1@h:22", "ssh://[::1]:2222", "ssh://u@10.0.0.7", "ssh://h/run/user/1000/docker.sock",
             "ssh://build_box", "ssh://h1", "ssh://4u.example.org", "ssh://127.0.0.1:2222"})
        EXPECT_EQ(engine_endpoint_rule(text), "") << text;
}

// T-16: nothing may become an option, a token of ssh_config or a word of a shell.
TEST(EngineEndpointRule, RefusesWhateverCouldBecomeMoreThanAName_T16) {
    constexpr std::array<std::string_view, 34> hostile{"-oProxyCommand=touch x", "-o", "--", "-", "-Fx", " x", "x y", "x\ty", "x\ny", "x\r",
        std::string_view{"x\0y", 3}, "%h", "%%", "x%n", "$(x)", "${x}", "`x`", "x;y", "x|y", "x&y", "x>y", "x<y", "x'y", "x\"y", "x\\y", "x*",
        "x?", "x#y", "x!y", "x{y}", "x,y", "x=y", "../x", "\xc3\xa4"};
    int refused = 0;
    for (auto bad : hostile) {
        for (const char* form : {"ssh://{}", "ssh://{}:22", "ssh://u@{}", "ssh://{}@h", "ssh://{}@h:22", "tcp://{}:2376"}) {
            std::string text = fmt::format(fmt::runtime(form), bad);
            EXPECT_NE(engine_endpoint_rule(text), "") << text;
            ++refused;
        }
    }
    EXPECT_GT(refused, 200);
    for (auto text : {"ssh://", "ssh://@h", "ssh://u@", "ssh://u:secret@h", "ssh://h:0", "ssh://h:65536", "ssh://h:22x", "ssh://h/%2e%2e", "ssh://h/a?b",
             "ssh://u@v@h", "ssh:h", "SSH://h", "http://h:1", "file:///x", "exec:x", "npipe:////./pipe/x", "fd://3", "unix://", "tcp://h", "tcp://"})
        EXPECT_NE(engine_endpoint_rule(text), "") << text;
    EXPECT_NE(engine_endpoint_rule("unix:///" + std::string(107, 'x')), "");
}

// T-26: an address of which every resolver thinks something else, and those that are no engine.
TEST(EngineEndpointRule, RefusesOddAndForbiddenAddresses_T26) {
    for (auto host : {"169.254.169.254", "169.254.0.1", "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "255.255.255.255", "2852039166", "0xA9FEA9FE",
             "0xa9.0xfe.0xa9.0xfe", "169.254.43518", "127.1", "0177.0.0.1", "127.0.0.0x1", "1", "10.0.0.256", "127.0.0.1.", "1.2.3.4.5",
             "[::]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::ffff:0.0.0.0]", "[fe80::1]", "[febf::1]", "[ff02::1]"}) {
        EXPECT_NE(engine_endpoint_rule(fmt::format("tcp://{}:80", host)), "") << host;
        EXPECT_NE(engine_endpoint_rule(fmt::format("ssh://{}", host)), "") << host;
        EXPECT_NE(engine_endpoint_rule(fmt::format("ssh://u@{}:22/run/docker.sock", host)), "") << host;
    }
}

} // namespace
} // namespace berth::config
