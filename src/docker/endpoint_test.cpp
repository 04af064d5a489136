// SPDX-License-Identifier: Apache-2.0
#include "docker/endpoint.hpp"
#include "docker/hash.hpp"

#include <gtest/gtest.h>

#include <map>

namespace berth::docker {
namespace {

struct Case {
    const char* text;
    const char* back; // nullptr: refused
};

TEST(Endpoint, ParsesWhatTheDockerCommandAccepts) {
    for (auto [text, back] : std::initializer_list<Case>{
             {"unix:///var/run/docker.sock", "unix:///var/run/docker.sock"},
             {"tcp://10.0.0.7", "tcp://10.0.0.7:2375"},
             {"tcp://10.0.0.7:2376/", "tcp://10.0.0.7:2376"},
             {"http://engine.lab:80", "tcp://engine.lab:80"},
             {"https://engine.lab", "tcp://engine.lab:2376"},
             {"tcp://[fd00::1]:99", "tcp://[fd00::1]:99"},
             {"ssh://host", "ssh://host"},
             {"ssh://me@host:2222/run/user/1/docker.sock",
              "ssh://me@host:2222/run/user/1/docker.sock"},
             {"ssh://host/", "ssh://host"},
             {"", nullptr},
             {"/var/run/docker.sock", nullptr},
             {"unix://", nullptr},
             {"unix://relative", nullptr},
             {"npipe:////./pipe/docker_engine", nullptr},
             {"fd://3", nullptr},
             {"tcp://", nullptr},
             {"tcp://host:0", nullptr},
             {"tcp://host:65536", nullptr},
             {"tcp://host:12x", nullptr},
             {"tcp://host/path", nullptr},
             {"tcp://[::1", nullptr},
             {"tcp://[::1]x", nullptr},
             {"tcp://a b", nullptr},
             {"tcp://host\r\nX: y", nullptr},
             {"ssh://-oProxyCommand=evil", nullptr},
             {"ssh://-user@host", nullptr},
             {"ssh://me:secret@host", nullptr},
             {"ftp://host", nullptr}}) {
        auto endpoint = parse_endpoint(text);
        if (!back) {
            ASSERT_FALSE(endpoint) << text;
            EXPECT_EQ(endpoint.error().code(), Errc::invalid_input) << text;
            continue;
        }
        ASSERT_TRUE(endpoint) << text << ": " << describe(endpoint.error());
        EXPECT_EQ(describe(*endpoint), back);
    }
}

TEST(Endpoint, NeverRepeatsAPasswordInAnError) {
    auto endpoint = parse_endpoint("ssh://me:hunter2@host");
    ASSERT_FALSE(endpoint);
    EXPECT_EQ(describe(endpoint.error()).find("hunter2"), std::string::npos);
}

TEST(Endpoint, RefusesASocketPathThatDoesNotFit) {
    EXPECT_TRUE(parse_endpoint("unix:///" + std::string(106, 'a')));
    EXPECT_FALSE(parse_endpoint("unix:///" + std::string(107, 'a')));
}

class EndpointResolution : public testing::Test {
protected:
    Result<Endpoint> resolve(std::string_view wanted = {}) {
        EndpointWorld world;
        world.home = "/home/ann";
        world.variable = [this](const std::string& name) -> std::optional<std::string> {
            auto found = variables.find(name);
            if (found == variables.end()) return std::nullopt;
            return found->second;
        };
        world.file = [this](const std::string& path) -> std::optional<std::string> {
            auto found = files.find(path);
            if (found == files.end()) return std::nullopt;
            return found->second;
        };
        return resolve_endpoint(world, wanted);
    }
    void add_context(const std::string& name, const std::string& meta) {
        files["/home/ann/.docker/contexts/meta/" + sha256_hex(name) + "/meta.json"] = meta;
    }

    std::map<std::string, std::string> variables, files;
};

TEST_F(EndpointResolution, EndsAtTheDefaultSocket) {
    auto endpoint = resolve();
    ASSERT_TRUE(endpoint);
    EXPECT_EQ(describe(*endpoint), "unix:///var/run/docker.sock");
    EXPECT_EQ(endpoint->origin, "default socket");
}

TEST_F(EndpointResolution, GoesByTheOrderOfTheDockerCommand) {
    add_context("lab", R"({"Name":"lab","Endpoints":{"docker":{"Host":"unix:///lab.sock"}}})");
    add_context("other", R"({"Endpoints":{"docker":{"Host":"unix:///other.sock"}}})");
    files["/home/ann/.docker/config.json"] = R"({"auths":{},"currentContext":"lab"})";
    EXPECT_EQ(resolve()->path, "/lab.sock");
    variables["DOCKER_CONTEXT"] = "other";
    EXPECT_EQ(resolve()->path, "/other.sock");
    EXPECT_EQ(resolve()->origin, "context other");
    variables["DOCKER_HOST"] = "unix:///env.sock";
    EXPECT_EQ(resolve()->path, "/env.sock");
    EXPECT_EQ(resolve("unix:///given.sock")->path, "/given.sock");
}

TEST_F(EndpointResolution, TakesTheNameDefaultForTheDefaultSocket) {
    files["/home/ann/.docker/config.json"] = R"({"currentContext":"lab"})";
    variables["DOCKER_CONTEXT"] = "default";
    EXPECT_EQ(resolve()->path, "/var/run/docker.sock");
}

TEST_F(EndpointResolution, NeverFallsBackFromABrokenContext) {
    variables["DOCKER_CONTEXT"] = "gone";
    EXPECT_FALSE(resolve());
    add_context("gone", "{");
    EXPECT_FALSE(resolve());
    add_context("gone", R"({"Endpoints":{"kubernetes":{}}})");
    EXPECT_FALSE(resolve());
    variables.clear();
    files["/home/ann/.docker/config.json"] = "{";
    EXPECT_FALSE(resolve());
}

TEST_F(EndpointResolution, TakesTlsFromTheEnvironment) {
    variables["DOCKER_HOST"] = "tcp://10.0.0.7:2376";
    EXPECT_FALSE(resolve()->tls);
    variables["DOCKER_TLS_VERIFY"] = "1";
    auto endpoint = resolve();
    ASSERT_TRUE(endpoint->tls);
    EXPECT_EQ(endpoint->tls->ca, "/home/ann/.docker/ca.pem");
    EXPECT_TRUE(endpoint->tls->verify);
    variables["DOCKER_CERT_PATH"] = "/certs";
    EXPECT_EQ(resolve()->tls->key, "/certs/key.pem");
}

TEST_F(EndpointResolution, TakesTlsFromTheContext) {
    add_context(
        "lab", R"({"Endpoints":{"docker":{"Host":"tcp://10.0.0.7:2376","SkipTLSVerify":true}}})"
    );
    auto ca = "/home/ann/.docker/contexts/tls/" + sha256_hex("lab") + "/docker/ca.pem";
    files[ca] = "pem";
    variables["DOCKER_CONTEXT"] = "lab";
    auto endpoint = resolve();
    ASSERT_TRUE(endpoint->tls);
    EXPECT_EQ(endpoint->tls->ca, ca);
    EXPECT_TRUE(endpoint->tls->key.empty());
    EXPECT_FALSE(endpoint->tls->verify);
}

TEST_F(EndpointResolution, HonoursTheConfigurationFolder) {
    variables["DOCKER_CONFIG"] = "/etc/dk";
    files["/etc/dk/config.json"] = R"({"currentContext":"x"})";
    files["/etc/dk/contexts/meta/" + sha256_hex("x") + "/meta.json"] =
        R"({"Endpoints":{"docker":{"Host":"unix:///x.sock"}}})";
    EXPECT_EQ(resolve()->path, "/x.sock");
}

TEST(Endpoint, ATlsFolderIsForTcpOnly) {
    auto with = [](const char* url, const char* folder) {
        auto endpoint = *parse_endpoint(url);
        use_tls_directory(endpoint, folder);
        return endpoint.tls;
    };
    auto tls = with("tcp://10.0.0.7:2376", "/etc/tls");
    ASSERT_TRUE(tls);
    EXPECT_EQ(tls->ca, "/etc/tls/ca.pem");
    EXPECT_EQ(tls->cert, "/etc/tls/cert.pem");
    EXPECT_EQ(tls->key, "/etc/tls/key.pem");
    EXPECT_TRUE(tls->verify);
    EXPECT_FALSE(with("tcp://10.0.0.7:2376", ""));
    EXPECT_FALSE(with("unix:///x.sock", "/etc/tls"));
    EXPECT_FALSE(with("ssh://rack-1", "/etc/tls"));
}

TEST(Hash, IsSha256) {
    EXPECT_EQ(
        sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

} // namespace
} // namespace berth::docker
