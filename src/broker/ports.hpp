// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the use cases need from outside. Each port speaks in our types; its comment is the contract
// that tests/contract checks for every implementation. Errors are values; cancellation throws.

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "broker/container_host.hpp"
#include "net/task.hpp"
#include "placement/scheduler.hpp"
#include "session/machine.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace berth::broker {

// Something that happened, numbered by the store, streamed by the hub.
struct EventRecord {
    std::int64_t seq = 0; // set by the store: strictly increasing, gapless per database
    TimePoint at{};
    std::string type;     // "session.queued", "session.ready", "session.extended", "host.down" …
    SessionId session;    // empty for events of a host alone
    session::Owner owner; // the same
    HostId host;          // of a host, or where the session was; may be empty
    std::string from_state, to_state, actor, cause;
};

// Of sessions on a host: only what went wrong with them (starts that failed, ends that nobody asked
// for), or everything. On a busy host the rest would hide it.
enum class HostNews { notable, all };

struct InsertOutcome {
    InsertOutcome() = default;
    session::Session session;
    bool is_new = false; // false: the live session of this owner, or of this idempotency key
};

// Where a page of ended sessions stopped: two may have ended in the same millisecond.
struct EndedCursor {
    EndedCursor() = default;
    EndedCursor(TimePoint ended_at_, SessionId id_)
        : ended_at{ended_at_}
        , id{std::move(id_)} {}
    TimePoint ended_at{};
    SessionId id;
};

// Every function stores durably before it returns (SQLite: WAL, synchronous FULL). An error
// `unavailable` means: nothing is known about the write, read again. Calls may overlap; they are
// carried out in order of the calls.
class SessionStore {
public:
    virtual ~SessionStore() = default;
    // Atomic with the uniqueness rules: at most one row with holds_slot per (realm, subject, slot);
    // at most one row per (realm, subject, idempotency key) younger than 24 h. On either match the
    // existing row comes back and nothing is written. Writes the event in the same transaction.
    virtual Task<Result<InsertOutcome>> insert(session::Session session, EventRecord event) = 0;
    // Compare-and-set on version: conflict if the stored version differs from session.version. Returns
    // the new version; writes the event (if given) in the same transaction. already_exists by the rules
    // of insert: the slot is held, or (of a session that leaves its pool) the key was answered.
    virtual Task<Result<std::int64_t>> update(session::Session session, std::optional<EventRecord> event) = 0;
    virtual Task<Result<std::optional<session::Session>>> find(SessionId id) = 0;
    virtual Task<Result<std::vector<session::Session>>> load_live() = 0;
    // Ended sessions, newest first (then by id, downwards); subject empty = everybody's; only what
    // comes behind `after`.
    virtual Task<Result<std::vector<session::Session>>>
    list_ended(std::string realm, std::string subject, int limit, std::optional<EndedCursor> after) = 0;
    virtual Task<Result<std::int64_t>> append_event(EventRecord event) = 0;
    // What happened on a host and to sessions there, newest first.
    virtual Task<Result<std::vector<EventRecord>>> host_events(HostId host, HostNews which, int limit) = 0;
    // Removes ended sessions and events older than that; returns the number of sessions.
    virtual Task<Result<int>> prune(TimePoint older_than) = 0;
    virtual Task<Status> check() = 0; // for /readyz
};

// Waits until the session can be used: for `rfb` the desktop's greeting and its authentication with
// the session's own secret, for `web` an HTTP answer. Retries inside until the deadline.
class ReadinessProbe {
public:
    virtual ~ReadinessProbe() = default;
    virtual Task<Status> wait_ready(const session::Session& session, ContainerHost& host,
                                    const Secret& rfb_secret, Deadline deadline) = 0;
};

// The secret by which a desktop proves itself to us and we to it.
class SecretSource {
public:
    virtual ~SecretSource() = default;
    // Eight characters, the same for one session and generation, unpredictable for others; not stored.
    virtual Secret rfb_secret(const SessionId& session, int generation) const = 0;
};

// The open tunnels.
class Viewers {
public:
    virtual ~Viewers() = default;
    // Cuts all tunnels of the session; the browser learns the reason by close code and text.
    virtual void close_session(const SessionId& session, session::EndReason reason) = 0;
    virtual void close_login(std::string_view login_id) = 0;
};

// Where changes are announced. Never waits, never fails.
class EventSink {
public:
    virtual ~EventSink() = default;
    virtual void session_changed(const session::Session& session) = 0;
    virtual void host_changed(const HostId& host) = 0;
};

} // namespace berth::broker
