// SPDX-License-Identifier: Apache-2.0
#pragma once
// Hosts as they are written down, where that is kept, and who makes engines of them.

#include "broker/ports.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::broker {

enum class HostMode { active, draining, maintenance };
constexpr std::string_view name_of(HostMode mode) noexcept { // in the API and in events
    switch (mode) {
    case HostMode::active: return "active";
    case HostMode::draining: return "draining";
    case HostMode::maintenance: return "maintenance";
    }
    return "";
}
enum class HostOrigin { file, added }; // of the configuration, or added while running
enum class DataPath { tunnel, direct };
enum class SshTransport { automatic, libssh, openssh };

struct HostDefinition {
    HostDefinition() = default;
    HostId name;
    std::string endpoint;        // unix://, tcp://, ssh://; empty = as the docker command would choose
    int weight = 1;
    int capacity_sessions = 0;   // 0 = no limit, in the next two as well
    std::int64_t memory_bytes = 0;
    std::int64_t nano_cpus = 0;
    int creating_limit = 0;      // creations in flight at most; 0 = from the engine's cores
    std::map<std::string, std::string> labels;
    std::string public_name;     // another name, for staff
    DataPath data_path = DataPath::tunnel;
    SshTransport transport = SshTransport::automatic;
    int max_connections = 20;    // SSH connections
    std::string tls_directory;   // of tcp://: ca.pem, cert.pem, key.pem
    HostOrigin origin = HostOrigin::file;
    bool operator==(const HostDefinition&) const = default;
};

struct HostModeRecord {
    HostModeRecord() = default;
    HostMode mode = HostMode::active;
    std::string message;            // of a maintenance or a drain, for the people whose desktops are there
    // Of a maintenance: when it is expected to end; it does not end by itself. Of a drain: when the
    // desktops that are still there are ended.
    std::optional<TimePoint> until;
    bool operator==(const HostModeRecord&) const = default;
};

// What is stored of a host. Without a definition the host is of the configuration and only what was
// said of its mode is kept.
struct HostRecord {
    HostRecord() = default;
    HostId name;
    std::optional<HostDefinition> definition;
    HostModeRecord mode;
    bool operator==(const HostRecord&) const = default;
};

// As SessionStore: durable before it returns; `unavailable` = nothing is known about the write.
class HostStore {
public:
    virtual ~HostStore() = default;
    virtual Task<Result<std::vector<HostRecord>>> load_hosts() = 0;
    virtual Task<Status> put_host(HostRecord record) = 0; // new or in place of the former one
    virtual Task<Status> remove_host(HostId name) = 0;    // absent is fine
};

struct MadeHost {
    MadeHost() = default;
    std::shared_ptr<ContainerHost> engine;
    std::string endpoint; // for people: where it leads to, also where the definition leaves it open
};

// Makes what a definition describes; nothing is connected yet. invalid_input names what is wrong.
class HostFactory {
public:
    virtual ~HostFactory() = default;
    virtual Result<MadeHost> make_host(const HostDefinition& definition) = 0;
    // Stands for one that cannot be made: every call of it answers with the error.
    virtual MadeHost make_unusable(const HostDefinition& definition, Error why) = 0;
};

// Fetches images to hosts, one fetch per host and image at a time.
class ImagePulls {
public:
    virtual ~ImagePulls() = default;
    // Begins, or joins what runs; returns at once. not_found, rate_limited when too many wait.
    virtual Status request(const HostId& host, const std::string& image) = 0;
    // Of a fetch that runs or waits; nothing otherwise.
    virtual std::optional<PullState> state_of(const HostId& host, const std::string& image) const = 0;
    // Why the last one failed, for staff; nothing when none did, lately.
    virtual std::optional<std::string> failure_of(const HostId& host, const std::string& image) const = 0;
};

} // namespace berth::broker
