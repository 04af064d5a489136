// SPDX-License-Identifier: Apache-2.0
#include "docker/order.hpp"

#include "base/limits.hpp"
#include "base/log.hpp"
#include "docker/image_description.hpp"
#include "docker/labels.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace berth::docker {
namespace {

// A container with one of these is the host.
constexpr std::array<std::string_view, 10> forbidden_capabilities{
    "ALL",
    "SYS_ADMIN",
    "SYS_PTRACE",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_BOOT",
    "BPF",
    "PERFMON",
    "DAC_READ_SEARCH",
    "NET_ADMIN"};

std::string_view
find_label(const std::map<std::string, std::string>& labels, std::string_view name) {
    auto found = labels.find(std::string{name});
    return found == labels.end() ? std::string_view{} : std::string_view{found->second};
}

Error refuse(std::string text) {
    return Error{Errc::invalid_input, std::move(text)};
}

Status check_capability(std::string_view name) {
    auto plain = name.starts_with("CAP_") ? name.substr(4) : name;
    bool is_word = !plain.empty() && plain.size() <= 32 && std::ranges::all_of(plain, [](char c) {
        return (c >= 'A' && c <= 'Z') || c == '_';
    });
    if (!is_word) return refuse("capability \"" + log_safe(name, 40) + "\" is not valid");
    if (std::ranges::find(forbidden_capabilities, plain) != forbidden_capabilities.end())
        return refuse("capability " + std::string{plain} + " is never given to a session");
    return {};
}

// [A-Za-z0-9][A-Za-z0-9_.-]{1,127}, as the engine has it: nothing that could be a path.
bool is_volume_name(std::string_view name) {
    auto is_alnum = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    if (name.size() < 2 || name.size() > 128 || !is_alnum(name.front())) return false;
    return std::ranges::all_of(name, [&](char c) {
        return is_alnum(c) || c == '_' || c == '.' || c == '-';
    });
}

Status check_volumes(const std::map<std::string, std::string>& volumes) {
    for (const auto& [name, place] : volumes) {
        if (!is_volume_name(name))
            return refuse("volume \"" + log_safe(name, 80) + "\" is not a valid name");
        if (!is_plain_path(place))
            return refuse("volume " + name + ": \"" + log_safe(place, 80) + "\" is not a valid place");
    }
    return {};
}

Status check_secret(const broker::ContainerOrder& order) {
    const auto& spec = order.spec;
    if (spec.secret_target.empty()) return {};
    if (order.rfb_secret.empty()) return refuse("there is no secret to deliver");
    if (spec.secret_uid < 0) return refuse("secret_uid is negative");
    bool is_file = spec.secret_delivery == session::SecretDelivery::file;
    bool is_good =
        is_file ? is_plain_path(spec.secret_target) : is_variable_name(spec.secret_target);
    if (!is_good)
        return refuse(
            "the secret's target \"" + log_safe(spec.secret_target, 80) + "\" is not valid"
        );
    return {};
}

} // namespace

std::optional<Identity>
identity_from(const std::map<std::string, std::string>& labels, std::string_view deployment) {
    if (find_label(labels, labels::deployment) != deployment) return std::nullopt;
    auto session = parse_session_id(find_label(labels, labels::session));
    auto text = find_label(labels, labels::generation);
    Identity identity;
    auto [end, failure] =
        std::from_chars(text.data(), text.data() + text.size(), identity.generation);
    if (!session || failure != std::errc{} || end != text.data() + text.size() ||
        identity.generation < 1)
        return std::nullopt;
    identity.session = std::move(*session);
    return identity;
}

std::map<std::string, std::string> labels_for(
    const broker::ContainerOrder& order, std::string_view deployment, std::string_view version
) {
    std::map<std::string, std::string> map;
    auto set = [&](std::string_view name, std::string value) {
        map[std::string{name}] = std::move(value);
    };
    set(labels::deployment, std::string{deployment});
    set(labels::session, order.session.str());
    set(labels::generation, std::to_string(order.generation));
    set(labels::owner, order.owner.realm + "/" + order.owner.subject + "/" + order.owner.slot);
    set(labels::template_name, order.template_name.str());
    set(labels::version, std::string{version});
    return map;
}

Status check_order(const broker::ContainerOrder& order) {
    if (!parse_session_id(order.session.str()) || order.generation < 1)
        return refuse("no valid session id");
    for (const auto& [name, value] : order.spec.env) {
        if (!is_variable_name(name))
            return refuse("variable \"" + log_safe(name, 80) + "\" is not valid");
        if (value.find('\0') != std::string::npos)
            return refuse("variable " + name + ": no zero bytes");
    }
    for (const auto& endpoint : order.spec.endpoints) {
        if (endpoint.port == 0)
            return refuse("endpoint " + log_safe(endpoint.name) + " has no port");
    }
    for (const auto& capability : order.spec.cap_add) {
        if (auto status = check_capability(capability); !status) return status;
    }
    if (auto status = check_volumes(order.spec.volumes); !status) return status;
    return check_secret(order);
}

ContainerConfig container_config_for(const broker::ContainerOrder& order) {
    const auto& spec = order.spec;
    ContainerConfig config;
    config.image = spec.image;
    config.env = spec.env;
    bool is_by_variable =
        !spec.secret_target.empty() && spec.secret_delivery == session::SecretDelivery::env;
    if (is_by_variable) config.env[spec.secret_target] = std::string{order.rfb_secret.reveal()};
    std::set<std::uint16_t> ports;
    for (const auto& endpoint : spec.endpoints)
        ports.insert(endpoint.port);
    config.ports.assign(ports.begin(), ports.end());
    config.volumes = spec.volumes;
    config.cap_add = spec.cap_add;
    config.allow_new_privileges = spec.allow_new_privileges;
    config.memory_bytes = spec.memory_bytes;
    config.nano_cpus = spec.nano_cpus;
    config.pids = spec.pids;
    config.shm_bytes = spec.shm_bytes;
    config.stop_timeout_s = static_cast<int>(limits::stop_grace.count());
    return config;
}

std::string choose_log_driver(const std::vector<std::string>& available) {
    for (const char* driver : {"local", "json-file"}) {
        if (std::ranges::find(available, driver) != available.end()) return driver;
    }
    return {};
}

} // namespace berth::docker
