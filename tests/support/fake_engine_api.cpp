// SPDX-License-Identifier: Apache-2.0
// What the fake answers: the part of the Engine API that the client uses, with the engine's own
// statuses (seen at 20.10, API 1.41).
#include "docker/subnet.hpp"
#include "docker/wire/json.hpp"
#include "tests/support/fake_engine_state.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace berth::test {
namespace json = boost::json;
using docker::JsonView;
namespace {

constexpr std::int64_t least_memory = 6 << 20;

std::int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch()
    )
        .count();
}

json::object to_object(const std::map<std::string, std::string>& map) {
    json::object object;
    for (const auto& [key, value] : map)
        object[key] = value;
    return object;
}

json::value parse_or_null(const std::string& text) {
    boost::system::error_code failure;
    auto value = json::parse(text, failure);
    return failure ? json::value{} : value;
}

FakeReply reply_with(int status, const json::value& body) {
    return FakeReply{status, json::serialize(body)};
}

// "/containers/ID/verb" → ID and verb; verb is empty for "/containers/ID".
std::pair<std::string, std::string> split_path(const std::string& path, std::size_t prefix) {
    auto rest = path.substr(prefix);
    auto slash = rest.find('/');
    return {rest.substr(0, slash), slash == std::string::npos ? "" : rest.substr(slash + 1)};
}

json::object container_json(const FakeContainer& container) {
    json::object state, network_settings, ports, networks, body;
    state["Status"] = container.status;
    state["Running"] = container.is_alive();
    state["OOMKilled"] = container.is_oom_killed;
    state["ExitCode"] = container.exit_code;
    state["Error"] = "";
    for (auto [inside, outside] : container.host_ports) {
        json::object binding;
        binding["HostIp"] = "127.0.0.1";
        binding["HostPort"] = std::to_string(outside);
        ports[std::to_string(inside) + "/tcp"] = json::array{binding};
    }
    networks[container.network] = json::object{};
    network_settings["Ports"] = std::move(ports);
    network_settings["Networks"] = std::move(networks);
    body["Id"] = container.id;
    body["Name"] = "/" + container.name;
    body["State"] = std::move(state);
    body["Config"] = container.config;
    body["HostConfig"] = container.host_config;
    body["NetworkSettings"] = std::move(network_settings);
    return body;
}

void unpack(FakeContainer& container, const std::string& tar, const std::string& folder) {
    auto* reader = archive_read_new();
    archive_read_support_format_tar(reader);
    archive_entry* entry = nullptr;
    if (archive_read_open_memory(reader, tar.data(), tar.size()) == ARCHIVE_OK) {
        while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
            FakeFile file;
            file.mode = static_cast<unsigned>(archive_entry_perm(entry));
            file.uid = static_cast<unsigned>(archive_entry_uid(entry));
            file.content.resize(static_cast<std::size_t>(archive_entry_size(entry)));
            static_cast<void>(archive_read_data(reader, file.content.data(), file.content.size()));
            container.files[(folder == "/" ? "" : folder) + "/" + archive_entry_pathname(entry)] =
                std::move(file);
        }
    }
    archive_read_free(reader);
}

FakeReply logs_of(const FakeContainer& container, const std::string& tail) {
    std::vector<std::string> lines;
    for (std::string_view rest = container.output; !rest.empty();) {
        auto end = rest.find('\n');
        lines.emplace_back(rest.substr(0, end + 1));
        rest.remove_prefix(end + 1);
    }
    auto most = static_cast<std::size_t>(std::max(0, std::atoi(tail.c_str())));
    std::string body;
    for (auto i = lines.size() > most ? lines.size() - most : 0; i < lines.size(); ++i) {
        body.append("\1\0\0\0", 4);
        for (int shift : {24, 16, 8, 0})
            body += static_cast<char>((lines[i].size() >> shift) & 255);
        body += lines[i];
    }
    return FakeReply{200, body, "application/vnd.docker.raw-stream"};
}

} // namespace

FakeReply fake_error(int status, std::string_view message) {
    json::object body;
    body["message"] = json::string_view{message.data(), message.size()};
    return reply_with(status, body);
}

std::string FakeRequest::value(const std::string& name) const {
    auto found = query.find(name);
    return found == query.end() ? std::string{} : found->second;
}

bool FakeRequest::has_flag(const std::string& name) const {
    auto text = value(name);
    return text == "1" || text == "true";
}

std::vector<std::string> fake_filter(const FakeRequest& request, std::string_view name) {
    auto filters = parse_or_null(request.value("filters"));
    auto view = JsonView{filters}[name];
    auto list = view.texts();
    for (const auto& [key, value] : view.members())
        list.push_back(key);
    return list;
}

bool has_labels(
    const std::map<std::string, std::string>& labels, const std::vector<std::string>& wanted
) {
    return std::ranges::all_of(wanted, [&](const std::string& pair) {
        auto equals = pair.find('=');
        auto found = labels.find(pair.substr(0, equals));
        return found != labels.end() &&
               (equals == std::string::npos || found->second == pair.substr(equals + 1));
    });
}

std::string FakeEngine::State::make_id() {
    char text[65];
    std::snprintf(
        text,
        sizeof text,
        "%016llx",
        static_cast<unsigned long long>(next_number++ * 0x9e3779b97f4a7c15ULL)
    );
    std::string part{text};
    return part + part + part + part;
}

FakeContainer* FakeEngine::State::find_container(const std::string& reference) {
    for (auto& [id, container] : containers) {
        if (container.name == reference || (reference.size() >= 12 && id.starts_with(reference)))
            return &container;
    }
    return nullptr;
}

FakeNetwork* FakeEngine::State::find_network(const std::string& reference) {
    for (auto& [id, network] : networks) {
        if (network.name == reference || (reference.size() >= 12 && id.starts_with(reference)))
            return &network;
    }
    return nullptr;
}

void FakeEngine::State::emit(
    const FakeContainer& container, std::string action, std::map<std::string, std::string> extra
) {
    FakeEvent event;
    event.type = "container";
    event.action = std::move(action);
    event.id = container.id;
    event.attributes = container.labels;
    event.attributes["name"] = container.name;
    event.attributes["image"] = container.image;
    event.attributes.merge(extra);
    event.time_ns = now_ns();
    events.push_back(std::move(event));
    changed.notify_all();
}

void FakeEngine::State::end(FakeContainer& container, int exit_code, bool by_memory) {
    if (!container.is_alive()) return;
    close_ports(container);
    container.status = "exited";
    container.exit_code = exit_code;
    container.is_oom_killed = by_memory;
    if (by_memory) emit(container, "oom");
    emit(container, "die", {{"exitCode", std::to_string(exit_code)}});
}

std::string FakeEngine::State::exec_output(const std::string& exec) {
    auto found = execs.find(exec);
    auto* container = found == execs.end() ? nullptr : find_container(found->second.first);
    if (!container) return {};
    const auto& words = found->second.second;
    if (words.size() == 2 && words[1] == "status") {
        bool is_bare = JsonView{json::value(container->host_config)}["CapAdd"].texts().empty();
        auto caps = is_bare ? "0000000000000000" : "00000000a80425fb";
        return std::string{"CapEff:\t"} + caps + "\nCapBnd:\t" + caps +
               "\nNoNewPrivs:\t1\nSeccomp:\t2\n";
    }
    if (words.size() == 3 && words[1] == "show") {
        auto file = container->files.find(words[2]);
        if (file == container->files.end()) return {};
        char head[40];
        std::snprintf(head, sizeof head, "%o %u ", file->second.mode, file->second.uid);
        return head + file->second.content;
    }
    return {};
}

namespace {

using State = FakeEngine::State;
using Lock = std::unique_lock<std::mutex>;

FakeReply info(State& s) {
    json::object body, plugins;
    json::array drivers;
    for (const auto& driver : s.log_drivers)
        drivers.emplace_back(driver);
    plugins["Log"] = std::move(drivers);
    body["ID"] = s.engine_id;
    body["ServerVersion"] = "0-fake";
    body["OperatingSystem"] = "Fake";
    body["NCPU"] = 2;
    body["MemTotal"] = std::int64_t{8} << 30;
    body["Plugins"] = std::move(plugins);
    char text[40];
    auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.123456789Z", std::gmtime(&now));
    body["SystemTime"] = text;
    return reply_with(200, body);
}

FakeReply version(State& s) {
    json::object body;
    body["Version"] = "0-fake";
    body["ApiVersion"] = s.api_version;
    body["MinAPIVersion"] = "1.12";
    body["Os"] = "linux";
    return reply_with(200, body);
}

FakeReply create_container(State& s, const FakeRequest& request) {
    auto config = parse_or_null(request.body);
    if (!config.is_object()) return fake_error(400, "invalid JSON");
    JsonView view{config};
    auto name = request.value("name");
    auto image = view["Image"].text();
    if (!s.images.contains(image) && !s.images.contains(image + ":latest"))
        return fake_error(404, "No such image: " + image);
    auto memory = view["HostConfig"]["Memory"].number();
    if (memory != 0 && memory < least_memory)
        return fake_error(400, "Minimum memory limit allowed is 6MB");
    if (s.find_container(name))
        return fake_error(409, "Conflict. The container name \"/" + name + "\" is already in use");
    FakeContainer container;
    container.id = s.make_id();
    container.name = name;
    container.image = image;
    container.config = config.get_object();
    if (auto* host = container.config.if_contains("HostConfig"); host && host->is_object())
        container.host_config = host->get_object();
    container.config.erase("HostConfig");
    container.labels = view["Labels"].text_map();
    container.network = view["HostConfig"]["NetworkMode"].text();
    for (const auto& variable : view["Env"].texts())
        container.is_stubborn |= variable == "STUBBORN=1";
    for (const auto& [key, bindings] : view["HostConfig"]["PortBindings"].members())
        container.ports.push_back(static_cast<std::uint16_t>(std::atoi(key.c_str())));
    json::object body;
    body["Id"] = container.id;
    body["Warnings"] = json::array{};
    s.emit(container, "create");
    s.containers.emplace(container.id, std::move(container));
    return reply_with(201, body);
}

FakeReply list_containers(State& s, const FakeRequest& request) {
    auto wanted = fake_filter(request, "label");
    json::array list;
    for (const auto& [id, container] : s.containers) {
        if (!has_labels(container.labels, wanted) ||
            (!request.has_flag("all") && !container.is_alive()))
            continue;
        json::object item;
        item["Id"] = id;
        item["Names"] = json::array{json::value("/" + container.name)};
        item["Image"] = container.image;
        item["Labels"] = to_object(container.labels);
        item["State"] = container.status;
        item["Status"] = "Up or Exited";
        list.push_back(std::move(item));
    }
    return reply_with(200, list);
}

FakeReply start_container(State& s, FakeContainer& container) {
    if (container.is_alive()) return FakeReply{304, {}};
    if (container.network != "none" && container.network != "bridge" &&
        !s.find_network(container.network))
        return fake_error(404, "network " + container.network + " not found");
    if (!s.open_ports(container)) return fake_error(500, "no port");
    container.status = "running";
    container.exit_code = 0;
    container.is_oom_killed = false;
    container.output += "serving\n";
    s.emit(container, "start");
    return FakeReply{204, {}};
}

FakeReply stop_container(State& s, const std::string& id, const FakeRequest& request, Lock& lock) {
    auto* container = s.find_container(id);
    if (!container->is_alive()) return FakeReply{304, {}};
    if (container->is_stubborn || container->status == "paused") {
        auto grace = std::chrono::seconds{std::atoi(request.value("t").c_str())};
        s.changed.wait_for(lock, grace, [&] { return s.is_stopping || !s.find_container(id); });
        container = s.find_container(id);
        if (!container) return fake_error(404, "No such container: " + id);
        s.end(*container, 137, false);
    } else
        s.end(*container, 143, false);
    return FakeReply{204, {}};
}

FakeReply remove_container(State& s, FakeContainer& container, const FakeRequest& request) {
    if (container.is_alive() && !request.has_flag("force"))
        return fake_error(
            409,
            "You cannot remove a running container " + container.id +
                ". Stop the container before attempting removal or force remove"
        );
    s.end(container, 137, false);
    s.emit(container, "destroy");
    s.containers.erase(container.id);
    return FakeReply{204, {}};
}

FakeReply wait_container(State& s, const std::string& id, Lock& lock) {
    s.changed.wait(lock, [&] {
        auto* container = s.find_container(id);
        return s.is_stopping || !container || !container->is_alive();
    });
    auto* container = s.find_container(id);
    json::object body;
    body["StatusCode"] = container ? container->exit_code : 137;
    return reply_with(200, body);
}

FakeReply create_exec(State& s, const FakeContainer& container, const FakeRequest& request) {
    if (container.status != "running")
        return fake_error(409, "Container " + container.id + " is not running");
    auto config = parse_or_null(request.body);
    auto id = s.make_id();
    s.execs[id] = {container.id, JsonView{config}["Cmd"].texts()};
    json::object body;
    body["Id"] = id;
    return reply_with(201, body);
}

FakeReply pause_container(State& s, FakeContainer& container, bool is_pause) {
    if (container.status != (is_pause ? "running" : "paused"))
        return fake_error(409, "Container is not in that state");
    container.status = is_pause ? "paused" : "running";
    s.wake_ports();
    s.emit(container, is_pause ? "pause" : "unpause");
    return FakeReply{204, {}};
}

FakeReply stats_of() {
    return FakeReply{
        200,
        R"({"cpu_stats":{"cpu_usage":{"total_usage":5000000}},"memory_stats":{"usage":4096,"limit":33554432},"pids_stats":{"current":2}})"};
}

FakeReply on_container(State& s, const FakeRequest& request, Lock& lock) {
    auto [id, verb] = split_path(request.path, 12);
    auto* container = s.find_container(id);
    if (!container) return fake_error(404, "No such container: " + id);
    if (verb.empty() && request.method == "DELETE") return remove_container(s, *container, request);
    if (verb == "json") return reply_with(200, container_json(*container));
    if (verb == "start") return start_container(s, *container);
    if (verb == "stop") return stop_container(s, id, request, lock);
    if (verb == "wait") return wait_container(s, id, lock);
    if (verb == "logs") return logs_of(*container, request.value("tail"));
    if (verb == "stats") return stats_of();
    if (verb == "exec") return create_exec(s, *container, request);
    if (verb == "pause" || verb == "unpause")
        return pause_container(s, *container, verb == "pause");
    if (verb == "kill") {
        if (!container->is_alive())
            return fake_error(409, "Cannot kill container: " + id + " is not running");
        s.end(*container, 137, false);
        return FakeReply{204, {}};
    }
    if (verb == "archive" && request.method == "PUT") {
        unpack(*container, request.body, request.value("path"));
        return FakeReply{200, {}};
    }
    return fake_error(404, "page not found");
}

json::object network_json(State& s, const FakeNetwork& network, bool with_containers) {
    json::object body, ipam, range, attached;
    range["Subnet"] = network.subnet;
    ipam["Config"] = json::array{range};
    body["Id"] = network.id;
    body["Name"] = network.name;
    body["Driver"] = "bridge";
    body["IPAM"] = std::move(ipam);
    body["Labels"] = to_object(network.labels);
    body["Options"] = to_object(network.options);
    for (const auto& [id, container] : s.containers) {
        if (container.network == network.name && container.is_alive())
            attached[id] = json::object{};
    }
    if (with_containers) body["Containers"] = std::move(attached);
    return body;
}

FakeReply create_network(State& s, const FakeRequest& request) {
    auto config = parse_or_null(request.body);
    JsonView view{config};
    FakeNetwork network;
    network.name = view["Name"].text();
    network.labels = view["Labels"].text_map();
    network.options = view["Options"].text_map();
    for (const auto& range : view["IPAM"]["Config"].items())
        network.subnet = range["Subnet"].text();
    if (s.find_network(network.name))
        return fake_error(409, "network with name " + network.name + " already exists");
    auto mine = docker::parse_subnet(network.subnet);
    for (const auto& [id, other] : s.networks) {
        auto theirs = docker::parse_subnet(other.subnet);
        if (mine && theirs && docker::overlaps(*mine, *theirs))
            return fake_error(403, "Pool overlaps with other one on this address space");
    }
    network.id = s.make_id();
    json::object body;
    body["Id"] = network.id;
    s.networks.emplace(network.id, std::move(network));
    return reply_with(201, body);
}

FakeReply on_network(State& s, const FakeRequest& request) {
    if (request.path == "/networks/create") return create_network(s, request);
    auto [id, verb] = split_path(request.path, 10);
    auto* network = s.find_network(id);
    if (!network) return fake_error(404, "network " + id + " not found");
    if (verb == "connect" || verb == "disconnect") return FakeReply{200, {}};
    auto details = network_json(s, *network, true);
    if (request.method != "DELETE") return reply_with(200, details);
    if (!details["Containers"].get_object().empty())
        return fake_error(
            403, "error while removing network: network " + network->name + " has active endpoints"
        );
    s.networks.erase(network->id);
    return FakeReply{204, {}};
}

FakeReply list_networks(State& s, const FakeRequest& request) {
    auto wanted = fake_filter(request, "label");
    json::array list;
    for (const auto& [id, network] : s.networks) {
        if (has_labels(network.labels, wanted)) list.push_back(network_json(s, network, false));
    }
    return reply_with(200, list);
}

FakeReply inspect_image(State& s, const std::string& path) {
    auto name = path.substr(8, path.size() - 8 - 5);
    auto found = s.images.find(name);
    if (found == s.images.end()) found = s.images.find(name + ":latest");
    if (found == s.images.end()) return fake_error(404, "No such image: " + name);
    json::object body, config;
    config["Labels"] = to_object(found->second);
    body["Id"] = "sha256:" + std::string(64, 'f');
    body["RepoTags"] = json::array{json::value(found->first)};
    body["Config"] = std::move(config);
    return reply_with(200, body);
}

FakeReply pull_image(State& s, const FakeRequest& request) {
    auto name = request.value("fromImage");
    if (name.find("absent") != std::string::npos)
        return FakeReply{
            200,
            "{\"errorDetail\":{\"message\":\"manifest unknown\"},\"error\":\"manifest "
            "unknown\"}\r\n"};
    s.images[name];
    return FakeReply{
        200,
        "{\"status\":\"Pulling\",\"id\":\"layer\",\"progressDetail\":{\"current\":1,\"total\":2}}"
        "\r\n{\"status\":\"Done\"}\r\n"};
}

FakeReply on_volume(State& s, const FakeRequest& request) {
    auto describe = [&](const std::string& name) {
        json::object volume;
        volume["Name"] = name;
        volume["Driver"] = "local";
        volume["Labels"] = to_object(s.volumes.at(name));
        return volume;
    };
    if (request.path == "/volumes/create") {
        auto config = parse_or_null(request.body);
        auto name = JsonView{config}["Name"].text();
        s.volumes.try_emplace(name, JsonView{config}["Labels"].text_map());
        return reply_with(201, describe(name));
    }
    if (request.path == "/volumes") {
        json::array list;
        for (const auto& [name, labels] : s.volumes) {
            if (has_labels(labels, fake_filter(request, "label"))) list.push_back(describe(name));
        }
        json::object body;
        body["Volumes"] = std::move(list);
        return reply_with(200, body);
    }
    auto name = request.path.substr(9);
    if (!s.volumes.contains(name)) return fake_error(404, "get " + name + ": no such volume");
    if (request.method != "DELETE") return reply_with(200, describe(name));
    s.volumes.erase(name);
    return FakeReply{204, {}};
}

} // namespace

FakeReply
FakeEngine::State::answer(const FakeRequest& request, std::unique_lock<std::mutex>& lock) {
    const auto& path = request.path;
    if (path == "/_ping") return FakeReply{200, "OK", "text/plain"};
    if (path == "/info") return info(*this);
    if (path == "/version") return version(*this);
    if (path == "/containers/create") return create_container(*this, request);
    if (path == "/containers/json") return list_containers(*this, request);
    if (path.starts_with("/containers/")) return on_container(*this, request, lock);
    if (path == "/networks") return list_networks(*this, request);
    if (path.starts_with("/networks/")) return on_network(*this, request);
    if (path.starts_with("/images/") && path.ends_with("/json")) return inspect_image(*this, path);
    if (path == "/images/create") return pull_image(*this, request);
    if (path.starts_with("/volumes")) return on_volume(*this, request);
    if (path.starts_with("/exec/")) return FakeReply{200, R"({"Running":false,"ExitCode":0})"};
    return fake_error(404, "page not found");
}

} // namespace berth::test
