// SPDX-License-Identifier: Apache-2.0
#include "store/sessions_sql.hpp"

#include "store/connection.hpp"
#include "store/notable.hpp"
#include "store/rows.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace berth::store {
namespace {

using broker::EventRecord, broker::InsertOutcome, session::Session;

constexpr std::chrono::hours idempotency_window{24};

// Same order as in exchange_row.
constexpr std::array session_columns{
    "id",
    "version",
    "generation",
    "realm",
    "subject",
    "slot",
    "requested_by",
    "template",
    "name",
    "spec",
    "policy",
    "idempotency_key",
    "state",
    "created_at",
    "state_since",
    "stages",
    "start_deadline",
    "ready_at",
    "ended_at",
    "host",
    "placement_note",
    "container",
    "lease_end",
    "extensions_used",
    "last_input_at",
    "disconnected_since",
    "end_reason",
    "end_code",
    "end_message",
    "end_detail",
    "end_stage",
    "stop_attempts",
    "retry_at",
    "holds_slot",
    "placement",
    "attempts",
    "engine_id",
    "placement_labels",
    "pool",
    "is_paused"};

// Bind what they are given, in order. What soci::use() returns refers to a default argument that
// ends with the full expression: it must reach exchange() in the same one.
struct AsInput {
    soci::statement& statement;
    void operator()(auto&... members) const { (statement.exchange(soci::use(members)), ...); }
};
struct AsOutput {
    soci::statement& statement;
    void operator()(auto&... members) const { (statement.exchange(soci::into(members)), ...); }
};

// Binds every column of the row, in the order of session_columns.
template <class Bind>
void exchange_row(Bind all, SessionRow& row) {
    all(row.id,
        row.version,
        row.generation,
        row.realm,
        row.subject,
        row.slot,
        row.requested_by,
        row.template_name,
        row.name,
        row.spec,
        row.policy,
        row.idempotency_key,
        row.state,
        row.created_at,
        row.state_since,
        row.stages,
        row.start_deadline,
        row.ready_at,
        row.ended_at,
        row.host,
        row.placement_note,
        row.container,
        row.lease_end,
        row.extensions_used,
        row.last_input_at,
        row.disconnected_since,
        row.end_reason,
        row.end_code,
        row.end_message,
        row.end_detail,
        row.end_stage,
        row.stop_attempts,
        row.retry_at,
        row.holds_slot,
        row.placement,
        row.attempts,
        row.engine_id,
        row.placement_labels,
        row.pool,
        row.is_paused);
}

void prepare(soci::statement& statement, const std::string& query) {
    statement.alloc();
    statement.prepare(query);
    statement.define_and_bind();
}

// "a, b, c" with each name written by `form`.
template <class Form>
std::string listed(Form form) {
    std::string text;
    for (const char* column : session_columns) {
        if (!text.empty()) text += ", ";
        text += form(std::string{column});
    }
    return text;
}

const std::string& select_sessions() {
    static const std::string text =
        "SELECT " + listed([](std::string name) { return name; }) + " FROM sessions ";
    return text;
}

// Rows of select_sessions() + where, with the given values bound in order.
template <class... Values>
Result<std::vector<Session>>
select(Connection& connection, const std::string& where, const Values&... values) {
    SessionRow row;
    soci::statement statement{connection.sql()};
    exchange_row(AsOutput{statement}, row);
    (statement.exchange(soci::use(values)), ...);
    prepare(statement, select_sessions() + where);
    statement.execute();
    std::vector<Session> sessions;
    while (statement.fetch()) {
        auto session = decode_session(row);
        if (!session) return session.error();
        sessions.push_back(std::move(*session));
    }
    return sessions;
}

std::int64_t write_event(Connection& connection, const EventRecord& event) {
    const long long at = to_number(event.at);
    long long seq = 0;
    connection.sql() << "INSERT INTO events (at, type, session, realm, subject, slot, host, from_state,"
                        " to_state, actor, cause) VALUES (:at, :type, :session, :realm, :subject,"
                        " :slot, :host, :from, :to, :actor, :cause) RETURNING seq",
        soci::use(at), soci::use(event.type), soci::use(event.session.str()),
        soci::use(event.owner.realm), soci::use(event.owner.subject), soci::use(event.owner.slot),
        soci::use(event.host.str()), soci::use(event.from_state), soci::use(event.to_state),
        soci::use(event.actor), soci::use(event.cause), soci::into(seq);
    return seq;
}

// Events by a where clause that ends with a limit; its first parameter is `value`.
template <class Value>
Result<std::vector<EventRecord>>
select_events(Connection& connection, const std::string& where, const Value& value, int limit) {
    EventRecord event;
    long long seq = 0;
    long long at = 0;
    std::string session, host;
    const long long most = std::max(limit, 0);
    soci::statement rows{connection.sql()};
    auto all = [&](auto&... members) { (rows.exchange(soci::into(members)), ...); };
    all(seq,
        at,
        event.type,
        session,
        event.owner.realm,
        event.owner.subject,
        event.owner.slot,
        host,
        event.from_state,
        event.to_state,
        event.actor,
        event.cause);
    rows.exchange(soci::use(value));
    rows.exchange(soci::use(most));
    prepare(
        rows,
        "SELECT seq, at, type, session, realm, subject, slot, host, from_state, to_state,"
        " actor, cause FROM events " +
            where
    );
    rows.execute();
    std::vector<EventRecord> events;
    while (rows.fetch()) {
        event.seq = seq;
        event.at = to_time(at);
        event.session = SessionId{session};
        event.host = HostId{host};
        events.push_back(event);
    }
    return events;
}

// The row that stands in the way of a new session, if any.
Result<std::optional<Session>> find_same_request(Connection& connection, const Session& session) {
    if (session.idempotency_key.empty()) return std::optional<Session>{};
    const long long oldest = to_number(session.created_at - idempotency_window);
    auto rows = select(
        connection,
        "WHERE realm = :realm AND subject = :subject AND idempotency_key = :key"
        " AND idempotency_key <> '' AND created_at > :oldest ORDER BY created_at DESC LIMIT 1",
        session.owner.realm,
        session.owner.subject,
        session.idempotency_key,
        oldest
    );
    if (!rows) return rows.error();
    if (rows->empty()) return std::optional<Session>{};
    return std::optional{std::move(rows->front())};
}

Result<std::optional<Session>> find_slot_holder(Connection& connection, const Session& session) {
    auto rows = select(
        connection,
        "WHERE realm = :realm AND subject = :subject AND slot = :slot AND holds_slot = 1",
        session.owner.realm,
        session.owner.subject,
        session.owner.slot
    );
    if (!rows) return rows.error();
    if (rows->empty()) return std::optional<Session>{};
    return std::optional{std::move(rows->front())};
}

Written write_new(Connection& connection, const Session& session) {
    static const std::string query =
        "INSERT INTO sessions (" + listed([](std::string name) { return name; }) + ") VALUES (" +
        listed([](const std::string& name) { return ":" + name; }) + ")";
    auto row = encode_session(session);
    soci::statement statement{connection.sql()};
    exchange_row(AsInput{statement}, row);
    prepare(statement, query);
    return connection.write(statement);
}

InsertOutcome outcome_of(Session session, bool is_new) {
    InsertOutcome outcome;
    outcome.session = std::move(session);
    outcome.is_new = is_new;
    return outcome;
}

} // namespace

Result<InsertOutcome>
insert_session(Connection& connection, Session session, const EventRecord& event) {
    return guarded(connection, "insert session", [&]() -> Result<InsertOutcome> {
        // The write lock is held from here on: what is read below cannot change before the commit.
        Transaction transaction{connection};
        auto same = find_same_request(connection, session);
        if (!same) return same.error();
        if (*same) return outcome_of(std::move(**same), false);
        session.version = 1;
        session.control_viewers = session.view_viewers = 0;
        if (write_new(connection, session) != Written::yes) {
            auto holder = find_slot_holder(connection, session);
            if (!holder) return holder.error();
            if (*holder) return outcome_of(std::move(**holder), false);
            return Error{Errc::already_exists, "session id is taken"};
        }
        write_event(connection, event);
        transaction.commit();
        return outcome_of(std::move(session), true);
    });
}

Result<std::int64_t> update_session(
    Connection& connection, const Session& session, const std::optional<EventRecord>& event
) {
    static const std::string query =
        "UPDATE sessions SET " +
        listed([](const std::string& name) { return name + " = :" + name; }) +
        " WHERE id = :old_id AND version = :old_version"
        // Of a session that leaves its pool: the request was not answered before.
        " AND NOT (pool <> '' AND :new_key <> '' AND EXISTS (SELECT 1 FROM sessions WHERE realm = :new_realm"
        " AND subject = :new_subject AND idempotency_key = :same_key AND idempotency_key <> '' AND created_at > :oldest))";
    return guarded(connection, "update session", [&]() -> Result<std::int64_t> {
        Transaction transaction{connection};
        const long long old_version = session.version;
        auto row = encode_session(session);
        const auto old_id = row.id;
        row.version = old_version + 1;
        soci::statement statement{connection.sql()};
        exchange_row(AsInput{statement}, row);
        const auto key = row.idempotency_key, realm = row.realm, subject = row.subject;
        const long long oldest = to_number(session.created_at - idempotency_window);
        statement.exchange(soci::use(old_id));
        statement.exchange(soci::use(old_version));
        for (const auto* text : {&key, &realm, &subject, &key}) statement.exchange(soci::use(*text));
        statement.exchange(soci::use(oldest));
        prepare(statement, query);
        if (connection.write(statement) != Written::yes)
            return Error{Errc::already_exists, "another session holds the slot"};
        if (statement.get_affected_rows() == 0) {
            long long known = 0, of_that_version = 0;
            connection.sql() << "SELECT count(*), count(CASE WHEN version = :version THEN 1 END) FROM sessions WHERE id = :id",
                soci::use(old_version), soci::use(old_id), soci::into(known), soci::into(of_that_version);
            if (known == 0) return Error{Errc::not_found, "no such session"};
            if (of_that_version == 1) return Error{Errc::already_exists, "another session has the idempotency key"};
            return Error{Errc::conflict, "the stored session has another version"};
        }
        if (event) write_event(connection, *event);
        transaction.commit();
        return row.version;
    });
}

Result<std::optional<Session>> find_session(Connection& connection, const SessionId& id) {
    return guarded(connection, "find session", [&]() -> Result<std::optional<Session>> {
        auto rows = select(connection, "WHERE id = :id", id.str());
        if (!rows) return rows.error();
        if (rows->empty()) return std::optional<Session>{};
        return std::optional{std::move(rows->front())};
    });
}

Result<std::vector<Session>> load_live_sessions(Connection& connection) {
    return guarded(connection, "load live sessions", [&] {
        return select(connection, "WHERE state <> 'ended' ORDER BY created_at, id");
    });
}

Result<std::vector<Session>> list_ended_sessions(
    Connection& connection,
    const std::string& realm,
    const std::string& subject,
    int limit,
    const std::optional<broker::EndedCursor>& after
) {
    return guarded(connection, "list ended sessions", [&] {
        const long long time = after ? to_number(after->ended_at) : std::numeric_limits<long long>::max();
        const std::string id = after ? after->id.str() : std::string{};
        const long long most = std::max(limit, 0);
        return select(
            connection,
            "WHERE state = 'ended' AND (ended_at, id) < (:time, :id)"
            " AND (:any_realm = '' OR realm = :realm) AND (:any_subject = '' OR subject = :subject)"
            " ORDER BY ended_at DESC, id DESC LIMIT :most",
            time,
            id,
            realm,
            realm,
            subject,
            subject,
            most
        );
    });
}

Result<std::int64_t> append_event(Connection& connection, const EventRecord& event) {
    return guarded(connection, "append event", [&]() -> Result<std::int64_t> {
        Transaction transaction{connection};
        const auto seq = write_event(connection, event);
        transaction.commit();
        return seq;
    });
}

Result<std::vector<EventRecord>>
list_events(Connection& connection, std::int64_t after, int limit) {
    return guarded(connection, "list events", [&] {
        const long long begin = after;
        return select_events(connection, "WHERE seq > :after ORDER BY seq LIMIT :most", begin, limit);
    });
}

Result<std::vector<EventRecord>>
list_host_events(Connection& connection, const HostId& host, broker::HostNews which, int limit) {
    return guarded(connection, "list events of a host", [&] {
        auto where = std::string{"WHERE host = :host"};
        if (which == broker::HostNews::notable) where += " AND " + notable_clause();
        return select_events(connection, where + " ORDER BY seq DESC LIMIT :most", host.str(), limit);
    });
}

Result<int> prune_sessions(Connection& connection, TimePoint older_than) {
    return guarded(connection, "prune", [&]() -> Result<int> {
        Transaction transaction{connection};
        const long long oldest = to_number(older_than);
        soci::statement sessions{connection.sql()};
        sessions.exchange(soci::use(oldest));
        prepare(sessions, "DELETE FROM sessions WHERE state = 'ended' AND ended_at < :oldest");
        sessions.execute(true);
        const auto count = static_cast<int>(sessions.get_affected_rows());
        // Only from the front, so that the numbers that stay have no gap even if the clock jumped.
        connection.sql() << "DELETE FROM events WHERE seq < coalesce((SELECT min(seq) FROM events"
                            " WHERE at >= :oldest), (SELECT max(seq) + 1 FROM events))",
            soci::use(oldest);
        transaction.commit();
        return count;
    });
}

Status check_database(Connection& connection) {
    return guarded(connection, "check", [&]() -> Status {
        long long count = 0;
        connection.sql() << "SELECT count(*) FROM meta", soci::into(count);
        if (!connection.is_write_suspect()) return {};
        // After a failure reading proves nothing, and a small write fits on a full disk: try one
        // that is larger than any of ours, and take it back.
        {
            Transaction transaction{connection};
            connection.run_script(
                "INSERT INTO meta (key, value) VALUES ('probe', hex(zeroblob(65536)))"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
            );
            transaction.commit();
        }
        Transaction transaction{connection};
        connection.run_script("DELETE FROM meta WHERE key = 'probe'");
        transaction.commit();
        return {};
    });
}

} // namespace berth::store
