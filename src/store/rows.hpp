// SPDX-License-Identifier: Apache-2.0
#pragma once
// Between our values and what a table holds. Decoding is strict: an unknown word, a missing, extra
// or ill-typed JSON member is an error that names the place and never the content. Private to
// store/.

#include "broker/accounts.hpp"
#include "session/session.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::store {

// One row of `sessions`; members in the order of session_columns (sessions_sql.cpp).
struct SessionRow {
    std::string id;
    long long version = 0;
    long long generation = 0;
    std::string realm, subject, slot, requested_by, template_name, name, spec, policy;
    std::string idempotency_key, state;
    long long created_at = 0;
    long long state_since = 0;
    std::string stages;
    std::optional<long long> start_deadline, ready_at, ended_at;
    std::optional<std::string> host;
    std::string placement_note;
    std::optional<std::string> container;
    std::optional<long long> lease_end;
    long long extensions_used = 0;
    long long last_input_at = 0;
    std::optional<long long> disconnected_since;
    std::optional<std::string> end_reason, end_code;
    std::string end_message, end_detail;
    std::optional<std::string> end_stage;
    long long stop_attempts = 0;
    std::optional<long long> retry_at;
    long long holds_slot = 0;
    std::string placement, attempts, engine_id, placement_labels, pool;
    long long is_paused = 0;
};

SessionRow encode_session(const session::Session& session);
// Errors: internal, with the session's id and the column.
Result<session::Session> decode_session(const SessionRow& row);

std::string encode_spec(const session::Spec& spec);
Result<session::Spec> decode_spec(std::string_view text);
std::string encode_policy(const session::LeasePolicy& policy);
Result<session::LeasePolicy> decode_policy(std::string_view text);
std::string encode_texts(const std::vector<std::string>& texts);
Result<std::vector<std::string>> decode_texts(std::string_view text);

long long to_number(TimePoint time);
std::optional<long long> to_number(const std::optional<TimePoint>& time);
TimePoint to_time(long long number);
std::optional<TimePoint> to_time(const std::optional<long long>& number);

} // namespace berth::store
