// SPDX-License-Identifier: Apache-2.0
#include "ssh/client_config.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace berth::ssh {
namespace {

struct World {
    std::map<std::string, std::string> variables;
    std::set<std::string> files;
    std::map<std::string, std::string> heads;

    LocalWorld view() const {
        LocalWorld world;
        world.home = "/home/ann";
        world.user = "ann";
        world.variable = [this](const std::string& name) -> std::optional<std::string> {
            auto found = variables.find(name);
            if (found == variables.end()) return std::nullopt;
            return found->second;
        };
        world.has_file = [this](const std::string& path) { return files.contains(path); };
        world.head = [this](const std::string& path) {
            auto found = heads.find(path);
            return found == heads.end() ? std::string{} : found->second;
        };
        return world;
    }
};

Address address(std::string host, std::string user = {}, std::uint16_t port = 0) {
    Address one;
    one.host = std::move(host);
    one.user = std::move(user);
    one.port = port;
    return one;
}

Target parse(std::string_view text, const World& world = {}) {
    return parse_client_config(text, address("rack"), world.view());
}

TEST(ClientConfig, OnlyPlainNamesAreAddresses) {
    for (const char* host : {"rack-1", "RACK.example.org", "10.0.0.7", "fe80::1%eth0", "a_b"})
        EXPECT_TRUE(check_address(address(host))) << host;
    for (const char* host :
         {"", "-oProxyCommand=x", "a b", "a;b", "$(x)", "a/b", "a\nb", "a%h", "ü"})
        EXPECT_FALSE(check_address(address(host))) << host;
    EXPECT_FALSE(check_address(address(std::string(254, 'a'))));
    EXPECT_TRUE(check_address(address("h", "berth-1")));
    for (const char* user : {"-l", "a b", "a@b", "$(x)", "%r"})
        EXPECT_FALSE(check_address(address("h", user))) << user;
    EXPECT_FALSE(check_address(address("h", std::string(65, 'u'))));
}

TEST(ClientConfig, WhatTheAddressSaysWins) {
    World world;
    const std::string_view text = "user root\nhostname 10.0.0.7\nport 2200\n";
    auto given = parse_client_config(text, address("rack", "berth", 2222), world.view());
    EXPECT_EQ(given.host, "10.0.0.7");
    EXPECT_EQ(given.user, "berth");
    EXPECT_EQ(given.port, 2222);
    EXPECT_EQ(given.key_name, "[10.0.0.7]:2222");
    auto left_open = parse_client_config(text, address("rack"), world.view());
    EXPECT_EQ(left_open.user, "root");
    EXPECT_EQ(left_open.port, 2200);
}

TEST(ClientConfig, BadLinesLeaveTheDefaults) {
    for (const char* text :
         {"",
          "\n\n\n",
          "hostname",
          "port x\n",
          "port 99999\n",
          "port 0\n",
          "port -1",
          "garbage of all kinds"}) {
        auto target = parse(text);
        EXPECT_EQ(target.host, "rack") << text;
        EXPECT_EQ(target.port, 22) << text;
        EXPECT_EQ(target.needs_openssh, "") << text;
    }
}

TEST(ClientConfig, AnAliasIsTheNameOfTheKey) {
    EXPECT_EQ(parse("hostname 10.0.0.7\nport 2200\n").key_name, "[10.0.0.7]:2200");
    EXPECT_EQ(parse("hostname 10.0.0.7\nport 2200\nhostkeyalias Rack-One\n").key_name, "rack-one");
}

TEST(ClientConfig, OnlyKeysThatAreThereAreTried) {
    World world;
    world.files = {"/home/ann/.ssh/id_ed25519", "/keys/ann@10.0.0.7:22"};
    auto target = parse(
        "hostname 10.0.0.7\nidentityfile ~/.ssh/id_rsa\nidentityfile "
        "~/.ssh/id_ed25519\nidentityfile /keys/%u@%h:%p\n",
        world
    );
    EXPECT_EQ(
        target.identity_files,
        (std::vector<std::string>{"/home/ann/.ssh/id_ed25519", "/keys/ann@10.0.0.7:22"})
    );
    EXPECT_EQ(target.needs_openssh, "");
}

TEST(ClientConfig, TheAgentIsFoundAsSshFindsIt) {
    World world;
    world.variables = {{"SSH_AUTH_SOCK", "/run/agent"}, {"OTHER", "/run/other"}};
    const std::map<std::string, std::string> rows{
        {"", "/run/agent"},
        {"identityagent SSH_AUTH_SOCK\n", "/run/agent"},
        {"identityagent none\n", ""},
        {"identityagent $OTHER\n", "/run/other"},
        {"identityagent ${OTHER}\n", "/run/other"},
        {"identityagent $NOBODY\n", ""},
        {"identityagent ~/agent.sock\n", "/home/ann/agent.sock"},
        {"identityagent /run/%u.sock\n", "/run/ann.sock"},
        {"identityagent /run/%Z.sock\n", ""},
    };
    for (const auto& [text, socket] : rows)
        EXPECT_EQ(parse(text, world).agent_socket, socket) << text;
    EXPECT_EQ(parse("").agent_socket, "");
}

TEST(ClientConfig, WhatLibsshLacksIsNamed) {
    struct Row {
        const char* text;
        const char* needs;
        bool is_proxy;
    };
    World world;
    world.variables = {{"SSH_AUTH_SOCK", "/run/agent"}};
    world.files = {"/k", "/c", "/c-cert.pub", "/sk", "/locked", "/rsa", "/rsa-locked", "/public"};
    const std::string openssh = "-----BEGIN OPENSSH PRIVATE KEY-----\n", rsa = "-----BEGIN RSA PRIVATE KEY-----\n";
    world.heads = {
        {"/sk.pub", "sk-ssh-ed25519@openssh.com AAAA"},
        {"/k.pub", "ssh-ed25519 AAAA"},
        {"/k", openssh + "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\nQy"},
        {"/locked", openssh + "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABDe8f\nxx"},
        {"/rsa", rsa + "MIIEowIBAAKCAQEA"},
        {"/rsa-locked", rsa + "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n"},
        {"/public", "ssh-ed25519 AAAA"}};
    const char* only_agent = "IdentitiesOnly with keys that only the agent has";
    const std::vector<Row> rows{
        {"proxyjump bastion\n", "ProxyJump bastion", true},
        {"proxycommand nc %h %p\n", "ProxyCommand nc %h %p", true},
        {"proxycommand none\nproxyjump none\n", "", false},
        {"certificatefile /c\n", "CertificateFile /c", false},
        {"pkcs11provider /usr/lib/p11.so\n", "PKCS11Provider /usr/lib/p11.so", false},
        {"identityfile /c\n", "the certificate /c-cert.pub", false},
        {"identityfile /sk\n", "the hardware key /sk", false},
        {"identityfile /k\n", "", false},
        {"identityfile /%Z\n", "IdentityFile /%Z", false},
        {"revokedhostkeys /etc/ssh/revoked\n", "RevokedHostKeys /etc/ssh/revoked", false},
        {"revokedhostkeys none\n", "", false},
        {"identitiesonly yes\n", only_agent, false},
        {"identitiesonly yes\nidentityfile /k\nidentityfile /rsa\n", "", false},
        {"identitiesonly yes\nidentityfile /locked\n", only_agent, false},
        {"identitiesonly yes\nidentityfile /rsa-locked\n", only_agent, false},
        {"identitiesonly yes\nidentityfile /k\nidentityfile /public\n", only_agent, false},
        {"identityfile /locked\n", "", false},
    };
    for (const auto& row : rows) {
        auto target = parse(row.text, world);
        EXPECT_EQ(target.needs_openssh, row.needs) << row.text;
        EXPECT_EQ(target.is_behind_proxy, row.is_proxy) << row.text;
    }
    EXPECT_EQ(parse("identitiesonly yes\nidentityfile /k\n", world).agent_socket, "")
        << "libssh would offer all of its keys";
}

TEST(ClientConfig, KnownHostsFilesAreThoseOfUserAndSystem) {
    auto target = parse(
        "userknownhostsfile ~/.ssh/known_hosts  /k/%u\nglobalknownhostsfile /etc/ssh/known none\n"
    );
    EXPECT_EQ(
        target.known_hosts,
        (std::vector<std::string>{"/home/ann/.ssh/known_hosts", "/k/ann", "/etc/ssh/known"})
    );
}

TEST(ClientConfig, WithoutAnSshProgramItsDefaultsHold) {
    World world;
    world.files = {"/home/ann/.ssh/id_ed25519"};
    auto target = default_target(address("Rack"), world.view());
    EXPECT_EQ(target.user, "ann");
    EXPECT_EQ(target.port, 22);
    EXPECT_EQ(target.key_name, "rack");
    EXPECT_EQ(target.identity_files, std::vector<std::string>{"/home/ann/.ssh/id_ed25519"});
    EXPECT_EQ(target.known_hosts.size(), 4U);
}

TEST(ClientConfig, TheTransportFollowsFromWhatIsNeeded) {
    Target plain, certificate, proxied;
    certificate.needs_openssh = "CertificateFile /c";
    proxied.needs_openssh = "ProxyJump bastion";
    proxied.is_behind_proxy = true;
    auto chosen = [](Transport wanted, const Target& target) {
        auto result = transport_for(wanted, target);
        return result ? *result : Transport::automatic; // which is never chosen
    };
    EXPECT_EQ(chosen(Transport::automatic, plain), Transport::libssh);
    EXPECT_EQ(chosen(Transport::automatic, certificate), Transport::openssh);
    EXPECT_EQ(chosen(Transport::automatic, proxied), Transport::openssh);
    EXPECT_EQ(chosen(Transport::libssh, plain), Transport::libssh);
    EXPECT_EQ(chosen(Transport::libssh, certificate), Transport::libssh)
        << "it gets there, with less";
    EXPECT_EQ(chosen(Transport::openssh, plain), Transport::openssh);
    auto refused = transport_for(Transport::libssh, proxied);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::invalid_input);
    EXPECT_NE(refused.error().operator_text().find("ProxyJump bastion"), std::string::npos);
}

} // namespace
} // namespace berth::ssh
