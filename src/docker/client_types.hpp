// SPDX-License-Identifier: Apache-2.0
#pragma once
// Options and results of the client's operations. What has no options takes its one argument.

#include "docker/engine_path.hpp"
#include "docker/wire/container.hpp"
#include "docker/wire/container_config.hpp"
#include "docker/wire/event.hpp"
#include "docker/wire/exec.hpp"
#include "docker/wire/image.hpp"
#include "docker/wire/network.hpp"
#include "docker/wire/stats.hpp"
#include "docker/wire/streams.hpp"
#include "docker/wire/system.hpp"
#include "docker/wire/volume.hpp"
#include "net/task.hpp"

#include <memory>
#include <optional>

namespace berth::docker {

struct PingResult {
    PingResult() = default;
    std::string api_version; // newest the engine speaks
    std::string os_type;
};

struct EventsOptions {
    EventsOptions() = default;
    Filters filters;
    std::string since; // "seconds.nanoseconds" of the engine's clock; empty: from now on
};

class EventStream {
public:
    virtual ~EventStream() = default;
    // The next event; nothing = the engine ended the stream. Cancelling it ends the stream.
    virtual net::Task<Result<std::optional<EngineEvent>>> next() = 0;
};
using EventStreamPtr = std::unique_ptr<EventStream>;

struct ContainerCreateOptions {
    ContainerCreateOptions() = default;
    std::string name;
    ContainerConfig config;
};
struct ContainerCreateResult {
    ContainerCreateResult() = default;
    ContainerId id;
};
struct ContainerStartResult {
    bool was_running = false;
};
struct ContainerStopOptions {
    ContainerStopOptions() = default;
    std::string container;
    int grace_s = 2; // then SIGKILL
};
struct ContainerStopResult {
    bool was_stopped = false;
};
struct ContainerKillOptions {
    ContainerKillOptions() = default;
    std::string container;
    std::string signal = "SIGKILL";
};
struct ContainerRemoveOptions {
    ContainerRemoveOptions() = default;
    std::string container;
    bool is_forced = true;
    bool with_volumes = true; // anonymous ones
};
struct ContainerListOptions {
    ContainerListOptions() = default;
    Filters filters;
    bool is_all = true; // stopped ones too
};
struct ContainerWaitOptions {
    ContainerWaitOptions() = default;
    std::string container;
    std::string condition = "not-running"; // or "next-exit", "removed"
};
struct ContainerLogsOptions {
    ContainerLogsOptions() = default;
    std::string container;
    int last_lines = 100;
    bool has_tty = false; // then there are no frames
    std::size_t max_bytes = 1024 * 1024;
};
struct ContainerLogsResult {
    ContainerLogsResult() = default;
    std::vector<OutputChunk> chunks;
};

struct ArchivePutOptions {
    ArchivePutOptions() = default;
    std::string container;
    std::string folder = "/"; // where the tar is unpacked
    std::string tar;
};
struct ArchiveGetOptions {
    ArchiveGetOptions() = default;
    std::string container;
    std::string path;
    std::size_t max_bytes = 16 * 1024 * 1024; // more is too_large
};
struct ArchiveGetResult {
    ArchiveGetResult() = default;
    std::string tar;
};

struct ImagePullOptions {
    ImagePullOptions() = default;
    std::string image;         // with tag or digest, else "latest" is meant
    std::string registry_auth; // value of X-Registry-Auth, may be empty
};

struct ExecCreateOptions {
    ExecCreateOptions() = default;
    std::string container;
    ExecConfig config;
};
struct ExecStartOptions {
    ExecStartOptions() = default;
    std::string exec;
    bool has_tty = false;
};
struct ExecRunResult {
    ExecRunResult() = default;
    int exit_code = 0;
    std::string output, error_output;
};

struct NetworkDisconnectOptions {
    NetworkDisconnectOptions() = default;
    std::string network, container;
    bool is_forced = true;
};
struct VolumeRemoveOptions {
    VolumeRemoveOptions() = default;
    std::string volume;
    bool is_forced = false;
};

} // namespace berth::docker
