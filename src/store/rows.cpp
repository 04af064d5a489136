// SPDX-License-Identifier: Apache-2.0
#include "store/rows.hpp"

#include "store/json_reader.hpp"

#include <boost/json/serialize.hpp>

namespace berth::store {
namespace {

namespace json = boost::json;
using session::Endpoint, session::LeasePolicy, session::Session, session::Spec, session::StageTime;

json::value json_of(const std::optional<TimePoint>& time) {
    return time ? json::value(static_cast<std::int64_t>(to_number(*time))) : json::value(nullptr);
}

json::array json_of(const std::vector<std::string>& texts) {
    json::array array;
    for (const auto& text : texts)
        array.emplace_back(text);
    return array;
}

std::optional<TimePoint>
time_of(JsonReader& reader, const json::value& value, std::string_view where) {
    if (value.is_null()) return std::nullopt;
    return to_time(reader.number<long long>(value, where));
}

std::vector<std::string>
texts_of(JsonReader& reader, const json::value& value, std::string_view where) {
    std::vector<std::string> texts;
    for (const auto& item : reader.array(value, where))
        texts.push_back(reader.text(item, where));
    return texts;
}

std::string encode_stages(const std::array<StageTime, session::stage_count>& stages) {
    json::array array;
    for (const auto& stage : stages) {
        json::array pair;
        pair.emplace_back(json_of(stage.started_at));
        pair.emplace_back(json_of(stage.ended_at));
        array.emplace_back(std::move(pair));
    }
    return json::serialize(array);
}

Result<std::array<StageTime, session::stage_count>> decode_stages(std::string_view text) {
    JsonReader reader;
    std::array<StageTime, session::stage_count> stages;
    auto value = reader.parse(text);
    const auto& array = reader.array(value, "");
    if (array.size() != stages.size()) reader.fail("", "wrong number of stages");
    for (std::size_t i = 0; i < stages.size() && !reader.has_failed(); ++i) {
        const auto& pair = reader.array(array[i], "stage");
        if (pair.size() != 2) {
            reader.fail("stage", "not a pair");
            break;
        }
        stages[i].started_at = time_of(reader, pair[0], "started_at");
        stages[i].ended_at = time_of(reader, pair[1], "ended_at");
    }
    if (reader.has_failed()) return reader.error();
    return stages;
}

json::array json_of(const std::vector<Endpoint>& endpoints) {
    json::array array;
    for (const auto& endpoint : endpoints) {
        json::object object;
        object["name"] = endpoint.name;
        object["protocol"] = word_of(endpoint.protocol);
        object["port"] = static_cast<std::int64_t>(endpoint.port);
        array.emplace_back(std::move(object));
    }
    return array;
}

std::vector<Endpoint> endpoints_of(JsonReader& reader, const json::value& value) {
    std::vector<Endpoint> endpoints;
    for (const auto& item : reader.array(value, "endpoints")) {
        const auto& object = reader.object(item, 3);
        Endpoint endpoint;
        endpoint.name = reader.text(reader.member(object, "name"), "endpoints.name");
        endpoint.protocol =
            reader.word<session::Protocol>(reader.member(object, "protocol"), "endpoints.protocol");
        endpoint.port =
            reader.number<std::uint16_t>(reader.member(object, "port"), "endpoints.port");
        endpoints.push_back(std::move(endpoint));
    }
    return endpoints;
}

std::map<std::string, std::string>
pairs_of(JsonReader& reader, const json::value& value, std::string_view where) {
    std::map<std::string, std::string> pairs;
    const auto* object = value.if_object();
    if (object == nullptr) {
        reader.fail(where, "not an object");
        return pairs;
    }
    for (const auto& item : *object)
        pairs[std::string{item.key()}] = reader.text(item.value(), where);
    return pairs;
}

json::object json_of(const std::map<std::string, std::string>& pairs) {
    json::object object;
    for (const auto& [name, value] : pairs)
        object[name] = value;
    return object;
}

Result<std::map<std::string, std::string>> decode_pairs(std::string_view text) {
    JsonReader r;
    auto value = r.parse(text);
    auto pairs = pairs_of(r, value, "");
    if (r.has_failed()) return r.error();
    return pairs;
}

std::string encode_placement(const std::vector<session::Considered>& hosts) {
    json::array array;
    for (const auto& one : hosts) {
        json::object object;
        object["host"] = one.host.str();
        object["verdict"] = one.verdict;
        object["score"] = one.score;
        object["text"] = one.text;
        array.emplace_back(std::move(object));
    }
    return json::serialize(array);
}

Result<std::vector<session::Considered>> decode_placement(std::string_view text) {
    JsonReader r;
    std::vector<session::Considered> hosts;
    auto value = r.parse(text);
    for (const auto& item : r.array(value, "")) {
        const auto& object = r.object(item, 4);
        session::Considered one;
        one.host = HostId{r.text(r.member(object, "host"), "host")};
        one.verdict = r.text(r.member(object, "verdict"), "verdict");
        one.score = r.real(r.member(object, "score"), "score");
        one.text = r.text(r.member(object, "text"), "text");
        hosts.push_back(std::move(one));
    }
    if (r.has_failed()) return r.error();
    return hosts;
}

std::string encode_attempts(const std::vector<session::Attempt>& attempts) {
    json::array array;
    for (const auto& one : attempts) {
        json::object object;
        object["host"] = one.host.str();
        object["generation"] = static_cast<std::int64_t>(one.generation);
        object["code"] = name_of(one.code);
        object["detail"] = one.detail;
        object["stage"] = word_of(one.stage);
        object["at"] = static_cast<std::int64_t>(to_number(one.at));
        array.emplace_back(std::move(object));
    }
    return json::serialize(array);
}

Result<std::vector<session::Attempt>> decode_attempts(std::string_view text) {
    JsonReader r;
    std::vector<session::Attempt> attempts;
    auto value = r.parse(text);
    for (const auto& item : r.array(value, "")) {
        const auto& object = r.object(item, 6);
        session::Attempt one;
        one.host = HostId{r.text(r.member(object, "host"), "host")};
        one.generation = r.number<int>(r.member(object, "generation"), "generation");
        auto code = errc_from(r.text(r.member(object, "code"), "code"));
        if (!code) r.fail("code", "unknown word");
        one.code = code.value_or(Errc::internal);
        one.detail = r.text(r.member(object, "detail"), "detail");
        one.stage = r.word<session::Stage>(r.member(object, "stage"), "stage");
        one.at = to_time(r.number<long long>(r.member(object, "at"), "at"));
        attempts.push_back(std::move(one));
    }
    if (r.has_failed()) return r.error();
    return attempts;
}

void encode_end(const std::optional<session::End>& end, SessionRow& row) {
    if (!end) return;
    row.end_reason = word_of(end->reason);
    if (end->code) row.end_code = name_of(*end->code);
    row.end_message = end->message;
    row.end_detail = end->detail;
    if (end->stage) row.end_stage = word_of(*end->stage);
}

void decode_end(JsonReader& reader, const SessionRow& row, Session& session) {
    if (!row.end_reason) {
        if (row.end_code || row.end_stage) reader.fail("end_reason", "missing");
        return;
    }
    session::End end;
    end.reason = reader.word<session::EndReason>(std::string_view{*row.end_reason}, "end_reason");
    if (row.end_code) {
        end.code = errc_from(*row.end_code);
        if (!end.code) reader.fail("end_code", "unknown word");
    }
    end.message = row.end_message;
    end.detail = row.end_detail;
    if (row.end_stage)
        end.stage = reader.word<session::Stage>(std::string_view{*row.end_stage}, "end_stage");
    session.end = std::move(end);
}

template <class T>
T accept(JsonReader& reader, Result<T> decoded, std::string_view column) {
    if (decoded) return std::move(*decoded);
    reader.fail(column, decoded.error().operator_text());
    return T{};
}

template <class Id>
std::optional<std::string> text_of(const std::optional<Id>& id) {
    if (!id) return std::nullopt;
    return id->str();
}

int small(JsonReader& reader, long long number, std::string_view where) {
    if (number < std::numeric_limits<int>::min() || number > std::numeric_limits<int>::max())
        reader.fail(where, "out of range");
    return static_cast<int>(number);
}

void decode_times(const SessionRow& row, Session& session) {
    session.created_at = to_time(row.created_at);
    session.state_since = to_time(row.state_since);
    session.start_deadline = to_time(row.start_deadline);
    session.ready_at = to_time(row.ready_at);
    session.ended_at = to_time(row.ended_at);
    session.lease_end = to_time(row.lease_end);
    session.last_input_at = to_time(row.last_input_at);
    session.disconnected_since = to_time(row.disconnected_since);
    session.retry_at = to_time(row.retry_at);
}

} // namespace

long long to_number(TimePoint time) {
    return time.time_since_epoch().count();
}

std::optional<long long> to_number(const std::optional<TimePoint>& time) {
    if (!time) return std::nullopt;
    return to_number(*time);
}

TimePoint to_time(long long number) {
    return TimePoint{Milliseconds{number}};
}

std::optional<TimePoint> to_time(const std::optional<long long>& number) {
    if (!number) return std::nullopt;
    return to_time(*number);
}

std::string encode_texts(const std::vector<std::string>& texts) {
    return json::serialize(json_of(texts));
}

Result<std::vector<std::string>> decode_texts(std::string_view text) {
    JsonReader reader;
    auto value = reader.parse(text);
    auto texts = texts_of(reader, value, "list");
    if (reader.has_failed()) return reader.error();
    return texts;
}

std::string encode_spec(const Spec& spec) {
    json::object object;
    object["image"] = spec.image;
    object["env"] = json_of(spec.env);
    object["endpoints"] = json_of(spec.endpoints);
    object["memory_bytes"] = spec.memory_bytes;
    object["nano_cpus"] = spec.nano_cpus;
    object["pids"] = spec.pids;
    object["shm_bytes"] = spec.shm_bytes;
    object["cap_add"] = json_of(spec.cap_add);
    object["allow_new_privileges"] = spec.allow_new_privileges;
    object["network"] = word_of(spec.network);
    object["secret_delivery"] = word_of(spec.secret_delivery);
    object["secret_target"] = spec.secret_target;
    object["secret_uid"] = static_cast<std::int64_t>(spec.secret_uid);
    object["volumes"] = json_of(spec.volumes);
    return json::serialize(object);
}

Result<Spec> decode_spec(std::string_view text) {
    JsonReader r;
    auto value = r.parse(text);
    const auto& o = r.object(value, 14);
    Spec spec;
    spec.image = r.text(r.member(o, "image"), "image");
    spec.env = pairs_of(r, r.member(o, "env"), "env");
    spec.endpoints = endpoints_of(r, r.member(o, "endpoints"));
    spec.memory_bytes = r.number<std::int64_t>(r.member(o, "memory_bytes"), "memory_bytes");
    spec.nano_cpus = r.number<std::int64_t>(r.member(o, "nano_cpus"), "nano_cpus");
    spec.pids = r.number<std::int64_t>(r.member(o, "pids"), "pids");
    spec.shm_bytes = r.number<std::int64_t>(r.member(o, "shm_bytes"), "shm_bytes");
    spec.cap_add = texts_of(r, r.member(o, "cap_add"), "cap_add");
    spec.allow_new_privileges =
        r.truth(r.member(o, "allow_new_privileges"), "allow_new_privileges");
    spec.network = r.word<session::NetworkMode>(r.member(o, "network"), "network");
    spec.secret_delivery =
        r.word<session::SecretDelivery>(r.member(o, "secret_delivery"), "secret_delivery");
    spec.secret_target = r.text(r.member(o, "secret_target"), "secret_target");
    spec.secret_uid = r.number<int>(r.member(o, "secret_uid"), "secret_uid");
    spec.volumes = pairs_of(r, r.member(o, "volumes"), "volumes");
    if (r.has_failed()) return r.error();
    return spec;
}

std::string encode_policy(const LeasePolicy& policy) {
    json::object object;
    object["initial_s"] = policy.initial.count();
    object["extension_s"] = policy.extension.count();
    object["max_extensions"] = static_cast<std::int64_t>(policy.max_extensions);
    object["max_total_s"] = policy.max_total.count();
    object["idle_s"] = policy.idle.count();
    object["disconnected_s"] = policy.disconnected.count();
    object["grace_s"] = policy.grace.count();
    object["start_limit_s"] = policy.start_limit.count();
    return json::serialize(object);
}

Result<LeasePolicy> decode_policy(std::string_view text) {
    JsonReader r;
    auto value = r.parse(text);
    const auto& o = r.object(value, 8);
    auto seconds = [&](std::string_view name) {
        return Seconds{r.number<std::int64_t>(r.member(o, name), name)};
    };
    LeasePolicy policy;
    policy.initial = seconds("initial_s");
    policy.extension = seconds("extension_s");
    policy.max_extensions = r.number<int>(r.member(o, "max_extensions"), "max_extensions");
    policy.max_total = seconds("max_total_s");
    policy.idle = seconds("idle_s");
    policy.disconnected = seconds("disconnected_s");
    policy.grace = seconds("grace_s");
    policy.start_limit = seconds("start_limit_s");
    if (r.has_failed()) return r.error();
    return policy;
}

SessionRow encode_session(const Session& session) {
    SessionRow row;
    row.id = session.id.str();
    row.version = session.version;
    row.generation = session.generation;
    row.realm = session.owner.realm;
    row.subject = session.owner.subject;
    row.slot = session.owner.slot;
    row.requested_by = session.requested_by;
    row.template_name = session.template_name.str();
    row.name = session.name;
    row.spec = encode_spec(session.spec);
    row.policy = encode_policy(session.policy);
    row.idempotency_key = session.idempotency_key;
    row.state = word_of(session.state);
    row.created_at = to_number(session.created_at);
    row.state_since = to_number(session.state_since);
    row.stages = encode_stages(session.stages);
    row.start_deadline = to_number(session.start_deadline);
    row.ready_at = to_number(session.ready_at);
    row.ended_at = to_number(session.ended_at);
    row.host = text_of(session.host);
    row.placement_note = session.placement_note;
    row.container = text_of(session.container);
    row.lease_end = to_number(session.lease_end);
    row.extensions_used = session.extensions_used;
    row.last_input_at = to_number(session.last_input_at);
    row.disconnected_since = to_number(session.disconnected_since);
    encode_end(session.end, row);
    row.stop_attempts = session.stop_attempts;
    row.retry_at = to_number(session.retry_at);
    row.holds_slot = session.holds_slot ? 1 : 0;
    row.placement = encode_placement(session.placement);
    row.attempts = encode_attempts(session.attempts);
    row.engine_id = session.engine_id;
    row.placement_labels = json::serialize(json_of(session.placement_labels));
    row.pool = session.pool;
    row.is_paused = session.is_paused ? 1 : 0;
    return row;
}

Result<Session> decode_session(const SessionRow& row) {
    auto id = parse_session_id(row.id);
    if (!id) return Error{Errc::internal, "stored session: id: malformed"};
    JsonReader reader;
    Session session;
    session.id = std::move(*id);
    session.version = row.version;
    session.generation = small(reader, row.generation, "generation");
    session.owner = session::Owner{row.realm, row.subject, row.slot};
    session.requested_by = row.requested_by;
    session.template_name = TemplateName{row.template_name};
    session.name = row.name;
    session.spec = accept(reader, decode_spec(row.spec), "spec");
    session.policy = accept(reader, decode_policy(row.policy), "policy");
    session.idempotency_key = row.idempotency_key;
    session.state = reader.word<session::State>(std::string_view{row.state}, "state");
    session.stages = accept(reader, decode_stages(row.stages), "stages");
    decode_times(row, session);
    if (row.host) session.host = HostId{*row.host};
    session.placement_note = row.placement_note;
    if (row.container) session.container = ContainerId{*row.container};
    session.extensions_used = small(reader, row.extensions_used, "extensions_used");
    decode_end(reader, row, session);
    session.stop_attempts = small(reader, row.stop_attempts, "stop_attempts");
    session.holds_slot = row.holds_slot != 0;
    session.placement = accept(reader, decode_placement(row.placement), "placement");
    session.attempts = accept(reader, decode_attempts(row.attempts), "attempts");
    session.engine_id = row.engine_id;
    session.placement_labels = accept(reader, decode_pairs(row.placement_labels), "placement_labels");
    session.pool = row.pool;
    session.is_paused = row.is_paused != 0;
    if (reader.has_failed()) return Error{reader.error()}.with_context("stored session " + row.id);
    return session;
}

} // namespace berth::store
