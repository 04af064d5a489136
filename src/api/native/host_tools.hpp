// SPDX-License-Identifier: Apache-2.0
#pragma once
// What this surface needs to know of hosts besides the broker: whether a definition is well formed,
// the docker command's contexts, hosts in a file, our public key. Implemented by the composition root.

#include "broker/host_ports.hpp"

#include <string>
#include <vector>

namespace berth::api::native {

struct DockerContext {
    DockerContext() = default;
    std::string name, description, origin;
    std::string endpoint; // for people, comparable with HostEntry::endpoint; may be empty
    std::string problem;  // why no host can be made of it; empty = one can
    bool is_current = false;
    broker::HostDefinition definition; // the host that would be made of it
};

// A host that stands in a file, not in use by that.
struct HostInFile {
    HostInFile() = default;
    broker::HostDefinition definition; // name and endpoint as they stand there, also where they cannot be used
    std::string endpoint;              // for people, comparable with HostEntry::endpoint
    std::string problem;               // why no host can be made of it; empty = one can
};

class HostTools {
public:
    virtual ~HostTools() = default;
    // The form of every member; invalid_input with a field for each problem. Nothing is opened or
    // looked up.
    virtual Status check(const broker::HostDefinition& definition) const = 0;
    // Those of the account that runs the server, by name. invalid_input when the docker command's
    // own files are broken.
    virtual broker::Task<Result<std::vector<DockerContext>>> contexts() = 0;
    // Those of a hosts.yml of the old system, in its order. invalid_input with /text where it cannot be read.
    // Nothing is opened or looked up.
    virtual broker::Task<Result<std::vector<HostInFile>>> hosts_in(std::string text) = 0;
    // One line for authorized_keys; empty when no key was made yet.
    virtual broker::Task<std::string> public_key() = 0;
};

} // namespace berth::api::native
