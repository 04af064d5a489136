// SPDX-License-Identifier: Apache-2.0
#pragma once
// The session and event statements. They block; database.cpp calls them on its own thread. They
// throw nothing but bad_alloc. Contract of each: broker::SessionStore. Private to store/.

#include "broker/ports.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace berth::store {

class Connection;

Result<broker::InsertOutcome>
insert_session(Connection& connection, session::Session session, const broker::EventRecord& event);
Result<std::int64_t> update_session(
    Connection& connection,
    const session::Session& session,
    const std::optional<broker::EventRecord>& event
);
Result<std::optional<session::Session>> find_session(Connection& connection, const SessionId& id);
Result<std::vector<session::Session>> load_live_sessions(Connection& connection);
Result<std::vector<session::Session>> list_ended_sessions(
    Connection& connection,
    const std::string& realm,
    const std::string& subject,
    int limit,
    const std::optional<broker::EndedCursor>& after
);
Result<std::int64_t> append_event(Connection& connection, const broker::EventRecord& event);
Result<std::vector<broker::EventRecord>>
list_events(Connection& connection, std::int64_t after, int limit);
Result<std::vector<broker::EventRecord>>
list_host_events(Connection& connection, const HostId& host, broker::HostNews which, int limit);
Result<int> prune_sessions(Connection& connection, TimePoint older_than);
Status check_database(Connection& connection);

} // namespace berth::store
