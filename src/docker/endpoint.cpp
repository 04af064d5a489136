// SPDX-License-Identifier: Apache-2.0
#include "docker/endpoint.hpp"

#include "base/log.hpp"
#include "docker/hash.hpp"
#include "docker/wire/json.hpp"

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace berth::docker {
namespace {

constexpr std::string_view default_socket = "/var/run/docker.sock";
constexpr std::uint16_t plain_port = 2375, tls_port = 2376;

Error bad(std::string_view text, std::string_view why) {
    return Error{
        Errc::invalid_input, "engine address \"" + log_safe(text, 120) + "\": " + std::string{why}};
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

bool is_good_host(std::string_view host, bool is_v6) {
    // A leading '-' would become an option of an ssh command (T-16).
    if (host.empty() || host.size() > 253 || host.front() == '-') return false;
    for (char c : host) {
        if (!is_host_character(c) && !(is_v6 && (c == ':' || c == '%'))) return false;
    }
    return true;
}

// Splits "host", "host:port", "[v6]:port" into the endpoint; an error text when it is broken.
std::string_view read_authority(Endpoint& endpoint, std::string_view text) {
    bool is_v6 = text.starts_with('[');
    std::string_view port;
    bool has_port = false;
    if (is_v6) {
        auto close = text.find(']');
        if (close == std::string_view::npos) return "']' is missing";
        auto rest = text.substr(close + 1);
        endpoint.host = text.substr(1, close - 1);
        if (!rest.empty() && rest.front() != ':') return "unexpected text after ']'";
        has_port = !rest.empty();
        if (has_port) port = rest.substr(1);
    } else {
        auto colon = text.find(':');
        endpoint.host = text.substr(0, colon);
        has_port = colon != std::string_view::npos;
        if (has_port) port = text.substr(colon + 1);
    }
    if (!is_good_host(endpoint.host, is_v6)) return "the host name is not valid";
    if (has_port) {
        auto [end, failure] =
            std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
        if (failure != std::errc{} || end != port.data() + port.size() || endpoint.port == 0)
            return "the port is not valid";
    }
    return {};
}

Result<Endpoint> parse_tcp(std::string_view text, std::string_view rest, bool is_tls) {
    Endpoint endpoint;
    endpoint.kind = Endpoint::Kind::tcp;
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (rest.find_first_of("/@?#") != std::string_view::npos)
        return bad(text, "only host and port may follow the scheme");
    if (auto why = read_authority(endpoint, rest); !why.empty()) return bad(text, why);
    if (is_tls) endpoint.tls.emplace();
    if (endpoint.port == 0) endpoint.port = is_tls ? tls_port : plain_port;
    return endpoint;
}

Result<Endpoint> parse_ssh(std::string_view text, std::string_view rest) {
    Endpoint endpoint;
    endpoint.kind = Endpoint::Kind::ssh;
    if (auto slash = rest.find('/'); slash != std::string_view::npos) {
        endpoint.path = rest.substr(slash);
        if (endpoint.path == "/") endpoint.path.clear();
        rest = rest.substr(0, slash);
    }
    if (auto at = rest.rfind('@'); at != std::string_view::npos) {
        endpoint.user = rest.substr(0, at);
        if (endpoint.user.find(':') != std::string::npos)
            return bad("ssh://…", "a password has no place in an address");
        if (!is_good_host(endpoint.user, false)) return bad(text, "the user name is not valid");
        rest = rest.substr(at + 1);
    }
    if (auto why = read_authority(endpoint, rest); !why.empty()) return bad(text, why);
    return endpoint; // port 0: as the ssh configuration says
}

std::optional<std::string> non_empty(const EndpointWorld& world, const char* name) {
    auto value = world.variable(name);
    return value && !value->empty() ? value : std::nullopt;
}

std::string config_folder(const EndpointWorld& world) {
    auto folder = non_empty(world, "DOCKER_CONFIG");
    return folder ? *folder : world.home + "/.docker";
}

// TLS by environment: only for an address that came from the environment or was given directly.
void add_environment_tls(const EndpointWorld& world, Endpoint& endpoint) {
    if (endpoint.kind != Endpoint::Kind::tcp) return;
    bool must_verify = non_empty(world, "DOCKER_TLS_VERIFY").has_value();
    if (!must_verify && !non_empty(world, "DOCKER_TLS") && !endpoint.tls) return;
    auto folder = non_empty(world, "DOCKER_CERT_PATH").value_or(config_folder(world));
    use_tls_directory(endpoint, folder);
    // https:// alone verifies too; only DOCKER_TLS without _VERIFY asks for less.
    endpoint.tls->verify = must_verify || !non_empty(world, "DOCKER_TLS");
}

Result<Endpoint> from_context(const EndpointWorld& world, const std::string& name) {
    auto fail = [&](std::string_view why) {
        return Error{
            Errc::invalid_input,
            "docker context \"" + log_safe(name, 80) + "\": " + std::string{why}};
    };
    auto folder = config_folder(world) + "/contexts";
    auto hash = sha256_hex(name);
    auto text = world.file(folder + "/meta/" + hash + "/meta.json");
    if (!text) return fail("there is no such context");
    auto meta = parse_object(*text, "meta.json");
    if (!meta) return fail("meta.json cannot be read");
    auto docker = JsonView{*meta}["Endpoints"]["docker"];
    auto endpoint = parse_endpoint(docker["Host"].text());
    if (!endpoint) return fail(endpoint.error().operator_text());
    if (endpoint->kind == Endpoint::Kind::tcp) {
        auto file = [&](const char* leaf) {
            auto path = folder + "/tls/" + hash + "/docker/" + leaf;
            return world.file(path) ? path : std::string{};
        };
        EndpointTls tls;
        tls.ca = file("ca.pem");
        tls.cert = file("cert.pem");
        tls.key = file("key.pem");
        tls.verify = !docker["SkipTLSVerify"].flag();
        if (!tls.ca.empty() || !tls.cert.empty() || endpoint->tls) endpoint->tls = tls;
    }
    endpoint->origin = "context " + name;
    return endpoint;
}

Result<Endpoint> from_url(const EndpointWorld& world, std::string_view url, std::string origin) {
    auto endpoint = parse_endpoint(url);
    if (!endpoint) return std::move(endpoint).error().with_context(origin);
    add_environment_tls(world, *endpoint);
    endpoint->origin = std::move(origin);
    return endpoint;
}

Result<std::string> current_context(const EndpointWorld& world) {
    auto text = world.file(config_folder(world) + "/config.json");
    if (!text) return std::string{};
    auto config = parse_object(*text, "config.json");
    if (!config)
        return Error{Errc::invalid_input, config_folder(world) + "/config.json cannot be read"};
    return JsonView{*config}["currentContext"].text();
}

} // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
    auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos)
        return bad(text, "expected unix://, tcp:// or ssh://");
    auto scheme = text.substr(0, scheme_end);
    auto rest = text.substr(scheme_end + 3);
    if (scheme == "unix") {
        Endpoint endpoint;
        endpoint.path = rest;
        // sun_path has 108 bytes with its end mark.
        if (rest.empty() || rest.front() != '/' || rest.size() > 107)
            return bad(text, "expected an absolute path of at most 107 bytes");
        return endpoint;
    }
    if (scheme == "tcp" || scheme == "http") return parse_tcp(text, rest, false);
    if (scheme == "https") return parse_tcp(text, rest, true);
    if (scheme == "ssh") return parse_ssh(text, rest);
    if (scheme == "npipe") return bad(text, "named pipes exist on Windows only");
    if (scheme == "fd")
        return bad(text, "fd:// is an address for the engine to listen on, not to connect to");
    return bad(text, "unknown scheme; expected unix://, tcp:// or ssh://");
}

std::string describe(const Endpoint& endpoint) {
    auto host =
        endpoint.host.find(':') != std::string::npos ? "[" + endpoint.host + "]" : endpoint.host;
    switch (endpoint.kind) {
    case Endpoint::Kind::unix_socket:
        return "unix://" + endpoint.path;
    case Endpoint::Kind::tcp:
        return "tcp://" + host + ":" + std::to_string(endpoint.port);
    case Endpoint::Kind::ssh:
        break;
    }
    auto user = endpoint.user.empty() ? "" : endpoint.user + "@";
    auto port = endpoint.port == 0 ? "" : ":" + std::to_string(endpoint.port);
    return "ssh://" + user + host + port + endpoint.path;
}

void use_tls_directory(Endpoint& endpoint, const std::string& folder) {
    if (endpoint.kind != Endpoint::Kind::tcp || folder.empty()) return;
    EndpointTls tls;
    tls.ca = folder + "/ca.pem";
    tls.cert = folder + "/cert.pem";
    tls.key = folder + "/key.pem";
    endpoint.tls = std::move(tls);
}

EndpointWorld process_world() {
    EndpointWorld world;
    world.variable = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (!value) return std::nullopt;
        return std::string{value};
    };
    world.file = [](const std::string& path) -> std::optional<std::string> {
        std::ifstream stream{path, std::ios::binary};
        if (!stream) return std::nullopt;
        std::ostringstream text;
        text << stream.rdbuf();
        return std::move(text).str();
    };
    world.home = world.variable("HOME").value_or("");
    return world;
}

Result<Endpoint> resolve_endpoint(const EndpointWorld& world, std::string_view wanted) {
    if (!wanted.empty()) return from_url(world, wanted, "configuration");
    if (auto url = non_empty(world, "DOCKER_HOST")) return from_url(world, *url, "DOCKER_HOST");
    auto context = non_empty(world, "DOCKER_CONTEXT");
    if (!context) {
        auto current = current_context(world);
        if (!current) return current.error();
        if (!current->empty()) context = *current;
    }
    // "default" is not stored anywhere: it is what is left when nothing else was said.
    if (context && *context != "default") return from_context(world, *context);
    Endpoint endpoint;
    endpoint.path = default_socket;
    endpoint.origin = "default socket";
    return endpoint;
}

} // namespace berth::docker
