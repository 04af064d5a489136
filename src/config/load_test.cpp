// SPDX-License-Identifier: Apache-2.0
#include "config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace berth::config {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

// The problems of a bad text, one per line; empty when it was accepted.
std::string problems_of(std::string_view text) {
    auto loaded = load_text(text, "f.yaml");
    return loaded ? std::string{} : loaded.error().operator_text();
}

class Folder {
public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "berth-config-XXXXXX").string();
        path_ = mkdtemp(name.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { fs::remove_all(path_); }
    std::string write(const std::string& name, std::string_view text) const {
        fs::path file = path_ / name;
        fs::create_directories(file.parent_path());
        std::ofstream{file} << text;
        fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
        return file.string();
    }

private:
    fs::path path_;
};

LoadOptions nothing_given() {
    LoadOptions options;
    options.candidates.clear();
    return options;
}

TEST(ConfigLoad, WithoutAnyFileThereIsTheLocalEngineAndTheDesktop) {
    auto loaded = load(nothing_given());
    ASSERT_TRUE(loaded) << describe(loaded.error());
    const Config& config = loaded->config;
    ASSERT_EQ(config.hosts.size(), 1U);
    EXPECT_EQ(config.hosts[0].name.str(), "local");
    EXPECT_EQ(config.hosts[0].endpoint, "");
    ASSERT_EQ(config.templates.size(), 1U);
    EXPECT_EQ(config.templates[0].name.str(), "desktop");
    EXPECT_EQ(config.templates[0].spec.image, "berth/desktop:latest");
    EXPECT_EQ(config.templates[0].spec.memory_bytes, 4LL << 30);
    EXPECT_EQ(config.templates[0].spec.secret_target, ""); // the image says it
    EXPECT_EQ(config.server.listen, (std::vector<Listen>{{"127.0.0.1", 8080}}));
    EXPECT_TRUE(config.server.admin_socket.ends_with("/var/berth.sock"));
    EXPECT_TRUE(config.state_dir.starts_with('/'));
    EXPECT_TRUE(loaded->warnings.empty());
}

TEST(ConfigLoad, AnEmptyFileMeansTheDefaults) {
    for (auto text : {"", "\n", "# only a comment\n", "---\n", "{}", "server:\n"})
        EXPECT_EQ(problems_of(text), "") << text;
}

TEST(ConfigLoad, ReadsEveryKindOfValue) {
    auto loaded = load_text(R"(
state_dir: /var/lib/berth
server:
  listen: ["[::1]:9000", "*:80", localhost:0]
  public_url: https://desktops.example.org
  trusted_proxies: [127.0.0.1, 10.0.0.0/8, "fd00::/8"]
  insecure_http: yes
  drain: 1m30s
log: {level: debug, format: json}
quota: {max_sessions_per_user: 1}
container_defaults: {memory: 2GiB, cpus: 0.5, env: {LANG: C.UTF-8}}
session_defaults: {initial: 2h, idle: 30m}
hosts:
  - {name: a, endpoint: "unix:///var/run/docker.sock", weight: 3, labels: {gpu: "yes"}}
  - {name: b, endpoint: "ssh://berth@b.example.org:2222", capacity_sessions: 64}
templates:
  - name: kali
    title: Kali
    image: example/kali:2026
    endpoints: {desktop: "rfb:5900", web: "web:8080"}
    env: {A: "1"}
    secret: env:VNC_PASSWORD
    cap_add: [NET_RAW]
    network: own
    resolutions: [1280x720]
    lease: {max_extensions: -1, max_total: 8h}
    host_labels: {gpu: "yes"}
)", "f.yaml");
    ASSERT_TRUE(loaded) << describe(loaded.error());
    const Config& config = loaded->config;
    EXPECT_EQ(config.server.listen, (std::vector<Listen>{{"::1", 9000}, {"0.0.0.0", 80}, {"127.0.0.1", 0}}));
    EXPECT_TRUE(config.server.is_tls());
    EXPECT_EQ(config.server.drain, 90s);
    EXPECT_EQ(config.log.format, LogFormat::json);
    EXPECT_EQ(config.database.path, "/var/lib/berth/berth.db");
    ASSERT_EQ(config.hosts.size(), 2U);
    EXPECT_EQ(config.hosts[0].labels.at("gpu"), "yes");
    EXPECT_EQ(config.hosts[1].capacity_sessions, 64);
    ASSERT_EQ(config.templates.size(), 1U);
    const Template& kali = config.templates[0];
    EXPECT_EQ(kali.spec.memory_bytes, 2LL << 30) << "from container_defaults";
    EXPECT_EQ(kali.spec.nano_cpus, 500'000'000);
    EXPECT_EQ(kali.spec.env, (std::map<std::string, std::string>{{"A", "1"}, {"LANG", "C.UTF-8"}}));
    EXPECT_EQ(kali.spec.secret_delivery, session::SecretDelivery::env);
    EXPECT_EQ(kali.spec.network, session::NetworkMode::own);
    EXPECT_EQ(kali.lease.initial, 2h) << "from session_defaults";
    EXPECT_EQ(kali.lease.max_total, 8h);
    EXPECT_EQ(kali.lease.max_extensions, -1);
    EXPECT_EQ(kali.spec.endpoints[1], (session::Endpoint{"web", session::Protocol::web, 8080}));
    EXPECT_EQ(loaded->origins.at("templates[0].lease.max_total"), "f.yaml:26:44");
    EXPECT_TRUE(loaded->warnings.empty());
}

TEST(ConfigLoad, MetricsWithoutSignInAreForThisMachineUnlessAskedFor) {
    EXPECT_TRUE(load_text("", "f.yaml")->config.server.metrics_listen.empty());
    for (auto text : {"server: {metrics_listen: [\"127.0.0.1:9464\", \"[::1]:0\", \"127.9.9.9:1\", localhost:2]}",
                      "server: {metrics_listen: []}", "server: {metrics_socket: /run/berth/metrics.sock}",
                      "server: {metrics_listen: [\"192.0.2.1:9464\"], metrics_remote: yes}"})
        EXPECT_EQ(problems_of(text), "") << text;
    EXPECT_THAT(problems_of("server: {metrics_socket: /" + std::string(107, 'x') + "}"),
                HasSubstr("f.yaml:1:26: server.metrics_socket: is longer than 107"));
}

TEST(ConfigLoad, TheDefaultTemplateTakesTheDefaultsOfTheFile) {
    auto loaded = load_text("container_defaults: {memory: 1g}\nsession_defaults: {initial: 5m}", "f.yaml");
    ASSERT_TRUE(loaded) << describe(loaded.error());
    EXPECT_EQ(loaded->config.templates.at(0).spec.memory_bytes, 1LL << 30);
    EXPECT_EQ(loaded->config.templates.at(0).lease.initial, 5min);
}

struct Bad {
    const char* text;
    const char* problem; // the beginning of the one line
};
class ConfigBad : public testing::TestWithParam<Bad> {};

TEST_P(ConfigBad, IsRefusedWithItsPlace) {
    std::string problems = problems_of(GetParam().text);
    EXPECT_TRUE(problems.starts_with(GetParam().problem)) << "got: " << problems;
    EXPECT_EQ(problems.find('\n'), std::string::npos) << "one problem expected: " << problems;
}

INSTANTIATE_TEST_SUITE_P(Table, ConfigBad, testing::Values(
    // what YAML itself asks for
    Bad{"server: [", "f.yaml:1:"},
    Bad{"a: b: c", "f.yaml:1:5: "},
    Bad{"- a", "f.yaml:1:1: must consist of sections"},
    Bad{"just text", "f.yaml:1:1: must consist of sections"},
    Bad{"log: {level: info}\n---\nlog: {level: warn}", "f.yaml: holds more than one document"},
    Bad{"log:\n  level: info\n  level: warn", "f.yaml:3:3: level: is written twice, first at line 2"},
    Bad{"log: !!python/object {}", "f.yaml:1:6: tags are not understood"},
    Bad{"log: {level: !!binary aW5mbw==}", "f.yaml:1:14: tags are not understood"},
    Bad{"? [a]\n: b", "f.yaml:1:3: a key must be a word"},
    Bad{"log: \"\xff\"", "f.yaml: is not UTF-8"},
    Bad{"a: &a [*a]", "f.yaml:1:"},
    // keys
    Bad{"sever: {}", "f.yaml:1:1: sever: is not a known key; server perhaps?"},
    Bad{"server:\n  lisen: [\"127.0.0.1:80\"]", "f.yaml:2:3: server.lisen: is not a known key; listen perhaps?"},
    Bad{"server: {qqqqqqqqqq: 1}", "f.yaml:1:10: server.qqqqqqqqqq: is not a known key"},
    // shapes
    Bad{"server: 5", "f.yaml:1:9: server: must be a section, but is a single value"},
    Bad{"server: [a]", "f.yaml:1:9: server: must be a section, but is a list"},
    Bad{"log: {level: [info]}", "f.yaml:1:14: log.level: must be one value (text), but is a list"},
    Bad{"log: {level: }", "f.yaml:1:"},
    Bad{"server: {listen: 127.0.0.1:80}", "f.yaml:1:18: server.listen: must be a list, but is a single value"},
    Bad{"hosts: {a: b}", "f.yaml:1:8: hosts: must be a list, but is a section"},
    Bad{"hosts: []", "f.yaml:1:8: hosts: needs at least one element"},
    Bad{"server: {listen: []}", "f.yaml:1:18: server.listen: needs at least one"},
    // scalars
    Bad{"retention_days: many", "f.yaml:1:17: retention_days: must be a whole number"},
    Bad{"retention_days: 1.5", "f.yaml:1:17: retention_days: must be a whole number"},
    Bad{"retention_days: 99999999999999999999", "f.yaml:1:17: retention_days: must be a whole number"},
    Bad{"retention_days: -1", "f.yaml:1:17: retention_days: must lie between 0 and 3650"},
    Bad{"server: {insecure_http: maybe}", "f.yaml:1:25: server.insecure_http: must be true or false"},
    Bad{"server: {drain: 1h5x}", "f.yaml:1:17: server.drain: must be a duration"},
    Bad{"server: {drain: 5m1h}", "f.yaml:1:17: server.drain: must be a duration"},
    Bad{"server: {drain: -5}", "f.yaml:1:17: server.drain: must be a duration"},
    Bad{"server: {drain: 11m}", "f.yaml:1:17: server.drain: must lie between 0s and 10m"},
    Bad{"container_defaults: {memory: lots}", "f.yaml:1:30: container_defaults.memory: must be a size"},
    Bad{"container_defaults: {memory: 1k}", "f.yaml:1:30: container_defaults.memory: must be 0 or lie between 6m and 64t"},
    Bad{"container_defaults: {memory: 9999999999g}", "f.yaml:1:30: container_defaults.memory: must be a size"},
    Bad{"container_defaults: {memory: 256m}", "f.yaml:1:21: container_defaults: has more shared memory (512m) than memory (256m)"},
    Bad{"container_defaults: {cpus: two}", "f.yaml:1:28: container_defaults.cpus: must be a number of CPUs"},
    Bad{"container_defaults: {cap_add: [SYS_ADMIN]}", "f.yaml:1:32: container_defaults.cap_add[0]: is never given"},
    Bad{"container_defaults: {cap_add: [CAP_SYS_PTRACE]}", "f.yaml:1:32: container_defaults.cap_add[0]: is never given"},
    Bad{"container_defaults: {cap_add: [ALL]}", "f.yaml:1:32: container_defaults.cap_add[0]: is no capability"},
    Bad{"container_defaults: {cap_add: [NET_RAV]}", "f.yaml:1:32: container_defaults.cap_add[0]: is no capability of Linux; NET_RAW perhaps?"},
    Bad{"container_defaults: {cap_add: [CHOWN, CHOWN]}", "f.yaml:1:39: container_defaults.cap_add[1]: stands in the list twice"},
    Bad{"container_defaults: {env: {1A: x}}", "f.yaml:1:28: container_defaults.env.1A: must be a variable name"},
    Bad{"container_defaults: {env: {\"A=B\": x}}", "f.yaml:1:28: container_defaults.env.A=B: must be a variable name"},
    Bad{"container_defaults: {network: host}", "f.yaml:1:31: container_defaults.network: must be one of shared, own"},
    Bad{"container_defaults: {secret: \"file:/run/../etc/passwd\"}", "f.yaml:1:30: container_defaults.secret: must name a file"},
    Bad{"container_defaults: {secret: plain}", "f.yaml:1:30: container_defaults.secret: must be file:/PATH or env:NAME"},
    Bad{"container_defaults: {secret: \"env:A\", env: {A: b}}", "f.yaml:1:21: container_defaults: sets A in env"},
    Bad{"log: {level: loud}", "f.yaml:1:14: log.level: must be one of trace, debug"},
    Bad{"network: {pool_cidr: 10.231.0.1/16}", "f.yaml:1:22: network.pool_cidr: has bits set behind its prefix of 16"},
    Bad{"network: {pool_cidr: 10.231.0.0/33}", "f.yaml:1:22: network.pool_cidr: must have a prefix length of 0 to 32"},
    Bad{"network: {pool_cidr: 10.231.0.0/28}", "f.yaml:1:22: network.pool_cidr: must have a prefix length of 8 to 20"},
    Bad{"network: {pool_cidr: \"fd00::/16\"}", "f.yaml:1:22: network.pool_cidr: must be an IPv4 network"},
    Bad{"server: {trusted_proxies: [300.1.1.1]}", "f.yaml:1:28: server.trusted_proxies[0]: must be an address"},
    Bad{"server: {listen: [\"example.org:80\"]}", "f.yaml:1:"},
    Bad{"server: {metrics_listen: [\"0.0.0.0:9464\"]}", "f.yaml:1:26: server.metrics_listen: has an address that other machines reach"},
    Bad{"server: {metrics_listen: [\"127.0.0.1:1\", \"[::]:9464\"]}", "f.yaml:1:26: server.metrics_listen: has an address that other"},
    Bad{"server: {metrics_listen: [\"/run/x.sock\"]}", "f.yaml:1:27: server.metrics_listen: must be address:port"},
    Bad{"server: {connections_per_address: -1}", "f.yaml:1:35: server.connections_per_address: must lie between 0 and 100000"},
    Bad{"server: {public_url: \"https://a/b\"}", "f.yaml:1:22: server.public_url: must end with the host and port"},
    Bad{"server: {public_url: \"ftp://a\"}", "f.yaml:1:22: server.public_url: must begin with http"},
    Bad{"server: {public_url: \"https://a:443\"}", "f.yaml:1:22: server.public_url: must not name the default port"},
    Bad{"server: {apps_domain: Apps.Example}", "f.yaml:1:23: server.apps_domain: must be a host name"},
    Bad{"server: {public_url: \"https://d.org\", apps_domain: d.org}", "f.yaml:1:52: server.apps_domain: must not be the host"},
    Bad{"state_dir: \"\"", "f.yaml:1:12: state_dir: must be a path"},
    Bad{"auth: {admin_password: short}", "f.yaml:1:7: auth: has an admin_password that is not 8 to 256"},
    Bad{"auth: {admin_password: \"[set]\"}", "f.yaml:1:24: auth.admin_password: holds the mark that hides a secret"},
    Bad{"auth: {admin_password_file: /nowhere/at/all}", "f.yaml:1:29: auth.admin_password_file: cannot be read"},
    Bad{"auth: {login_idle: 8d, login_lifetime: 7d}", "f.yaml:1:7: auth: has a login_idle above"},
    Bad{"session_defaults: {initial: 2h, max_total: 1h}", "f.yaml:1:19: session_defaults: has an initial time of 2h above its max_total of 1h"},
    // hosts
    Bad{"hosts: [{endpoint: \"unix:///a\"}]", "f.yaml:1:9: hosts[0]: has no name"},
    Bad{"hosts: [{name: A}]", "f.yaml:1:16: hosts[0].name: must be 1 to 63"},
    Bad{"hosts: [{name: -x}]", "f.yaml:1:16: hosts[0].name: must be 1 to 63"},
    Bad{"hosts:\n- name: a\n- name: a\n  endpoint: unix:///b", "f.yaml:3:9: hosts[1].name: 'a' is the name of another one"},
    Bad{"hosts: [{name: a}, {name: b}]", "f.yaml:1:27: hosts[1].endpoint: is the endpoint of host a already"},
    Bad{"hosts: [{name: a, weight: 0}]", "f.yaml:1:27: hosts[0].weight: must lie between 1 and 1000"},
    Bad{"hosts: [{name: a, endpoint: \"npipe:////./pipe/docker\"}]", "f.yaml:1:29: hosts[0].endpoint: is a Windows pipe"},
    Bad{"hosts: [{name: a, endpoint: \"unix://relative\"}]", "f.yaml:1:29: hosts[0].endpoint: needs an absolute path"},
    Bad{"hosts: [{name: a, endpoint: \"tcp://h\"}]", "f.yaml:1:29: hosts[0].endpoint: must be tcp://host:port"},
    Bad{"hosts: [{name: a, endpoint: \"ssh://-oProxyCommand=x@h\"}]", "f.yaml:1:29: hosts[0].endpoint: has a user name"},
    Bad{"hosts: [{name: a, endpoint: \"ssh://u@-h\"}]", "f.yaml:1:29: hosts[0].endpoint: must be ssh://"},
    Bad{"hosts: [{name: a, endpoint: \"ssh://u@h;touch x\"}]", "f.yaml:1:29: hosts[0].endpoint: has spaces"},
    Bad{"hosts: [{name: a, endpoint: \"ssh://u@h$(x)\"}]", "f.yaml:1:29: hosts[0].endpoint: must be ssh://"},
    Bad{"hosts: [{name: a, endpoint: \"unix:///a\", tls_directory: /x}]", "f.yaml:1:9: hosts[0]: has a tls_directory"},
    Bad{"hosts: [{name: a, labels: {io.berth.x: y}}]", "f.yaml:1:28: hosts[0].labels.io.berth.x: begins with io.berth."},
    // templates
    Bad{"templates: [{name: a}]", "f.yaml:1:13: templates[0]: has no image"},
    Bad{"templates: [{image: a}]", "f.yaml:1:13: templates[0]: has no name"},
    Bad{"templates: [{name: ../x, image: a}]", "f.yaml:1:20: templates[0].name: must be 1 to 63"},
    Bad{"templates: [{name: a, image: \"a b\"}]", "f.yaml:1:30: templates[0].image: must be an image"},
    Bad{"templates: [{name: a, image: \"-v\"}]", "f.yaml:1:30: templates[0].image: must be an image"},
    Bad{"templates: [{name: a, image: a, resolutions: [1920*1080]}]", "f.yaml:1:47: templates[0].resolutions[0]: must be WIDTHxHEIGHT"},
    Bad{"templates: [{name: a, image: a, resolutions: [10x10]}]", "f.yaml:1:47: templates[0].resolutions[0]: must lie between"},
    Bad{"templates: [{name: a, image: a, endpoints: {d: \"rfb:0\"}}]", "f.yaml:1:48: templates[0].endpoints.d: must be rfb:PORT"},
    Bad{"templates: [{name: a, image: a, endpoints: {d: \"ssh:22\"}}]", "f.yaml:1:48: templates[0].endpoints.d: must be rfb:PORT or web:PORT"},
    Bad{"templates: [{name: a, image: a, endpoints: {D: \"rfb:1\"}}]", "f.yaml:1:45: templates[0].endpoints.D: must be 1 to 63"},
    Bad{"templates: [{name: a, image: a, endpoints: {d: \"rfb:1\", e: \"web:1\"}}]", "f.yaml:1:60: templates[0].endpoints.e: has a port that another"},
    Bad{"templates: [{name: a, image: a, title: \"a\\u0007\"}]", "f.yaml:1:40: templates[0].title: has control characters"},
    Bad{"templates: [{name: a, image: a, privileged: true}]", "f.yaml:1:33: templates[0].privileged: is not a known key"},
    Bad{"templates: [{name: a, image: a, lease: {inital: 1h}}]", "f.yaml:1:41: templates[0].lease.inital: is not a known key; initial perhaps?"}));

TEST(ConfigLoad, ReportsEveryProblemAtOnceInTheOrderOfTheFile) {
    auto loaded = load_text("log: {level: loud}\nserver:\n  drain: x\n  lisen: y\nretention_days: z\n", "f.yaml");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code(), Errc::invalid_input);
    EXPECT_EQ(loaded.error().fields().size(), 4U);
    std::string text = loaded.error().operator_text();
    EXPECT_EQ(std::ranges::count(text, '\n'), 3);
    EXPECT_LT(text.find("f.yaml:1:14: log.level"), text.find("f.yaml:3:10: server.drain"));
    EXPECT_LT(text.find("f.yaml:3:10: server.drain"), text.find("f.yaml:4:3: server.lisen"));
    EXPECT_LT(text.find("f.yaml:4:3: server.lisen"), text.find("f.yaml:5:17: retention_days"));
}

TEST(ConfigLoad, AliasesWorkAndBombsDoNot) {
    auto good = load_text("templates:\n- {name: a, image: i, env: &e {A: b}}\n- {name: b, image: i, env: *e}", "f.yaml");
    ASSERT_TRUE(good) << describe(good.error());
    EXPECT_EQ(good->config.templates.at(1).spec.env.at("A"), "b");
    std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
    for (char c = 'b'; c < 'k'; ++c) {
        bomb += std::string{c} + ": &" + c + " [";
        for (int i = 0; i < 9; ++i) bomb += std::string{i == 0 ? "" : ","} + "*" + static_cast<char>(c - 1);
        bomb += "]\n";
    }
    EXPECT_THAT(problems_of(bomb), HasSubstr("more than 50000 values"));
    std::string heavy = "a: &a " + std::string(30'000, 'x') + "\nb: [";
    for (int i = 0; i < 40; ++i) heavy += "*a,";
    EXPECT_THAT(problems_of(heavy + "]\n"), HasSubstr("aliases repeat more than 1 MiB"));
    EXPECT_THAT(problems_of(std::string(2000, '[')), HasSubstr("nested too deeply"));
    EXPECT_THAT(problems_of("a: " + std::string(1100 * 1024, 'x')), HasSubstr("larger than 1 MiB"));
}

TEST(ConfigLoad, AFileThatWasNamedMustExist) {
    LoadOptions options = nothing_given();
    options.file = "/nowhere/berth.yaml";
    auto loaded = load(options);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().operator_text(), "/nowhere/berth.yaml: cannot be read");
}

TEST(ConfigLoad, LaterSourcesWin) {
    Folder folder;
    LoadOptions options = nothing_given();
    options.file = folder.write("berth.yaml", "server: {drain: 1s, listen: [\"127.0.0.1:1\"]}\nlog: {level: warn}\nhosts: [{name: a}]\n");
    folder.write("conf.d/20.yaml", "server: {drain: 3s}\nhosts: [{name: b, endpoint: \"unix:///b\"}]\n");
    folder.write("conf.d/10.yml", "server: {drain: 2s}\nlog: {level: error}\n");
    folder.write("conf.d/ignored.txt", "nonsense");
    auto files = load(options);
    ASSERT_TRUE(files) << describe(files.error());
    EXPECT_EQ(files->config.server.drain, 3s);
    EXPECT_EQ(files->config.server.listen.at(0).port, 1) << "untouched by the later files";
    EXPECT_EQ(files->config.log.level, "error");
    EXPECT_EQ(files->config.hosts.size(), 2U) << "hosts of several files are put together";
    EXPECT_TRUE(files->origins.at("server.drain").ends_with("conf.d/20.yaml:1:17"));

    options.environment = {{"BERTH_SERVER__DRAIN", "4s"}, {"BERTH_SERVER__LISTEN", "127.0.0.1:7, [::1]:8"},
                           {"BERTH_HOSTS", "[{\"name\": \"c\", \"weight\": 2}]"}, {"UNRELATED", "x"}, {"BERTH_URL", "x"}};
    auto with_environment = load(options);
    ASSERT_TRUE(with_environment) << describe(with_environment.error());
    EXPECT_EQ(with_environment->config.server.drain, 4s);
    EXPECT_EQ(with_environment->config.server.listen, (std::vector<Listen>{{"127.0.0.1", 7}, {"::1", 8}}));
    ASSERT_EQ(with_environment->config.hosts.size(), 1U) << "a variable replaces the list";
    EXPECT_EQ(with_environment->config.hosts[0].weight, 2);
    EXPECT_EQ(with_environment->origins.at("server.drain"), "environment BERTH_SERVER__DRAIN");

    options.overrides = {"server.drain=5s"};
    auto with_options = load(options);
    ASSERT_TRUE(with_options) << describe(with_options.error());
    EXPECT_EQ(with_options->config.server.drain, 5s);
    EXPECT_EQ(with_options->origins.at("server.drain"), "option --set server.drain");
}

TEST(ConfigLoad, ANameInTwoFilesIsAProblemOfTheSecond) {
    Folder folder;
    LoadOptions options = nothing_given();
    options.file = folder.write("berth.yaml", "templates: [{name: a, image: i}]\n");
    std::string second = folder.write("conf.d/a.yaml", "templates: [{name: a, image: j}]\n");
    auto loaded = load(options);
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().operator_text(), testing::StartsWith(second + ":1:20: templates[1].name: 'a' is"));
}

TEST(ConfigLoad, BadVariablesAndOptionsAreNamedAndTheirValuesAreNot) {
    LoadOptions options = nothing_given();
    options.environment = {{"BERTH_SERVER__DRAIN", "canary1"}, {"BERTH_SERVER__DRIAN", "canary2"}, {"BERTH_ODD", "canary3"},
                           {"BERTH_HOSTS", "[{name: canary4"}, {"BERTH_AUTH__ADMIN_PASSWORD", "canary"}};
    options.overrides = {"nonsense-canary6", "log.level=canary7"};
    auto loaded = load(options);
    ASSERT_FALSE(loaded);
    std::string text = loaded.error().operator_text();
    EXPECT_THAT(text, HasSubstr("environment BERTH_SERVER__DRAIN: server.drain: must be a duration"));
    EXPECT_THAT(text, HasSubstr("environment BERTH_SERVER__DRIAN: server.drian: is not a known key; drain perhaps?"));
    EXPECT_THAT(text, HasSubstr("option --set: must be key=value"));
    EXPECT_THAT(text, HasSubstr("option --set log.level: log.level: must be one of"));
    EXPECT_THAT(text, HasSubstr("environment BERTH_AUTH__ADMIN_PASSWORD: auth: has an admin_password that is not 8 to 256"));
    EXPECT_EQ(text.find("canary"), std::string::npos) << text;
}

TEST(ConfigLoad, AnUnknownSingleWordVariableIsOnlyAWarning) {
    LoadOptions options = nothing_given();
    options.environment = {{"BERTH_ODD", "x"}};
    auto loaded = load(options);
    ASSERT_TRUE(loaded) << describe(loaded.error());
    EXPECT_THAT(loaded->warnings, testing::ElementsAre(HasSubstr("BERTH_ODD")));
}

TEST(ConfigLoad, TheFirstAdministratorsPasswordComesFromAFileOrAVariable) {
    Folder folder;
    std::string file = folder.write("password", "correct horse\n");
    auto from_file = load_text("auth: {admin_password_file: " + file + "}", "f.yaml");
    ASSERT_TRUE(from_file) << describe(from_file.error());
    EXPECT_TRUE(from_file->config.auth.admin_password.equals("correct horse"));
    LoadOptions options = nothing_given();
    options.environment = {{"BERTH_ADMIN_PASSWORD", "battery staple"}};
    auto from_variable = load(options);
    ASSERT_TRUE(from_variable) << describe(from_variable.error());
    EXPECT_TRUE(from_variable->config.auth.admin_password.equals("battery staple"));
    fs::permissions(file, fs::perms::others_read, fs::perm_options::add);
    EXPECT_THAT(problems_of("auth: {admin_password_file: " + file + "}"), HasSubstr("may be read by everybody"));
}

TEST(ConfigLoad, ALongStateFolderCannotHoldTheAdminSocket) {
    EXPECT_THAT(problems_of("state_dir: /" + std::string(200, 'x')), HasSubstr("configuration: server.admin_socket: is longer than 107"));
}

} // namespace
} // namespace berth::config
