// SPDX-License-Identifier: Apache-2.0
// Hosts in the JSON of this surface.
#include "api/native/dto.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>

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

json::array images_json(const broker::HostEntry& host, const broker::Catalog& catalog, const broker::HostService& service) {
    json::array images;
    for (const auto& one : catalog.all()) {
        const auto& image = one.spec.image;
        auto pull = service.pull_of(host.view.id, image);
        auto is_missing = host.view.images_missing.contains(image);
        json::object view{{"template", one.name.str()}, {"image", image}, {"present", !is_missing},
                          {"pulling", pull ? pull_json(*pull) : json::value(nullptr)}};
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

json::value maintenance_json(const broker::HostModeRecord& mode) {
    if (mode.mode != broker::HostMode::maintenance) return nullptr;
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

// What an administrator said of it.
void add_settings(json::object& out, const broker::HostEntry& host) {
    const auto& definition = host.definition;
    out["weight"] = definition.weight;
    out["mode"] = name_of(host.mode.mode);
    out["maintenance"] = maintenance_json(host.mode);
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

json::object host_json(const broker::HostEntry& host, const broker::Catalog& catalog, const broker::HostService& service) {
    const auto& view = host.view;
    json::object out;
    out["name"] = view.id.str();
    out["endpoint"] = host.endpoint;
    out["state"] = broker::state_word(host);
    out["reason"] = text_or_null(view.reason);
    out["engine"] = engine_json(host.facts);
    out["sessions"] = json::object{{"used", view.used}, {"capacity", view.capacity}};
    out["creating"] = json::object{{"used", view.creating}, {"capacity", view.creating_limit}};
    out["images"] = images_json(host, catalog, service);
    out["last_check_at"] = time_json(host.last_check_at);
    out["memory"] = json::object{{"used_bytes", view.committed_memory}, {"capacity_bytes", view.memory_bytes}};
    out["cpus"] = json::object{{"used", static_cast<double>(view.committed_nano_cpus) / nano},
                               {"capacity", static_cast<double>(view.nano_cpus) / nano}};
    add_settings(out, host);
    add_access(out, host);
    return out;
}

json::array steps_json(const std::vector<broker::TestStep>& steps) {
    json::array list;
    for (const auto& step : steps) {
        list.push_back(json::object{{"name", step.name}, {"title", step.title}, {"state", word(step.state, test_states)},
                                    {"ms", step.took.count()}, {"text", step.text}, {"remedy", text_or_null(step.remedy)}});
    }
    return list;
}

json::value shown_key_json(const broker::HostAccess& access) {
    json::object key{{"type", access.key_type}, {"fingerprint", access.fingerprint}};
    if (!access.known_fingerprint.empty()) key["known_fingerprint"] = access.known_fingerprint;
    return key;
}

} // namespace berth::api::native
