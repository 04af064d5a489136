// SPDX-License-Identifier: Apache-2.0
#include "ssh/client_config.hpp"

#include "base/log.hpp"
#include "net/deadline.hpp"
#include "ssh/child_process.hpp"
#include "ssh/known_hosts.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fcntl.h>
#include <map>
#include <pwd.h>
#include <unistd.h>

namespace berth::ssh {
namespace {

constexpr std::array default_identities{".ssh/id_rsa", ".ssh/id_ecdsa", ".ssh/id_ed25519"};
constexpr std::array default_known_hosts{".ssh/known_hosts", ".ssh/known_hosts2"};
constexpr std::array system_known_hosts{"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"};

bool is_name(std::string_view text, std::string_view more) {
    constexpr std::string_view common =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return std::ranges::all_of(text, [&](char c) {
        return common.find(c) != std::string_view::npos || more.find(c) != std::string_view::npos;
    });
}

// Several lines of one key, each with its value.
using Settings = std::multimap<std::string, std::string, std::less<>>;

Settings settings_of(std::string_view text) {
    Settings settings;
    while (!text.empty()) {
        auto end = text.find('\n');
        auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        auto space = line.find(' ');
        if (space == std::string_view::npos) continue;
        settings.emplace(line.substr(0, space), line.substr(space + 1));
    }
    return settings;
}

std::string first(const Settings& settings, std::string_view key) {
    auto found = settings.find(key);
    return found == settings.end() ? std::string{} : found->second;
}

bool is_given(const Settings& settings, std::string_view key) {
    auto value = first(settings, key);
    return !value.empty() && value != "none";
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        auto end = text.find(' ');
        if (end != 0) words.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return words;
}

// "~/x" and the tokens of ssh_config(5) that name something we know; nothing when there are others.
std::optional<std::string>
expand(std::string text, const Target& target, const LocalWorld& world) {
    if (text.starts_with("~/")) text = world.home + text.substr(1);
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%' || i + 1 == text.size()) {
            result += text[i];
            continue;
        }
        switch (text[++i]) {
        case '%': result += '%'; break;
        case 'd': result += world.home; break;
        case 'u': result += world.user; break;
        case 'h': result += target.host; break;
        case 'r': result += target.user; break;
        case 'p': result += std::to_string(target.port); break;
        default: return std::nullopt;
        }
    }
    return result;
}

std::string agent_of(const std::string& wanted, const Target& target, const LocalWorld& world) {
    if (wanted == "none") return {};
    if (wanted.empty() || wanted == "SSH_AUTH_SOCK") return world.variable("SSH_AUTH_SOCK").value_or("");
    if (wanted.starts_with('$')) {
        auto name = wanted.substr(1);
        if (name.starts_with('{') && name.ends_with('}')) name = name.substr(1, name.size() - 2);
        return world.variable(name).value_or("");
    }
    return expand(wanted, target, world).value_or("");
}

void add_identities(Target& target, const Settings& settings, const LocalWorld& world) {
    auto [begin, end] = settings.equal_range("identityfile");
    for (auto one = begin; one != end; ++one) {
        auto path = expand(one->second, target, world);
        if (!path) {
            target.needs_openssh = "IdentityFile " + log_safe(one->second);
            continue;
        }
        if (world.has_file(*path + "-cert.pub")) target.needs_openssh = "the certificate " + *path + "-cert.pub";
        if (!world.has_file(*path)) continue;
        // Keys on a hardware token: libssh cannot ask it.
        if (world.head(*path + ".pub").starts_with("sk-")) target.needs_openssh = "the hardware key " + *path;
        target.identity_files.push_back(*path);
    }
}

void add_known_hosts(Target& target, const Settings& settings, const LocalWorld& world) {
    for (const auto* key : {"userknownhostsfile", "globalknownhostsfile"}) {
        for (const auto& word : words_of(first(settings, key))) {
            auto path = expand(word, target, world);
            if (path && *path != "none") target.known_hosts.push_back(*path);
        }
    }
}

// Whether the file alone is enough to sign in: a private key without a passphrase.
bool is_open_key(std::string_view head) {
    constexpr std::string_view openssh = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
    // "openssh-key-v1", then the names of its cipher and key derivation: both "none" (PROTOCOL.key).
    constexpr std::string_view open = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ";
    if (head.starts_with(openssh)) return head.substr(openssh.size()).starts_with(open);
    return head.starts_with("-----BEGIN ") && head.find("ENCRYPTED") == std::string_view::npos;
}

void note_what_libssh_lacks(Target& target, const Settings& settings, const LocalWorld& world) {
    constexpr std::array<std::pair<const char*, const char*>, 5> lacking{{
        {"certificatefile", "CertificateFile"},
        {"pkcs11provider", "PKCS11Provider"},
        {"proxycommand", "ProxyCommand"},
        {"proxyjump", "ProxyJump"},
        {"revokedhostkeys", "RevokedHostKeys"},
    }};
    target.is_behind_proxy = is_given(settings, "proxyjump") || is_given(settings, "proxycommand");
    for (const auto& [key, name] : lacking)
        if (is_given(settings, key)) target.needs_openssh = std::string{name} + " " + log_safe(first(settings, key), 120);
    // libssh offers whatever the agent has.
    bool is_restricted = first(settings, "identitiesonly") == "yes" && !target.agent_socket.empty();
    auto is_enough = [&](const std::string& file) { return is_open_key(world.head(file)); };
    if (is_restricted && (target.identity_files.empty() || !std::ranges::all_of(target.identity_files, is_enough)))
        target.needs_openssh = "IdentitiesOnly with keys that only the agent has";
    if (is_restricted) target.agent_socket.clear();
}

std::uint16_t port_of(std::string_view text) {
    std::uint16_t port = 0;
    std::from_chars(text.data(), text.data() + text.size(), port);
    return port == 0 ? std::uint16_t{22} : port;
}

std::string head_of(const std::string& path) {
    int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return {};
    std::array<char, 256> text{};
    auto n = ::read(file, text.data(), text.size());
    ::close(file);
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0))};
}

} // namespace

Status check_address(const Address& address) {
    bool is_v6 = address.host.find(':') != std::string::npos;
    bool is_good = !address.host.empty() && address.host.size() <= 253 && !address.host.starts_with('-') &&
                   is_name(address.host, is_v6 ? ":%" : "");
    if (!is_good) return Error{Errc::invalid_input, "ssh: the host name is not valid"};
    if (address.user.size() > 64 || address.user.starts_with('-') || !is_name(address.user, ""))
        return Error{Errc::invalid_input, "ssh: the user name is not valid"};
    return {};
}

LocalWorld local_world() {
    LocalWorld world;
    passwd entry{}, *found = nullptr;
    std::vector<char> space(16 * 1024);
    if (::getpwuid_r(::geteuid(), &entry, space.data(), space.size(), &found) == 0 && found) {
        world.home = found->pw_dir;
        world.user = found->pw_name;
    }
    world.variable = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (!value) return std::nullopt;
        return std::string{value};
    };
    world.has_file = [](const std::string& path) { return ::access(path.c_str(), F_OK) == 0; };
    world.head = head_of;
    return world;
}

Target parse_client_config(std::string_view text, const Address& address, const LocalWorld& world) {
    auto settings = settings_of(text);
    Target target;
    target.host = first(settings, "hostname");
    if (target.host.empty()) target.host = address.host;
    target.port = address.port != 0 ? address.port : port_of(first(settings, "port"));
    target.user = address.user.empty() ? first(settings, "user") : address.user;
    auto alias = first(settings, "hostkeyalias");
    target.key_name = alias.empty() ? key_name(target.host, target.port) : key_name(alias, 22);
    target.agent_socket = agent_of(first(settings, "identityagent"), target, world);
    add_identities(target, settings, world);
    add_known_hosts(target, settings, world);
    note_what_libssh_lacks(target, settings, world);
    return target;
}

Target default_target(const Address& address, const LocalWorld& world) {
    Target target;
    target.host = address.host;
    target.port = address.port == 0 ? std::uint16_t{22} : address.port;
    target.user = address.user.empty() ? world.user : address.user;
    target.key_name = key_name(target.host, target.port);
    target.agent_socket = world.variable("SSH_AUTH_SOCK").value_or("");
    for (const auto* one : default_identities) {
        auto path = world.home + "/" + one;
        if (world.has_file(path)) target.identity_files.push_back(std::move(path));
    }
    for (const auto* one : default_known_hosts) target.known_hosts.push_back(world.home + "/" + one);
    for (const auto* one : system_known_hosts) target.known_hosts.emplace_back(one);
    return target;
}

namespace {

net::Task<Result<Target>> ask_ssh(Address address, std::string file, Deadline deadline) {
    if (auto status = check_address(address); !status) co_return status.error();
    ChildProcess::Order order;
    order.arguments = {"ssh", "-G"};
    auto add = [&](std::initializer_list<std::string> words) {
        order.arguments.insert(order.arguments.end(), words);
    };
    if (!file.empty()) add({"-F", file});
    if (!address.user.empty()) add({"-l", address.user});
    if (address.port != 0) add({"-p", std::to_string(address.port)});
    add({"--", address.host});
    order.most_output = limits::ssh_config_output;
    auto executor = co_await boost::asio::this_coro::executor;
    auto child = ChildProcess::start(executor, std::move(order));
    if (!child && child.error().code() == Errc::not_found) co_return default_target(address, local_world());
    if (!child) co_return child.error();
    auto status = co_await (*child)->wait(deadline);
    if (!status) co_return Error{Errc::timed_out, "ssh -G does not end (a Match exec, perhaps)"};
    if (*status != 0)
        co_return Error{Errc::invalid_input, "ssh -G: " + log_safe((*child)->error_text(), 400)};
    co_return parse_client_config((*child)->output(), address, local_world());
}

} // namespace

net::Task<Result<Target>> effective_target(LinkConfig link, Deadline deadline) {
    auto target = co_await ask_ssh(link.address, link.config_file, deadline);
    if (target && ::access(link.identity.c_str(), R_OK) == 0)
        target->identity_files.insert(target->identity_files.begin(), link.identity);
    co_return target;
}

Result<Transport> transport_for(Transport wanted, const Target& target) {
    if (wanted == Transport::libssh && target.is_behind_proxy)
        return Error{
            Errc::invalid_input, "transport: libssh cannot do " + target.needs_openssh + "; take openssh or automatic"};
    if (wanted == Transport::automatic && !target.needs_openssh.empty()) return Transport::openssh;
    return wanted == Transport::openssh ? Transport::openssh : Transport::libssh;
}

} // namespace berth::ssh
