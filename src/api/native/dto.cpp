// SPDX-License-Identifier: Apache-2.0
#include "api/native/dto.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace berth::api::native {
namespace json = boost::json;
using session::Session;

namespace {

// Stands between the queue and the creation while the image is fetched.
json::object preparing_json() {
    return json::object{{"name", "preparing"}, {"state", "active"}, {"started_at", nullptr}, {"ended_at", nullptr}};
}

json::array stages_json(const Session& s, bool is_pulling, bool is_staff) {
    json::array stages;
    auto has_failed = s.end && s.end->reason == session::EndReason::failed;
    for (std::size_t i = 0; i < session::stage_count; ++i) {
        auto stage = static_cast<session::Stage>(i);
        const auto& time = s.stages[i];
        std::string_view state = "pending";
        if (has_failed && s.end->stage == stage) state = "failed";
        else if (time.ended_at) state = "done";
        else if (time.started_at) state = "active";
        json::object one{{"name", session::name_of(stage)}, {"state", state},
                         {"started_at", time_json(time.started_at)}, {"ended_at", time_json(time.ended_at)}};
        if (is_staff && stage == session::Stage::queued && !s.placement_note.empty())
            one["detail"] = s.placement_note;
        stages.push_back(std::move(one));
        if (is_pulling && stage == session::Stage::queued) stages.push_back(preparing_json());
    }
    return stages;
}

json::value end_json(const Session& s, bool is_staff) {
    if (!s.end) return nullptr;
    json::object end{{"reason", session::name_of(s.end->reason)}, {"message", s.end->message}};
    end["code"] = s.end->code ? json::value(name_of(*s.end->code)) : json::value(nullptr);
    if (s.end->stage) end["stage"] = session::name_of(*s.end->stage);
    if (is_staff && !s.end->detail.empty()) end["detail"] = s.end->detail;
    return end;
}

json::array endpoints_json(const std::vector<session::Endpoint>& endpoints) {
    json::array list;
    for (const auto& endpoint : endpoints)
        list.push_back(json::object{{"name", endpoint.name}, {"protocol", session::name_of(endpoint.protocol)}});
    return list;
}

bool is_pulling(const std::optional<broker::QueuePlace>& place) {
    return place && place->reason == broker::WaitReason::pulling;
}

json::value queue_json(const std::optional<broker::QueuePlace>& place) {
    if (!place) return nullptr;
    json::object queue{{"position", place->position}};
    queue["estimate_s"] = place->estimate ? json::value(place->estimate->count()) : json::value(nullptr);
    queue["reason"] = broker::name_of(place->reason);
    queue["pull"] = place->pull ? pull_json(*place->pull) : json::value(nullptr);
    return queue;
}

json::array attempts_json(const Session& s, bool is_staff) {
    json::array list;
    for (const auto& attempt : s.attempts) {
        json::object one{{"at", format_rfc3339(attempt.at)}, {"stage", session::name_of(attempt.stage)}};
        if (is_staff) {
            one["host"] = attempt.host.str();
            one["code"] = name_of(attempt.code);
            one["detail"] = attempt.detail;
        }
        list.push_back(std::move(one));
    }
    return list;
}

json::array placement_json(const Session& s) {
    json::array list;
    for (const auto& one : s.placement) {
        auto is_candidate = one.score != 0;
        list.push_back(json::object{{"host", one.host.str()}, {"verdict", one.verdict},
                                    {"score", is_candidate ? json::value(one.score) : json::value(nullptr)}, {"text", one.text}});
    }
    return list;
}

// The end that was announced for those who are on its host.
std::optional<TimePoint> announced_end(const Session& s, const HostNow& host) {
    if (s.end || !host.mode || host.mode->mode != broker::HostMode::draining) return std::nullopt;
    return host.mode->until;
}

std::optional<TimePoint> earliest(const std::optional<TimePoint>& one, const std::optional<TimePoint>& other) {
    if (!one || !other) return one ? one : other;
    return std::min(*one, *other);
}

json::value notice_json(const Session& s, const HostNow& host, const std::optional<TimePoint>& announced) {
    auto has_words = host.mode && !host.mode->message.empty();
    if (s.end || (!has_words && !announced)) return nullptr;
    return json::object{{"message", host.mode->message}, {"ends_at", time_json(announced)}};
}

json::array strings_json(const std::vector<std::string>& texts) {
    json::array list;
    for (const auto& text : texts) list.push_back(json::string(text));
    return list;
}

} // namespace

json::value time_json(const std::optional<TimePoint>& time) {
    return time ? json::value(format_rfc3339(*time)) : json::value(nullptr);
}

Reader reader_of(const access::Caller& caller, bool shows_host) {
    Reader reader;
    reader.realm = caller.realm;
    reader.subject = caller.subject;
    reader.is_staff = access::may(caller, access::Action::see_hosts).has_value();
    reader.shows_host = shows_host;
    return reader;
}

json::object session_json(
    const Session& s, const broker::Catalog& catalog, const std::optional<broker::QueuePlace>& place,
    const HostNow& host, const Reader& reader, TimePoint now
) {
    const auto* chosen = catalog.find(s.template_name);
    json::object out;
    out["id"] = s.id.str();
    out["template"] = s.template_name.str();
    out["title"] = chosen ? chosen->title : s.template_name.str();
    out["name"] = s.name;
    out["owner"] = json::object{{"realm", s.owner.realm}, {"subject", s.owner.subject}, {"slot", s.owner.slot}, {"name", s.requested_by}};
    out["mine"] = s.owner.realm == reader.realm && s.owner.subject == reader.subject;
    out["state"] = session::name_of(s.state);
    out["condition"] = host.is_reachable ? "ok" : "unknown";
    out["stages"] = stages_json(s, is_pulling(place), reader.is_staff);
    out["queue"] = queue_json(place);
    auto sees_host = s.host && (reader.is_staff || reader.shows_host);
    out["host"] = sees_host ? json::value(s.host->str()) : json::value(nullptr);
    out["attempts"] = attempts_json(s, reader.is_staff);
    if (reader.is_staff) out["placement"] = placement_json(s);
    out["created_at"] = format_rfc3339(s.created_at);
    out["ready_at"] = time_json(s.ready_at);
    out["ended_at"] = time_json(s.ended_at);
    out["now"] = format_rfc3339(now);
    out["deadline"] = time_json(s.lease_end);
    auto announced = announced_end(s, host);
    out["ends_at"] = time_json(earliest(session::ends_at(s), announced));
    out["notice"] = notice_json(s, host, announced);
    out["lease"] = json::object{{"extension_s", s.policy.extension.count()},
                                {"extensions_used", s.extensions_used},
                                {"extensions_left", session::extensions_left(s)},
                                {"hard_limit_at", time_json(session::hard_limit(s))}};
    out["idle"] = json::object{{"limit_s", s.policy.idle.count()}, {"deadline", time_json(session::idle_deadline(s))}};
    out["disconnected"] = json::object{{"limit_s", s.policy.disconnected.count()},
                                       {"deadline", time_json(session::disconnected_deadline(s))}};
    out["viewers"] = json::object{{"control", s.control_viewers}, {"view", s.view_viewers}};
    out["endpoints"] = endpoints_json(s.spec.endpoints);
    out["end"] = end_json(s, reader.is_staff);
    return out;
}

json::object template_json(
    const broker::Template& one, const broker::Availability& availability, std::optional<Milliseconds> typical_start
) {
    json::object out;
    out["name"] = one.name.str();
    out["title"] = one.title.empty() ? one.name.str() : one.title;
    out["description"] = one.description;
    out["icon"] = one.icon;
    out["tags"] = strings_json(one.tags);
    out["endpoints"] = endpoints_json(one.spec.endpoints);
    out["resolutions"] = strings_json(one.resolutions);
    out["lease"] = json::object{
        {"initial_s", one.lease.initial.count()},     {"extension_s", one.lease.extension.count()},
        {"max_extensions", one.lease.max_extensions}, {"max_total_s", one.lease.max_total.count()},
        {"idle_s", one.lease.idle.count()},           {"disconnected_s", one.lease.disconnected.count()},
        {"grace_s", one.lease.grace.count()}};
    json::object state;
    if (!availability.code) {
        state["state"] = "available";
    } else {
        state["state"] = *availability.code == Errc::host_unreachable ? "unknown" : "unavailable";
        state["code"] = name_of(*availability.code);
        state["reason"] = availability.reason;
    }
    out["availability"] = std::move(state);
    out["typical_start_ms"] = typical_start ? json::value(typical_start->count()) : json::value(nullptr);
    return out;
}

json::object account_json(const broker::Account& account) {
    return json::object{{"username", account.username}, {"role", access::name_of(account.role)},
                        {"disabled", account.is_disabled}, {"created_at", format_rfc3339(account.created_at)},
                        {"last_login_at", time_json(account.last_login_at)}};
}

json::object token_json(const broker::Credential& token) {
    return json::object{{"id", token.id}, {"name", token.name}, {"scopes", strings_json(token.scopes)},
                        {"created_at", format_rfc3339(token.created_at)}, {"expires_at", time_json(token.expires_at)},
                        {"last_used_at", time_json(token.last_used_at)}};
}

} // namespace berth::api::native
