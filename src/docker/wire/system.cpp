// SPDX-License-Identifier: Apache-2.0
#include "docker/wire/system.hpp"

#include "docker/wire/json.hpp"

namespace berth::docker {

std::optional<TimePoint> parse_engine_time(std::string_view text) {
    auto fraction = text.find('.');
    if (fraction == std::string_view::npos) return parse_rfc3339(text);
    auto zone = text.find_first_of("Z+-", fraction);
    if (zone == std::string_view::npos) return std::nullopt;
    return parse_rfc3339(std::string{text.substr(0, fraction)} + std::string{text.substr(zone)});
}

Result<EngineInfo> decode_info(std::string_view body) {
    auto value = parse_object(body, "info");
    if (!value) return value.error();
    JsonView view{*value};
    EngineInfo info;
    info.id = view["ID"].text();
    info.name = view["Name"].text();
    info.server_version = view["ServerVersion"].text();
    info.operating_system = view["OperatingSystem"].text();
    info.kernel = view["KernelVersion"].text();
    info.architecture = view["Architecture"].text();
    info.storage_driver = view["Driver"].text();
    info.cgroup_version = view["CgroupVersion"].text();
    info.data_root = view["DockerRootDir"].text();
    info.system_time = view["SystemTime"].text();
    info.cpus = static_cast<int>(view["NCPU"].number());
    info.memory_bytes = view["MemTotal"].number();
    info.containers = static_cast<int>(view["Containers"].number());
    info.containers_running = static_cast<int>(view["ContainersRunning"].number());
    info.images = static_cast<int>(view["Images"].number());
    info.log_drivers = view["Plugins"]["Log"].texts();
    info.security_options = view["SecurityOptions"].texts();
    for (const auto& [name, runtime] : view["Runtimes"].members())
        info.runtimes.push_back(name);
    info.warnings = view["Warnings"].texts();
    info.has_live_restore = view["LiveRestoreEnabled"].flag();
    return info;
}

Result<EngineVersion> decode_version(std::string_view body) {
    auto value = parse_object(body, "version");
    if (!value) return value.error();
    JsonView view{*value};
    EngineVersion version;
    version.version = view["Version"].text();
    version.api_version = view["ApiVersion"].text();
    version.min_api_version = view["MinAPIVersion"].text();
    version.os = view["Os"].text();
    version.architecture = view["Arch"].text();
    for (const auto& part : view["Components"].items())
        if (auto name = part["Name"].text(); !name.empty()) version.components[name] = part["Version"].text();
    return version;
}

} // namespace berth::docker
