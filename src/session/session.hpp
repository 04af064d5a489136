// SPDX-License-Identifier: Apache-2.0
#pragma once
// The life of one container for one owner, as plain values. No I/O, no clock, no library.

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::session {

// requested → queued → creating → starting → probing → ready → stopping → ended; every state but
// `ended` may go to `stopping`. Ranks only ever grow within one generation; a start that goes on
// elsewhere is back in `queued` as the next one. The one exception is a claim: a paused session of a
// pool goes from `ready` to `starting` for its person.
enum class State { queued, creating, starting, probing, ready, stopping, ended };
std::string_view name_of(State state) noexcept;
std::optional<State> state_from(std::string_view name) noexcept;

enum class EndReason {
    owner_request,
    admin_request,
    lease_expired,
    idle,
    disconnected,
    failed,          // never became ready; End::code says why
    container_died,  // exited by itself after it was ready
    out_of_memory,   // the engine's OOM mark
    removed_outside, // somebody removed the container behind our back
    host_lost,       // the engine came back as another one: positive proof of absence
    host_maintenance, // its host was drained, and the time that was announced had come
};
std::string_view name_of(EndReason reason) noexcept;
std::optional<EndReason> end_reason_from(std::string_view name) noexcept;

enum class Protocol { rfb, web, terminal, audio, tcp };
std::string_view name_of(Protocol protocol) noexcept;
std::optional<Protocol> protocol_from(std::string_view name) noexcept;

struct Endpoint {
    std::string name; // is_valid_name
    Protocol protocol = Protocol::rfb;
    std::uint16_t port = 0; // inside the container
    bool operator==(const Endpoint&) const = default;
};

struct Owner {
    std::string realm;   // surface or identity source: "local"
    std::string subject; // user, team or caller-chosen id
    std::string slot;    // tells two sessions of one subject apart: the template's name by default
    auto operator<=>(const Owner&) const = default;
};

// Zero seconds = no limit, everywhere.
struct LeasePolicy {
    Seconds initial{4 * 3600};
    Seconds extension{3600};
    int max_extensions = 10; // -1 = no limit
    Seconds max_total{0};    // from ready to the end, extensions included, grace not
    Seconds idle{0};         // without input through the gateway
    Seconds disconnected{0}; // without any viewer
    Seconds grace{60};       // between the end of the lease and taking the desktop back
    Seconds start_limit{90}; // from leaving the queue to ready
    bool operator==(const LeasePolicy&) const = default;
};

enum class NetworkMode { shared, own }; // one Berth bridge per host, or a bridge for this session
enum class SecretDelivery { file, env };

// What to run: a snapshot of the template at the time of the request, stored with the session. While
// the session is queued, what the image is to say of itself (endpoints, the way of the secret) may be
// open: nobody has seen the image yet.
struct Spec {
    std::string image;
    std::map<std::string, std::string> env;
    std::vector<Endpoint> endpoints;
    std::int64_t memory_bytes = 0; // 0 = engine's default, everywhere below
    std::int64_t nano_cpus = 0;
    std::int64_t pids = 0;
    std::int64_t shm_bytes = 0;
    std::vector<std::string> cap_add; // everything else is dropped
    bool allow_new_privileges = false;
    NetworkMode network = NetworkMode::shared;
    SecretDelivery secret_delivery = SecretDelivery::file;
    std::string secret_target;      // path in the container, or name of the variable
    int secret_uid = 1000;          // who owns the file
    std::map<std::string, std::string> volumes; // name on the host → absolute path inside
    bool operator==(const Spec&) const = default;
};

enum class Stage { queued, creating, starting, waiting };
inline constexpr std::size_t stage_count = 4;
std::string_view name_of(Stage stage) noexcept;

struct StageTime {
    std::optional<TimePoint> started_at;
    std::optional<TimePoint> ended_at;
    bool operator==(const StageTime&) const = default;
};

struct End {
    EndReason reason = EndReason::failed;
    std::optional<Errc> code;     // of a failure
    std::string message;          // a sentence for the person
    std::string detail;           // full text for staff
    std::optional<Stage> stage;   // where a failure happened
    bool operator==(const End&) const = default;
};

// How one host looked to the scheduler when this session was placed; for the operator.
struct Considered {
    HostId host;
    std::string verdict; // "chosen", "free", "full" …: a word of placement/scheduler.hpp
    double score = 0;    // 0 where it was no candidate
    std::string text;
    bool operator==(const Considered&) const = default;
};

// A start that failed through its host's fault and was tried again as the next generation.
struct Attempt {
    HostId host;
    int generation = 1;
    Errc code = Errc::internal;
    std::string detail; // full text for staff
    Stage stage = Stage::creating;
    TimePoint at{};
    bool operator==(const Attempt&) const = default;
};

struct Session {
    SessionId id;
    int generation = 1;
    Owner owner;
    std::string requested_by; // name of who asked, for people: names may change, owner.subject does not
    TemplateName template_name;
    std::string name; // chosen by the person, may be empty; display only
    Spec spec;
    LeasePolicy policy;
    std::string idempotency_key;

    State state = State::queued;
    TimePoint created_at{};
    TimePoint state_since{};
    std::array<StageTime, stage_count> stages{};
    std::optional<TimePoint> start_deadline; // creating … probing must be over by then
    std::optional<TimePoint> ready_at;
    std::optional<TimePoint> ended_at;

    std::map<std::string, std::string> placement_labels; // a host must have all of them
    std::optional<HostId> host;
    std::string placement_note; // why this host, for the operator
    std::vector<Considered> placement; // the same in parts, every host of that moment
    std::vector<Attempt> attempts;     // earlier hosts of this start, oldest first
    std::string engine_id;             // of the host when it was placed; another one = the host was replaced
    std::optional<ContainerId> container;

    std::string pool;       // not empty: made ahead of time for that template and not claimed yet
    bool is_paused = false; // its processes stand still until it is claimed

    std::optional<TimePoint> lease_end; // nothing = never
    int extensions_used = 0;
    TimePoint last_input_at{};
    std::optional<TimePoint> disconnected_since; // set while ready without viewers

    std::optional<End> end; // set from `stopping` on
    int stop_attempts = 0;
    std::optional<TimePoint> retry_at; // next attempt to remove
    bool holds_slot = true; // false once ended, or when removal does not succeed: the owner may go on

    // Not stored: known only to the process that has the viewers.
    int control_viewers = 0;
    int view_viewers = 0;

    std::int64_t version = 0; // of the stored row; every stored change adds one
};

bool is_live(const Session& session) noexcept; // state is not ended
// Made before its person asked for it: its container was never created for them.
bool is_from_pool(const Session& session) noexcept;
// When the session will really be taken back by its lease: lease_end + grace.
std::optional<TimePoint> ends_at(const Session& session) noexcept;
std::optional<TimePoint> idle_deadline(const Session& session) noexcept;
std::optional<TimePoint> disconnected_deadline(const Session& session) noexcept;
int extensions_left(const Session& session) noexcept; // -1 = no limit
std::optional<TimePoint> hard_limit(const Session& session) noexcept;
// Deterministic, never used twice: the engine's name conflict is the mutex of creation.
std::string container_name(std::string_view deployment, const SessionId& id, int generation);

} // namespace berth::session
