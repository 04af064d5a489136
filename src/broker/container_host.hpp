// SPDX-License-Identifier: Apache-2.0
#pragma once
// One container engine, as the use cases see it, and what it is told and tells. The comment of the
// port is the contract that tests/contract checks for every implementation. Errors are values;
// cancellation throws.

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "net/task.hpp"
#include "session/machine.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace berth::net {
class ByteStream;
enum class Traffic; // net/dialer.hpp
}

namespace berth::broker {
using net::Task;

// What is needed to make the container of one session.
struct ContainerOrder {
    ContainerOrder() = default;
    SessionId session;
    int generation = 1;
    session::Owner owner;
    TemplateName template_name;
    session::Spec spec;
    Secret rfb_secret;
};

enum class ContainerState { created, running, paused, exited, other };

// One container of this deployment as the engine reports it.
struct Observed {
    ContainerId container;
    SessionId session;
    int generation = 0;
    ContainerState state = ContainerState::other;
    int exit_code = 0;
    bool is_oom_killed = false;
    std::string error;    // the engine's words
    std::string image_id; // as ImageFacts::id; empty = not told
};

// What an image says about itself by labels; a template's own words win over it.
struct ImageFacts {
    ImageFacts() = default;
    std::string id; // the engine's; another one = the image was replaced
    std::vector<session::Endpoint> endpoints;
    std::optional<session::SecretDelivery> secret_delivery;
    std::string secret_target;
    std::optional<int> user_id;
    std::string resolution_env;
};

struct HostFacts {
    HostFacts() = default;
    std::string engine_id;   // changes when the engine was replaced
    std::string version, api_version, os;
    int cpus = 0;
    std::int64_t memory_bytes = 0;
};

// The machine under the engine at one moment, whoever uses it.
struct MachineLoad {
    MachineLoad() = default;
    std::optional<double> cpu; // share of all cores since the reading before it, 0 … 1
    std::int64_t memory_used = 0, memory_total = 0;
    std::int64_t disk_used = 0, disk_total = 0; // where the engine keeps its data; total 0 = not told
};
// Less than a twentieth is left, and less than what desktops need for long. False where nothing was told.
constexpr bool is_disk_nearly_full(const MachineLoad& load) noexcept {
    constexpr std::int64_t plenty = std::int64_t{10} << 30;
    return load.disk_total > 0 && load.disk_total - load.disk_used < std::min(load.disk_total / 20, plenty);
}

// The way in, for people; known without asking anybody.
enum class KeyStatus { none, ok, unknown, changed }; // none: this way has no host key, or none was seen yet
struct HostAccess {
    HostAccess() = default;
    std::string way;        // "unix", "tcp", "tls", "streamlocal", "dial-stdio", "openssh" …; empty = none yet
    std::string last_error; // of the last try that failed; empty while it works
    KeyStatus key = KeyStatus::none;
    std::string key_type, fingerprint, known_fingerprint; // "ssh-ed25519", "SHA256:…"
    int connections = 0, most_connections = 0;            // most 0 = does not count them
    std::optional<Milliseconds> round_trip;               // of the last check
};

// One line of a live checklist.
enum class TestState { ok, failed, skipped };
struct TestStep {
    TestStep() = default;
    std::string name;  // stable word: "resolve", "tcp", "host_key", "authentication", "engine" …
    std::string title; // for people
    TestState state = TestState::skipped;
    Milliseconds took{0};
    std::string text;
    std::string remedy; // what to do when it failed
};

// Told as soon as it is known; waited for. May be empty.
using TellStep = std::function<Task<void>(TestStep)>;

struct PullLayer {
    PullLayer() = default;
    std::string id, text;                         // the engine's words
    std::int64_t done_bytes = 0, total_bytes = 0; // total 0 = not known
};
struct PullState {
    PullState() = default;
    std::int64_t done_bytes = 0, total_bytes = 0; // total 0 = not known yet
    std::string text;                             // the engine's word
    std::vector<PullLayer> layers;                // in the order of their first mention
};

// Noticed on the engine's event stream. `is_gap`: the stream was (re)connected, look at everything.
struct HostNotice {
    bool is_gap = false;
    SessionId session;
    int generation = 0;
    session::ContainerGone gone;
};

// One container engine. Only containers with this deployment's label exist for it. Every call has
// a deadline; after timed_out or host_unreachable the outcome is unknown and the engine may still
// finish what it began.
class ContainerHost {
public:
    virtual ~ContainerHost() = default;
    // Creates (not starts) the container and delivers its secret. Repeatable: a container of the
    // same name and labels is adopted; one with foreign labels is a conflict. Errors: image_missing,
    // invalid_input (the engine refused the request), engine_error.
    virtual Task<Result<ContainerId>> create(const ContainerOrder& order, Deadline deadline) = 0;
    // Success when it runs already. engine_error with the engine's text when it cannot.
    virtual Task<Status> start(const ContainerId& container, Deadline deadline) = 0;
    // Ends and removes every container (and own network) of that session and generation, found by
    // label; none there is success. First SIGTERM with limits::stop_grace, then force.
    virtual Task<Status> remove(const SessionId& session, int generation, Deadline deadline) = 0;
    // All containers of this deployment in any state: an answer is positive proof.
    virtual Task<Result<std::vector<Observed>>> list(Deadline deadline) = 0;
    // Sessions and generations that have a network of their own there, with a container or without.
    virtual Task<Result<std::set<std::pair<SessionId, int>>>> own_networks(Deadline deadline) = 0;
    // A stream to the endpoint's port, address re-learnt now; lives on `executor`. not_found: no such
    // container; not_ready: it does not run or the port refuses; forbidden: the machine lets nobody in.
    virtual Task<Result<std::unique_ptr<net::ByteStream>>>
    dial(const ContainerId& container, std::uint16_t port, net::Traffic traffic, net::Executor executor, Deadline deadline) = 0;
    // Engine facts; also proves that the engine answers.
    virtual Task<Result<HostFacts>> check(Deadline deadline) = 0;
    // When it last answered any request; long ago if never. Core thread only.
    virtual std::chrono::steady_clock::time_point last_answer() const noexcept = 0;
    // Whether the image is there, and what it says of itself; image_missing otherwise. Never pulls.
    virtual Task<Result<ImageFacts>> check_image(const std::string& image, Deadline deadline) = 0;
    // Calls `notice` for each container of ours that died or was removed, until cancelled.
    // Reconnects by itself and reports a gap each time it is connected.
    virtual Task<void> watch(std::function<void(HostNotice)> notice) = 0;
    // Last lines of the container's output, newest last, for staff.
    virtual Task<Result<std::vector<std::string>>> logs(const ContainerId& container, int lines, Deadline deadline) = 0;

    // Its processes stand still / go on. Success when they do already.
    virtual Task<Status> pause(const ContainerId& container, Deadline deadline) = 0;
    virtual Task<Status> unpause(const ContainerId& container, Deadline deadline) = 0;
    // Fetches the image from its registry; `progress` is called as it goes and must not throw.
    // Ends with the image there, or with engine_error and the registry's words.
    virtual Task<Status> pull(std::string image, std::function<void(const PullState&)> progress, Deadline deadline) = 0;
    // Names of all named volumes there.
    virtual Task<Result<std::set<std::string>>> volumes(Deadline deadline) = 0;

    // not_found: this way in does not tell. Asking costs the machine a process.
    virtual Task<Result<MachineLoad>> load(Deadline deadline) = 0;

    virtual HostAccess access() const = 0;
    // The way in, the engine and the machine, step by step, for a person who asks why it does not work.
    virtual Task<std::vector<TestStep>> examine(TellStep tell, Deadline deadline) = 0;
    // Takes the key that the machine shows now as known, if it has this fingerprint; conflict if
    // not. not_found where there are no keys.
    virtual Task<Status> accept_key(std::string fingerprint, Deadline deadline) = 0;
    // Ends connections; after it every call fails. Before destruction, on the core thread.
    virtual Task<void> close() = 0;
};

} // namespace berth::broker
