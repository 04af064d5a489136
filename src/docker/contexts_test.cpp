// SPDX-License-Identifier: Apache-2.0
#include "docker/contexts.hpp"
#include "docker/hash.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace berth::docker {
namespace {

using testing::HasSubstr;

class Contexts : public testing::Test {
protected:
    std::vector<FoundContext> find() {
        auto found = find_contexts(world());
        EXPECT_TRUE(found) << describe(found.error());
        return found ? *found : std::vector<FoundContext>{};
    }
    ContextWorld world() {
        ContextWorld world;
        world.home = "/home/ann";
        world.variable = [this](const std::string& name) -> std::optional<std::string> {
            auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional{found->second};
        };
        world.file = [this](const std::string& path) -> std::optional<std::string> {
            auto found = files.find(path);
            return found == files.end() ? std::nullopt : std::optional{found->second};
        };
        world.folders = [this](const std::string& path) {
            std::set<std::string> names;
            for (const auto& [file, content] : files)
                if (file.starts_with(path + "/")) names.insert(file.substr(path.size() + 1, file.find('/', path.size() + 1) - path.size() - 1));
            return std::vector<std::string>(names.begin(), names.end());
        };
        return world;
    }
    void add(const std::string& name, const std::string& docker, const std::string& folder = "/home/ann/.docker") {
        files[folder + "/contexts/meta/" + sha256_hex(name) + "/meta.json"] =
            R"({"Name":")" + name + R"(","Metadata":{"Description":"of )" + name + R"("},"Endpoints":{"docker":)" + docker + "}}";
    }
    void add_certificates(const std::string& name, std::initializer_list<const char*> leaves) {
        for (const char* leaf : leaves) files[tls_of(name) + "/" + leaf] = "pem";
    }
    static std::string tls_of(const std::string& name) { return "/home/ann/.docker/contexts/tls/" + sha256_hex(name) + "/docker"; }
    // The one besides `default`.
    FoundContext only() {
        auto all = find();
        EXPECT_EQ(all.size(), 2U);
        for (auto& one : all)
            if (one.name != "default") return one;
        return {};
    }

    std::map<std::string, std::string> variables, files;
};

TEST_F(Contexts, WithoutAnyThereIsTheDefaultSocket) {
    auto all = find();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].name, "default");
    EXPECT_EQ(all[0].endpoint, "unix:///var/run/docker.sock");
    EXPECT_TRUE(all[0].is_current);
    EXPECT_EQ(all[0].problem, "");
}

TEST_F(Contexts, AreFoundByNameWithAddressAndDescription) {
    add("rack", R"({"Host":"ssh://ops@rack.example.org:2222"})");
    add("Lab+1", R"({"Host":"unix:///lab.sock"})");
    files["/home/ann/.docker/config.json"] = R"({"currentContext":"rack"})";
    auto all = find();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].name, "Lab+1");
    EXPECT_EQ(all[0].host_name, "lab-1");
    EXPECT_EQ(all[1].name, "default");
    EXPECT_FALSE(all[1].is_current);
    EXPECT_EQ(all[2].name, "rack");
    EXPECT_EQ(all[2].endpoint, "ssh://ops@rack.example.org:2222");
    EXPECT_EQ(all[2].description, "of rack");
    EXPECT_TRUE(all[2].is_current);
    EXPECT_THAT(all[2].origin, HasSubstr("/home/ann/.docker/contexts/meta/"));
}

TEST_F(Contexts, TheCurrentOneFollowsTheOrderOfTheDockerCommand) {
    add("a", R"({"Host":"unix:///a.sock"})");
    files["/home/ann/.docker/config.json"] = R"({"currentContext":"default"})";
    EXPECT_FALSE(only().is_current);
    variables["DOCKER_CONTEXT"] = "a";
    EXPECT_TRUE(only().is_current);
    variables["DOCKER_HOST"] = "unix:///env.sock";
    auto all = find();
    EXPECT_FALSE(all[0].is_current);
    EXPECT_TRUE(all[1].is_current);
    EXPECT_EQ(all[1].endpoint, "unix:///env.sock");
    EXPECT_EQ(all[1].origin, "DOCKER_HOST");
}

TEST_F(Contexts, AnotherFolderCanBeNamed) {
    variables["DOCKER_CONFIG"] = "/etc/dk";
    add("mine", R"({"Host":"unix:///a"})");
    add("theirs", R"({"Host":"unix:///b"})", "/etc/dk");
    EXPECT_EQ(only().name, "theirs");
}

TEST_F(Contexts, CertificatesComeAlong) {
    add("tls", R"({"Host":"tcp://10.0.0.7:2376"})");
    EXPECT_EQ(only().tls_directory, "") << "a plain one, as it says";
    EXPECT_EQ(only().problem, "");
    add_certificates("tls", {"ca.pem", "cert.pem", "key.pem"});
    EXPECT_EQ(only().tls_directory, tls_of("tls"));
    EXPECT_EQ(only().problem, "");
}

TEST_F(Contexts, NothingBecomesLessSafeByTheImport) {
    add("half", R"({"Host":"tcp://10.0.0.7:2376"})");
    add_certificates("half", {"ca.pem"});
    EXPECT_THAT(only().problem, HasSubstr("does not have all of"));
    add("half", R"({"Host":"tcp://10.0.0.7:2376","SkipTLSVerify":true})");
    EXPECT_THAT(only().problem, HasSubstr("SkipTLSVerify"));
    files.clear();
    add("web", R"({"Host":"https://10.0.0.7:2376"})");
    EXPECT_THAT(only().problem, HasSubstr("no certificates"));
    files.clear();
    variables = {{"DOCKER_HOST", "tcp://10.0.0.7:2376"}, {"DOCKER_TLS_VERIFY", "1"}};
    EXPECT_THAT(find().at(0).problem, HasSubstr("no certificates"));
}

TEST_F(Contexts, BrokenOnesAreListedWithTheirProblem) {
    add("pipe", R"({"Host":"npipe:////./pipe/docker_engine"})");
    EXPECT_THAT(only().problem, HasSubstr("Windows"));
    add("pipe", R"({"Host":"ssh://-oProxyCommand=x"})");
    EXPECT_THAT(only().problem, HasSubstr("host name is not valid"));
    add("pipe", "7");
    EXPECT_THAT(only().problem, HasSubstr("no Docker endpoint"));
    files.clear();
    files["/home/ann/.docker/contexts/meta/abc/meta.json"] = "{";
    EXPECT_THAT(only().problem, HasSubstr("not JSON"));
    files["/home/ann/.docker/contexts/meta/abc/meta.json"] = std::string(70'000, ' ') + "{}";
    EXPECT_THAT(only().problem, HasSubstr("cannot be read"));
    files["/home/ann/.docker/contexts/meta/abc/meta.json"] = R"({"Name":"lab","Endpoints":{"docker":{"Host":"unix:///x"}}})";
    EXPECT_THAT(only().problem, HasSubstr("does not belong to its folder"));
    EXPECT_EQ(only().endpoint, "");
    files.clear();
    files["/home/ann/.docker/config.json"] = "{";
    EXPECT_FALSE(find_contexts(world()));
}

TEST_F(Contexts, NamesAndTextsOfOthersCarryNoControlCharacters) {
    files["/home/ann/.docker/contexts/meta/" + sha256_hex("a\x1b[31m") + "/meta.json"] =
        "{\"Name\":\"a\\u001b[31m\",\"Metadata\":{\"Description\":\"x\\u0007\"},\"Endpoints\":{\"docker\":{\"Host\":\"unix:///x\"}}}";
    auto found = only();
    EXPECT_EQ(found.name.find('\x1b'), std::string::npos);
    EXPECT_EQ(found.description.find('\x07'), std::string::npos);
    EXPECT_EQ(found.host_name, "a--31m");
}

} // namespace
} // namespace berth::docker
