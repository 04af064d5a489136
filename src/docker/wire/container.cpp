// SPDX-License-Identifier: Apache-2.0
#include "docker/wire/container.hpp"

#include "docker/wire/json.hpp"

#include <algorithm>
#include <charconv>

namespace berth::docker {
namespace {

std::uint16_t port_number(std::string_view text) {
    unsigned value = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size() || value > 65535) return 0;
    return static_cast<std::uint16_t>(value);
}

std::string without_slash(std::string name) {
    if (name.starts_with('/')) name.erase(0, 1);
    return name;
}

// Keys are "5900/tcp"; the value is null while the container does not run.
std::vector<PortBinding> decode_ports(JsonView ports) {
    std::vector<PortBinding> list;
    for (const auto& [key, bindings] : ports.members()) {
        auto slash = key.find('/');
        PortBinding binding;
        binding.container_port = port_number(std::string_view{key}.substr(0, slash));
        binding.protocol = slash == std::string::npos ? "tcp" : key.substr(slash + 1);
        if (binding.container_port == 0) continue;
        for (const auto& item : bindings.items()) {
            binding.host_ip = item["HostIp"].text();
            binding.host_port = port_number(item["HostPort"].text());
            if (binding.host_port != 0) list.push_back(binding);
        }
    }
    return list;
}

AppliedLimits decode_limits(JsonView host) {
    AppliedLimits limits;
    limits.cap_add = host["CapAdd"].texts();
    limits.cap_drop = host["CapDrop"].texts();
    limits.security_options = host["SecurityOpt"].texts();
    limits.is_privileged = host["Privileged"].flag();
    limits.has_init = host["Init"].flag();
    limits.memory_bytes = host["Memory"].number();
    limits.memory_swap_bytes = host["MemorySwap"].number();
    limits.nano_cpus = host["NanoCpus"].number();
    limits.pids = host["PidsLimit"].number();
    limits.shm_bytes = host["ShmSize"].number();
    limits.restart_policy = host["RestartPolicy"]["Name"].text();
    limits.log_driver = host["LogConfig"]["Type"].text();
    limits.network_mode = host["NetworkMode"].text();
    return limits;
}

} // namespace

ContainerStatus container_status_from(std::string_view word) noexcept {
    if (word == "created") return ContainerStatus::created;
    if (word == "running") return ContainerStatus::running;
    if (word == "paused") return ContainerStatus::paused;
    if (word == "restarting") return ContainerStatus::restarting;
    if (word == "removing") return ContainerStatus::removing;
    if (word == "exited") return ContainerStatus::exited;
    if (word == "dead") return ContainerStatus::dead;
    return ContainerStatus::unknown;
}

bool is_container_id(std::string_view text) noexcept {
    return text.size() >= 12 && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

Result<ContainerDetails> decode_container(std::string_view body) {
    auto value = parse_object(body, "container inspect");
    if (!value) return value.error();
    JsonView view{*value};
    ContainerDetails details;
    auto id = view["Id"].text();
    if (!is_container_id(id))
        return Error{Errc::protocol_violation, "container inspect: no valid id"};
    details.id = ContainerId{std::move(id)};
    details.name = without_slash(view["Name"].text());
    details.image = view["Config"]["Image"].text();
    details.labels = view["Config"]["Labels"].text_map();
    details.has_tty = view["Config"]["Tty"].flag();
    auto state = view["State"];
    details.status = container_status_from(state["Status"].text());
    details.is_oom_killed = state["OOMKilled"].flag();
    details.exit_code = static_cast<int>(state["ExitCode"].number());
    details.error = state["Error"].text();
    details.ports = decode_ports(view["NetworkSettings"]["Ports"]);
    for (const auto& [name, network] : view["NetworkSettings"]["Networks"].members())
        details.networks.push_back(name);
    details.applied = decode_limits(view["HostConfig"]);
    return details;
}

Result<std::vector<ContainerSummary>> decode_container_list(std::string_view body) {
    auto value = parse_array(body, "container list");
    if (!value) return value.error();
    std::vector<ContainerSummary> list;
    for (const auto& item : JsonView{*value}.items()) {
        auto id = item["Id"].text();
        if (!is_container_id(id)) continue;
        ContainerSummary summary;
        summary.id = ContainerId{std::move(id)};
        auto names = item["Names"].texts();
        if (!names.empty()) summary.name = without_slash(names.front());
        summary.image = item["Image"].text();
        summary.image_id = item["ImageID"].text();
        summary.labels = item["Labels"].text_map();
        summary.status = container_status_from(item["State"].text());
        list.push_back(std::move(summary));
    }
    return list;
}

Result<ContainerId> decode_container_created(std::string_view body) {
    auto value = parse_object(body, "container create");
    if (!value) return value.error();
    auto id = JsonView{*value}["Id"].text();
    if (!is_container_id(id))
        return Error{Errc::protocol_violation, "container create: no valid id"};
    return ContainerId{std::move(id)};
}

Result<ContainerExit> decode_container_exit(std::string_view body) {
    auto value = parse_object(body, "container wait");
    if (!value) return value.error();
    JsonView view{*value};
    ContainerExit exit;
    exit.exit_code = static_cast<int>(view["StatusCode"].number());
    exit.error = view["Error"]["Message"].text();
    return exit;
}

} // namespace berth::docker
