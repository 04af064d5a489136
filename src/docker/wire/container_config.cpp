// SPDX-License-Identifier: Apache-2.0
#include "docker/wire/container_config.hpp"

#include <boost/json.hpp>

namespace berth::docker {
namespace json = boost::json;
namespace {

json::array strings(const std::vector<std::string>& list) {
    json::array array;
    for (const auto& text : list)
        array.emplace_back(text);
    return array;
}

json::array env_list(const std::map<std::string, std::string>& env) {
    json::array array;
    for (const auto& [name, value] : env)
        array.emplace_back(name + "=" + value);
    return array;
}

json::object label_object(const std::map<std::string, std::string>& labels) {
    json::object object;
    for (const auto& [name, value] : labels)
        object[name] = value;
    return object;
}

std::string port_key(std::uint16_t port) {
    return std::to_string(port) + "/tcp";
}

json::object log_config(const LogLimits& logs) {
    json::object config;
    if (logs.driver.empty()) return config;
    json::object options;
    options["max-size"] = logs.max_size;
    options["max-file"] = logs.max_files;
    config["Type"] = logs.driver;
    config["Config"] = std::move(options);
    return config;
}

json::object port_bindings(const ContainerConfig& config) {
    json::object bindings;
    for (auto port : config.ports) {
        json::object binding;
        binding["HostIp"] = config.publish_address;
        binding["HostPort"] = ""; // the engine's to choose, read back by inspect
        json::array list;
        list.push_back(std::move(binding));
        bindings[port_key(port)] = std::move(list);
    }
    return bindings;
}

// Named volumes only: a path of the host in a session would be a way out of it.
json::array mounts(const std::map<std::string, std::string>& volumes) {
    json::array list;
    for (const auto& [name, place] : volumes) {
        json::object mount;
        mount["Type"] = "volume";
        mount["Source"] = name;
        mount["Target"] = place;
        list.push_back(std::move(mount));
    }
    return list;
}

json::object limits_of(const ContainerConfig& config) {
    json::object host;
    if (config.memory_bytes > 0) {
        host["Memory"] = config.memory_bytes;
        host["MemorySwap"] = config.memory_bytes; // equal: no swap
    }
    if (config.nano_cpus > 0) host["NanoCpus"] = config.nano_cpus;
    if (config.pids > 0) host["PidsLimit"] = config.pids;
    if (config.shm_bytes > 0) host["ShmSize"] = config.shm_bytes;
    json::object no_core;
    no_core["Name"] = "core";
    no_core["Soft"] = 0;
    no_core["Hard"] = 0;
    json::array ulimits;
    ulimits.push_back(std::move(no_core));
    host["Ulimits"] = std::move(ulimits);
    return host;
}

json::object host_config(const ContainerConfig& config) {
    auto host = limits_of(config);
    json::array drop;
    drop.emplace_back("ALL");
    host["CapDrop"] = std::move(drop);
    host["CapAdd"] = strings(config.cap_add);
    host["Privileged"] = false;
    json::array security;
    if (!config.allow_new_privileges) security.emplace_back("no-new-privileges");
    host["SecurityOpt"] = std::move(security);
    json::object restart;
    restart["Name"] = "no"; // the reconciler restarts, so that generations stay true
    host["RestartPolicy"] = std::move(restart);
    host["AutoRemove"] = false; // would hide the exit code and the log
    host["Init"] = true;
    host["IpcMode"] = "private";
    host["NetworkMode"] = config.network;
    host["PortBindings"] = port_bindings(config);
    if (!config.volumes.empty()) host["Mounts"] = mounts(config.volumes);
    if (!config.logs.driver.empty()) host["LogConfig"] = log_config(config.logs);
    return host;
}

} // namespace

std::string encode_container_config(const ContainerConfig& config) {
    json::object body;
    body["Image"] = config.image;
    if (!config.entrypoint.empty()) body["Entrypoint"] = strings(config.entrypoint);
    if (!config.command.empty()) body["Cmd"] = strings(config.command);
    if (!config.user.empty()) body["User"] = config.user;
    body["Env"] = env_list(config.env);
    body["Labels"] = label_object(config.labels);
    json::object exposed;
    for (auto port : config.ports)
        exposed[port_key(port)] = json::object{};
    body["ExposedPorts"] = std::move(exposed);
    body["Tty"] = false;
    body["StopTimeout"] = config.stop_timeout_s;
    json::object healthcheck;
    json::array none;
    none.emplace_back("NONE");
    healthcheck["Test"] = std::move(none);
    body["Healthcheck"] = std::move(healthcheck);
    body["HostConfig"] = host_config(config);
    return json::serialize(body);
}

} // namespace berth::docker
