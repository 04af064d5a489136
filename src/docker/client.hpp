// SPDX-License-Identifier: Apache-2.0
#pragma once
// The Docker Engine API over any dialer, one function per operation (each in operations/), in the
// engine's words. Knows nothing of sessions; the port is docker_host.hpp.
//
//   auto made = co_await client.container_create(std::move(options), deadline);
//   if (!made) co_return made.error();
//
// Common to all: the shorter of `deadline` and the operation's own limit (base/limits.hpp) holds;
// timed_out and host_unreachable mean that the outcome is unknown; cancellation throws and leaves
// the outcome just as unknown. Ids and names are checked before a path is made of them
// (invalid_input). Further errors: not_found, image_missing, conflict, engine_error,
// protocol_violation. Runs on the executor given; calls may overlap.

#include "base/time.hpp"
#include "docker/client_types.hpp"
#include "docker/engine_path.hpp"
#include "docker/errors.hpp"
#include "net/http_client.hpp"

#include <functional>
#include <string>

namespace berth::docker {

using net::Task;

inline constexpr std::pair<int, int> oldest_api{1, 40}, newest_api{1, 47};

class Client {
public:
    struct Config {
        Config() = default;
        std::string user_agent = "berth";
        std::string forced_version; // DOCKER_API_VERSION: no negotiation; must be 1.40 or newer
    };
    // The dialer must outlive the client.
    Client(net::Executor executor, net::Dialer& dialer, Config config);

    // The version spoken, "1.41": min(ours, the engine's), asked for once and again after the
    // engine was unreachable. Below 1.40 invalid_input naming both.
    Task<Result<std::string>> api_version(Deadline deadline);

    Task<Result<PingResult>> ping(Deadline deadline);
    Task<Result<EngineInfo>> info(Deadline deadline);
    Task<Result<EngineVersion>> version(Deadline deadline);
    Task<Result<EventStreamPtr>> events(EventsOptions options, Deadline deadline);

    Task<Result<ContainerCreateResult>>
    container_create(ContainerCreateOptions options, Deadline deadline);
    Task<Result<ContainerStartResult>> container_start(std::string container, Deadline deadline);
    Task<Result<ContainerDetails>> container_inspect(std::string container, Deadline deadline);
    Task<Result<ContainerStopResult>>
    container_stop(ContainerStopOptions options, Deadline deadline);
    Task<Status> container_kill(ContainerKillOptions options, Deadline deadline);
    Task<Status> container_remove(ContainerRemoveOptions options, Deadline deadline);
    Task<Status> container_pause(std::string container, Deadline deadline);
    Task<Status> container_unpause(std::string container, Deadline deadline);
    Task<Result<std::vector<ContainerSummary>>>
    container_list(ContainerListOptions options, Deadline deadline);
    // Waits for the end within `deadline` only.
    Task<Result<ContainerExit>> container_wait(ContainerWaitOptions options, Deadline deadline);
    Task<Result<ContainerLogsResult>>
    container_logs(ContainerLogsOptions options, Deadline deadline);
    Task<Result<ContainerStats>> container_stats(std::string container, Deadline deadline);
    Task<Status> archive_put(ArchivePutOptions options, Deadline deadline);
    Task<Result<ArchiveGetResult>> archive_get(ArchiveGetOptions options, Deadline deadline);

    Task<Result<ImageDetails>> image_inspect(std::string image, Deadline deadline);
    // `on_progress` is called for each line; it must not throw.
    Task<Status> image_pull(
        ImagePullOptions options,
        std::function<void(const PullProgress&)> on_progress,
        Deadline deadline
    );

    Task<Result<std::string>>
    exec_create(ExecCreateOptions options, Deadline deadline); // the exec's id
    // Raw bytes both ways; without a terminal what comes back is for OutputDecoder.
    Task<Result<net::HttpUpgrade>> exec_start(ExecStartOptions options, Deadline deadline);
    Task<Result<ExecState>> exec_inspect(std::string exec, Deadline deadline);
    // The three together: runs to the end and collects the output, at most limits::engine_line.
    Task<Result<ExecRunResult>> exec_run(ExecCreateOptions options, Deadline deadline);

    Task<Result<std::string>> network_create(NetworkConfig config, Deadline deadline); // the id
    Task<Result<NetworkDetails>> network_inspect(std::string network, Deadline deadline);
    Task<Result<std::vector<NetworkDetails>>> network_list(Filters filters, Deadline deadline);
    Task<Status> network_remove(std::string network, Deadline deadline);
    Task<Status> network_connect(std::string network, std::string container, Deadline deadline);
    Task<Status> network_disconnect(NetworkDisconnectOptions options, Deadline deadline);

    Task<Result<VolumeDetails>> volume_create(VolumeConfig config, Deadline deadline);
    Task<Result<VolumeDetails>> volume_inspect(std::string volume, Deadline deadline);
    Task<Result<std::vector<VolumeDetails>>> volume_list(Filters filters, Deadline deadline);
    Task<Status> volume_remove(VolumeRemoveOptions options, Deadline deadline);

    // When the engine last answered a request in full, whatever it said; the clock's epoch if never.
    std::chrono::steady_clock::time_point last_answer() const noexcept { return last_answer_; }

private:
    // One request in our terms; the version goes in front of the path.
    struct Call {
        Call(std::string operation_, Subject subject_, std::string method_, std::string path_)
            : operation{std::move(operation_)}
            , subject{subject_}
            , method{std::move(method_)}
            , path{std::move(path_)} {}
        std::string operation; // for error texts
        Subject subject;
        std::string method, path;
        Query query;
        std::string body;
        std::string content_type = "application/json";
        std::string registry_auth;  // X-Registry-Auth, of a pull
        bool is_repeatable = false; // a second time does no harm: GET, or POST with its own name
        std::size_t max_reply = limits::engine_reply;
    };
    Task<Result<net::HttpReply>>
    exchange(net::HttpRequest request, Deadline deadline, std::size_t max_reply);
    Task<Result<net::HttpReply>> call(Call call, Deadline deadline);
    Task<Result<std::unique_ptr<net::HttpBodyStream>>> open(Call call, Deadline deadline);
    Task<Status> call_for_status(Call call, Deadline deadline);
    Task<Result<net::HttpRequest>> request_for(Call& call, Deadline deadline);
    void forget_version_after(const Error& error);

    Config config_;
    net::HttpClient http_;
    std::string version_; // empty until negotiated
    std::chrono::steady_clock::time_point last_answer_{};
};

} // namespace berth::docker
