// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where the engine is, by the rules of the docker command: DOCKER_HOST, DOCKER_CONTEXT, the
// current context of its configuration, the default socket.

#include "base/error.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace berth::docker {

struct EndpointTls {
    std::string ca, cert, key; // PEM paths; may be empty
    bool verify = true;
};

struct Endpoint {
    Endpoint() = default;
    enum class Kind { unix_socket, tcp, ssh };
    Kind kind = Kind::unix_socket;
    std::string path; // of the socket; for ssh on the far side, empty = its default
    std::string user; // ssh
    std::string host; // without brackets
    std::uint16_t port = 0; // for ssh 0 = as its configuration says
    std::optional<EndpointTls> tls; // tcp
    std::string origin;             // why this one: "DOCKER_HOST", "context lab", "default socket"
};

// unix:///path, tcp://host[:port], http(s)://host[:port], ssh://[user@]host[:port][/path].
// invalid_input names what is wrong; npipe and fd are refused with a reason.
Result<Endpoint> parse_endpoint(std::string_view text);
std::string describe(const Endpoint& endpoint); // back to a URL
// Of a tcp endpoint: TLS with ca.pem, cert.pem and key.pem of the folder, as the docker command has
// them in DOCKER_CERT_PATH. Nothing for another endpoint or without a folder.
void use_tls_directory(Endpoint& endpoint, const std::string& folder);

// What the resolution looks at; functions, so that tests own the world.
struct EndpointWorld {
    std::function<std::optional<std::string>(const std::string& name)> variable;
    std::function<std::optional<std::string>(const std::string& path)> file; // whole content
    std::string home;
};
EndpointWorld process_world();

// `wanted`: an explicit URL, or empty. A broken context or file is an error, never a silent
// fall-back to another engine.
Result<Endpoint> resolve_endpoint(const EndpointWorld& world, std::string_view wanted = {});

} // namespace berth::docker
