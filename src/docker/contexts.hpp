// SPDX-License-Identifier: Apache-2.0
#pragma once
// The contexts of the docker command, as hosts could be made of them. Only reads; which context an
// engine address without a name leads to is decided in endpoint.hpp.

#include "docker/endpoint.hpp"

#include <string>
#include <vector>

namespace berth::docker {

struct FoundContext {
    FoundContext() = default;
    std::string name;
    std::string host_name;     // the name a host made of it gets: lower case, is_valid_host_name
    std::string endpoint;      // unix://, tcp://, ssh://; empty when it could not be understood
    std::string description;
    std::string tls_directory; // of tcp://: ca.pem, cert.pem, key.pem; empty = plain
    std::string origin;        // where it was found, for people
    std::string problem;       // why no host can be made of it; empty = one can
    bool is_current = false;   // the docker command would use it now
};

struct ContextWorld : EndpointWorld {
    std::function<std::vector<std::string>(const std::string& path)> folders; // names, in any order
};
ContextWorld context_world(); // of this process; blocks on small files

// All contexts by name, `default` (DOCKER_HOST or the default socket) among them. A broken context
// is listed with its problem. invalid_input: the docker command's own config.json is broken.
Result<std::vector<FoundContext>> find_contexts(const ContextWorld& world);

} // namespace berth::docker
