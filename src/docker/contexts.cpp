// SPDX-License-Identifier: Apache-2.0
#include "docker/contexts.hpp"

#include "base/ids.hpp"
#include "base/log.hpp"
#include "docker/hash.hpp"
#include "docker/wire/json.hpp"

#include <algorithm>
#include <filesystem>

namespace berth::docker {
namespace {

constexpr std::size_t most_contexts = 1000;      // of one account; nobody has more by intention
constexpr std::size_t longest_meta = 64 * 1024;
constexpr std::size_t longest_text = 200;        // of a description on the screen
constexpr std::size_t longest_host_name = 63;

std::string host_name_of(const std::string& context) {
    std::string name;
    for (char c : context) {
        if (c >= 'A' && c <= 'Z') name += static_cast<char>(c - 'A' + 'a');
        else name += is_valid_host_name(std::string{"x"} + c) ? c : '-';
    }
    return name.substr(0, longest_host_name);
}

// The certificates of a context, or why they are of no use to us: whoever leaves the check out by
// intention has to write the host down by hand.
std::string take_tls(const ContextWorld& world, const std::string& folder, bool skips_check, bool needs_tls, FoundContext& found) {
    int present = 0;
    for (const char* leaf : {"ca.pem", "cert.pem", "key.pem"}) present += world.file(folder + "/" + leaf) ? 1 : 0;
    if (present == 0) return needs_tls ? "it asks for TLS, but has no certificates" : "";
    if (skips_check) return "it does not check the engine's certificate (SkipTLSVerify)";
    if (present != 3) return "it does not have all of ca.pem, cert.pem and key.pem";
    found.tls_directory = folder;
    return {};
}

FoundContext read_context(const ContextWorld& world, const std::string& contexts, const std::string& hash) {
    FoundContext found;
    found.name = hash.substr(0, 12);
    found.origin = contexts + "/meta/" + hash;
    auto fail = [&](std::string why) {
        found.problem = std::move(why);
        return found;
    };
    auto text = world.file(contexts + "/meta/" + hash + "/meta.json");
    if (!text || text->size() > longest_meta) return fail("its meta.json cannot be read");
    auto meta = parse_object(*text, "meta.json");
    if (!meta) return fail("its meta.json is not JSON");
    JsonView view{*meta};
    auto name = view["Name"].text();
    // The docker command finds a context by the hash of its name: under another it is not the one.
    if (name.empty() || sha256_hex(name) != hash) return fail("its name does not belong to its folder");
    found.name = log_safe(name, longest_text);
    found.host_name = host_name_of(name);
    found.description = log_safe(view["Metadata"]["Description"].text(), longest_text);
    if (!is_valid_host_name(found.host_name)) return fail("its name cannot become a host's name");
    auto docker = view["Endpoints"]["docker"];
    if (!docker.is_object()) return fail("it has no Docker endpoint");
    auto address = docker["Host"].text();
    auto endpoint = parse_endpoint(address);
    if (!endpoint) return fail(endpoint.error().operator_text());
    found.endpoint = describe(*endpoint);
    if (endpoint->kind == Endpoint::Kind::tcp)
        found.problem = take_tls(world, contexts + "/tls/" + hash + "/docker", docker["SkipTLSVerify"].flag(), endpoint->tls.has_value(), found);
    return found;
}

std::string variable(const ContextWorld& world, const char* name) { return world.variable(name).value_or(""); }

// What is left when no context is named: DOCKER_HOST, else the default socket.
FoundContext default_context(const ContextWorld& world) {
    EndpointWorld without_context = world;
    without_context.variable = [&world](const std::string& name) -> std::optional<std::string> {
        if (name == "DOCKER_CONTEXT") return "default";
        return world.variable(name);
    };
    FoundContext found;
    found.name = found.host_name = "default";
    auto endpoint = resolve_endpoint(without_context);
    if (!endpoint) {
        found.origin = "DOCKER_HOST";
        found.problem = endpoint.error().operator_text();
        return found;
    }
    found.origin = endpoint->origin;
    found.description = endpoint->origin;
    found.endpoint = describe(*endpoint);
    if (endpoint->tls) {
        auto folder = endpoint->tls->ca.substr(0, endpoint->tls->ca.rfind('/'));
        found.problem = take_tls(world, folder, !endpoint->tls->verify, true, found);
    }
    return found;
}

} // namespace

ContextWorld context_world() {
    ContextWorld world;
    static_cast<EndpointWorld&>(world) = process_world();
    world.folders = [](const std::string& path) {
        std::vector<std::string> names;
        std::error_code ignored;
        for (std::filesystem::directory_iterator it{path, ignored}, end; it != end && names.size() < most_contexts; it.increment(ignored))
            if (it->is_directory(ignored)) names.push_back(it->path().filename().string());
        return names;
    };
    return world;
}

Result<std::vector<FoundContext>> find_contexts(const ContextWorld& world) {
    auto folder = variable(world, "DOCKER_CONFIG");
    if (folder.empty()) folder = world.home + "/.docker";
    std::string current = variable(world, "DOCKER_CONTEXT");
    if (!variable(world, "DOCKER_HOST").empty()) current = "default";
    if (auto text = world.file(folder + "/config.json"); text && current.empty()) {
        auto config = parse_object(*text, "config.json");
        if (!config) return Error{Errc::invalid_input, folder + "/config.json cannot be read"};
        current = JsonView{*config}["currentContext"].text();
    }
    if (current.empty()) current = "default";
    std::vector<FoundContext> all{default_context(world)};
    for (const auto& hash : world.folders(folder + "/contexts/meta")) {
        if (all.size() > most_contexts) break;
        all.push_back(read_context(world, folder + "/contexts", hash));
    }
    for (auto& one : all) one.is_current = one.name == current;
    std::ranges::sort(all, {}, &FoundContext::name);
    return all;
}

} // namespace berth::docker
