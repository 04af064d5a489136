// SPDX-License-Identifier: Apache-2.0
// Hosts in the JSON of this surface.
#include "api/native/dto.hpp"

#include "base/limits.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace berth::api::native {
namespace json = boost::json;

namespace {

constexpr double nano = 1e9;

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

template <class E, std::size_t n>
std::string_view word(E value, const std::array<std::string_view, n>& words) {
    return words[static_cast<std::size_t>(value)];
}
constexpr std::array<std::string_view, 2> origins{"file", "added"};
constexpr std::array<std::string_view, 2> data_paths{"tunnel", "direct"};
constexpr std::array<std::string_view, 3> transports{"automatic", "libssh", "openssh"};
constexpr std::array<std::string_view, 4> key_states{"none", "ok", "unknown", "changed"};
constexpr std::array<std::string_view, 3> test_states{"ok", "failed", "skipped"};

json::value engine_json(const broker::HostFacts& facts) {
    if (facts.version.empty()) return nullptr;
    return json::object{{"version", facts.version}, {"api_version", facts.api_version}, {"os", facts.os},
                        {"cpus", facts.cpus}, {"memory_bytes", facts.memory_bytes}};
}

// For staff: people who wait want one number.
json::value whole_pull_json(const broker::PullState& pull) {
    auto out = pull_json(pull).as_object();
    out["text"] = pull.text;
    json::array layers;
    for (const auto& layer : pull.layers)
        layers.push_back(json::object{{"id", layer.id}, {"text", layer.text}, {"bytes", layer.done_bytes}, {"total", layer.total_bytes}});
    out["layers"] = std::move(layers);
    return out;
}

json::array images_json(const broker::HostEntry& host, const broker::Catalog& catalog, const broker::HostService& service) {
    json::array images;
    for (const auto& one : catalog.all()) {
        const auto& image = one.spec.image;
        auto pull = service.pull_of(host.view.id, image);
        auto is_missing = host.view.images_missing.contains(image);
        json::object view{{"template", one.name.str()}, {"image", image}, {"present", !is_missing},
                          {"pulling", pull ? whole_pull_json(*pull) : json::value(nullptr)}};
        auto failure = service.pull_failure_of(host.view.id, image);
        if (failure && is_missing && !pull) view["pull_error"] = *failure;
        images.push_back(std::move(view));
    }
    return images;
}

json::value key_json(const broker::HostAccess& access) {
    if (access.key == broker::KeyStatus::none && access.fingerprint.empty()) return nullptr;
    return json::object{{"status", word(access.key, key_states)}, {"type", text_or_null(access.key_type)},
                        {"fingerprint", text_or_null(access.fingerprint)},
                        {"known_fingerprint", text_or_null(access.known_fingerprint)}};
}

json::value mode_json(const broker::HostModeRecord& mode, broker::HostMode wanted) {
    if (mode.mode != wanted) return nullptr;
    return json::object{{"message", mode.message}, {"until", time_json(mode.until)}};
}

json::value connections_json(const broker::HostAccess& access) {
    if (access.most_connections == 0) return nullptr;
    return json::object{{"used", access.connections}, {"capacity", access.most_connections}};
}

json::object labels_json(const std::map<std::string, std::string>& labels) {
    json::object object;
    for (const auto& [key, value] : labels) object[key] = value;
    return object;
}

constexpr std::size_t recent_samples = 40;

double share(std::int64_t part, std::int64_t whole) {
    auto exact = whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
    return std::clamp(std::round(exact * 1000) / 1000, 0.0, 1.0);
}

json::value cpu_json(const broker::MachineLoad& load) {
    if (!load.cpu) return nullptr;
    return std::round(*load.cpu * 1000) / 1000;
}

json::value disk_json(const broker::MachineLoad& load) {
    if (load.disk_total == 0) return nullptr;
    return json::object{{"used_bytes", load.disk_used}, {"total_bytes", load.disk_total}};
}

// The machine's, whoever uses it.
json::value load_json(const broker::HostEntry& host) {
    auto is_now = host.view.state == placement::HostState::up && !host.loads.empty();
    if (!is_now) return nullptr;
    const auto& [at, load, sessions] = host.loads.back();
    return json::object{{"at", format_rfc3339(at)}, {"cpu", cpu_json(load)},
                        {"memory", json::object{{"used_bytes", load.memory_used}, {"total_bytes", load.memory_total}}},
                        {"disk", disk_json(load)}};
}

json::array recent_json(const broker::HostEntry& host) {
    json::array list;
    auto skipped = host.loads.size() - std::min(host.loads.size(), recent_samples);
    for (auto i = skipped; i < host.loads.size(); ++i) list.push_back(cpu_json(host.loads[i].load));
    return list;
}

json::array concerns_json(const broker::HostEntry& host) {
    json::array list;
    for (const auto& one : host.concerns) list.push_back(json::object{{"code", one.code}, {"text", one.text}});
    return list;
}

// What an administrator said of it.
void add_settings(json::object& out, const broker::HostEntry& host) {
    const auto& definition = host.definition;
    out["weight"] = definition.weight;
    out["mode"] = name_of(host.mode.mode);
    out["maintenance"] = mode_json(host.mode, broker::HostMode::maintenance);
    out["drain"] = mode_json(host.mode, broker::HostMode::draining);
    out["origin"] = word(definition.origin, origins);
    out["data_path"] = word(definition.data_path, data_paths);
    out["transport"] = word(definition.transport, transports);
    out["labels"] = labels_json(definition.labels);
    out["public_name"] = definition.public_name;
}

// The way in as it is now.
void add_access(json::object& out, const broker::HostEntry& host) {
    auto access = host.engine->access();
    out["way"] = text_or_null(access.way);
    out["last_error"] = text_or_null(access.last_error);
    out["host_key"] = key_json(access);
    out["connections"] = connections_json(access);
    out["round_trip_ms"] = host.round_trip ? json::value(host.round_trip->count()) : json::value(nullptr);
}

} // namespace

json::value pull_json(const broker::PullState& pull) {
    json::object out{{"percent", nullptr}, {"bytes", pull.done_bytes}, {"total", pull.total_bytes}};
    if (pull.total_bytes > 0) out["percent"] = std::clamp<std::int64_t>(pull.done_bytes * 100 / pull.total_bytes, 0, 100);
    return out;
}

json::object host_body_json(const broker::HostDefinition& definition) {
    return json::object{{"name", definition.name.str()}, {"endpoint", definition.endpoint}, {"weight", definition.weight},
                        {"capacity_sessions", definition.capacity_sessions}, {"memory_bytes", definition.memory_bytes},
                        {"cpus", static_cast<double>(definition.nano_cpus) / nano},
                        {"creating_limit", definition.creating_limit}, {"labels", labels_json(definition.labels)},
                        {"data_path", word(definition.data_path, data_paths)},
                        {"transport", word(definition.transport, transports)},
                        {"max_connections", definition.max_connections}, {"public_name", definition.public_name},
                        {"tls_directory", definition.tls_directory}};
}

json::object history_json(const broker::HostEntry& host) {
    json::array items;
    for (const auto& [at, load, sessions] : host.loads) {
        auto disk = load.disk_total > 0 ? json::value(share(load.disk_used, load.disk_total)) : json::value(nullptr);
        items.push_back(json::object{{"at", format_rfc3339(at)}, {"cpu", cpu_json(load)},
                                     {"memory", share(load.memory_used, load.memory_total)}, {"disk", std::move(disk)},
                                     {"sessions", sessions}});
    }
    return json::object{{"interval_s", limits::load_interval.count()}, {"items", std::move(items)}};
}

json::object host_event_json(const broker::EventRecord& event) {
    // The reader asked for one host; the log and the database name it in the cause.
    std::string_view text = event.cause;
    auto head = "host " + event.host.str();
    if (text == head) text = {};
    else if (text.starts_with(head + ": ")) text.remove_prefix(head.size() + 2);
    return json::object{{"seq", event.seq}, {"at", format_rfc3339(event.at)}, {"type", event.type},
                        {"session", text_or_null(event.session.str())}, {"from", event.from_state},
                        {"to", event.to_state}, {"actor", event.actor}, {"text", text}};
}

json::object host_json(const broker::HostEntry& host, const broker::Catalog& catalog, const broker::HostService& service) {
    const auto& view = host.view;
    json::object out;
    out["name"] = view.id.str();
    out["endpoint"] = host.endpoint;
    out["state"] = broker::state_word(host);
    out["reason"] = text_or_null(view.reason.empty() ? view.concern : view.reason);
    out["concerns"] = concerns_json(host);
    out["load"] = load_json(host);
    out["load_recent"] = recent_json(host);
    out["engine"] = engine_json(host.facts);
    out["sessions"] = json::object{{"used", view.used}, {"capacity", view.capacity}};
    out["creating"] = json::object{{"used", view.creating}, {"capacity", view.creating_limit}};
    out["images"] = images_json(host, catalog, service);
    out["last_check_at"] = time_json(host.last_check_at);
    out["next_check_at"] = time_json(host.next_check_at);
    out["memory"] = json::object{{"used_bytes", view.committed_memory}, {"capacity_bytes", view.memory_bytes}};
    out["cpus"] = json::object{{"used", static_cast<double>(view.committed_nano_cpus) / nano},
                               {"capacity", static_cast<double>(view.nano_cpus) / nano}};
    add_settings(out, host);
    add_access(out, host);
    return out;
}

json::object step_json(const broker::TestStep& step) {
    return json::object{{"name", step.name}, {"title", step.title}, {"state", word(step.state, test_states)},
                        {"ms", step.took.count()}, {"text", step.text}, {"remedy", text_or_null(step.remedy)}};
}

json::array steps_json(const std::vector<broker::TestStep>& steps) {
    json::array list;
    for (const auto& step : steps) list.push_back(step_json(step));
    return list;
}

json::value shown_key_json(const broker::HostAccess& access) {
    json::object key{{"type", access.key_type}, {"fingerprint", access.fingerprint}};
    if (!access.known_fingerprint.empty()) key["known_fingerprint"] = access.known_fingerprint;
    return key;
}

} // namespace berth::api::native
