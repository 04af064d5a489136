// SPDX-License-Identifier: Apache-2.0
#include "api/native/body.hpp"
#include "api/native/native_api.hpp"
#include "api/native/page_cursor.hpp"

#include <boost/json/array.hpp>

namespace berth::api::native {
namespace json = boost::json;

namespace {

const Error no_such_session{Errc::not_found, "session id", "There is no such desktop."};

} // namespace

json::object NativeApi::view(const session::Session& session, const Reader& reader) const {
    HostNow host;
    if (session.host && session::is_live(session)) {
        host.is_reachable = parts_.hosts.is_reachable(*session.host);
        if (const auto* entry = parts_.hosts.find(*session.host)) host.mode = &entry->mode;
    }
    return session_json(session, parts_.sessions.catalog(), parts_.sessions.place_of(session.id), host, reader, parts_.clock.now());
}

http::Response NativeApi::session_answer(int status, const session::Session& session, const Request& request) const {
    return json_answer(status, view(session, reader(request)));
}

net::Task<http::Response> NativeApi::list_templates(Request&) {
    json::array items;
    for (const auto& one : parts_.sessions.catalog().all()) {
        if (!one.is_enabled) continue;
        auto whole = broker::complete(one, parts_.hosts.facts_of(one.spec.image));
        auto typical = parts_.sessions.typical_start(one.name);
        items.push_back(template_json(whole, parts_.sessions.availability_of(one), typical));
    }
    json::object body{{"items", std::move(items)}};
    co_return json_answer(200, body);
}

net::Task<http::Response> NativeApi::create_session(Request& request) {
    auto body = Body::parse(request);
    if (!body) co_return problem(body.error(), request);
    broker::CreateSession command;
    command.template_name = TemplateName{body->required_text("template")};
    command.slot = body->text("slot").value_or("");
    command.name = body->text("name").value_or("");
    command.resolution = body->text("resolution").value_or("");
    command.idempotency_key = request.header("Idempotency-Key");
    if (auto fine = body->finish(); !fine) co_return problem(fine.error(), request);
    auto creating = parts_.sessions.create(caller(request), std::move(command), request.deadline);
    auto created = co_await std::move(creating);
    if (!created) co_return problem(created.error(), request);
    auto answer = session_answer(created->is_new ? 202 : 200, created->session, request);
    answer.headers.emplace_back("Location", "/api/v1/sessions/" + created->session.id.str());
    co_return answer;
}

net::Task<http::Response> NativeApi::list_sessions(Request& request) {
    auto state = request.query_value("state").value_or("live");
    auto owner = request.query_value("owner").value_or("me");
    auto limit = number_of(request.query_value("limit").value_or("100"), 1, 500);
    auto after_text = request.query_value("after");
    auto after = after_text ? parse_cursor(*after_text) : std::nullopt;
    auto is_known = (state == "live" || state == "ended" || state == "all") && (owner == "me" || owner == "all");
    if (!is_known || !limit || (after_text && !after))
        co_return problem(Error{Errc::invalid_input, "query", "The query is not valid."}, request);
    auto everybody = owner == "all";
    json::array items;
    json::value next = nullptr;
    auto who = reader(request);
    if (state != "ended" && !after) {
        auto live = parts_.sessions.list_live(caller(request), everybody);
        if (!live) co_return problem(live.error(), request);
        for (const auto& one : *live) items.push_back(view(one, who));
    }
    if (state != "live") {
        auto listing = parts_.sessions.list_ended(caller(request), everybody, *limit, after);
        auto ended = co_await std::move(listing);
        if (!ended) co_return problem(ended.error(), request);
        for (const auto& one : *ended) items.push_back(view(one, who));
        if (static_cast<int>(ended->size()) == *limit && ended->back().ended_at) {
            const broker::EndedCursor last{*ended->back().ended_at, ended->back().id};
            next = json::string(cursor_text(last));
        }
    }
    json::object body{{"items", std::move(items)}, {"next", next}};
    co_return json_answer(200, body);
}

net::Task<http::Response> NativeApi::get_session(Request& request) {
    auto id = parse_session_id(request.path_value("id"));
    if (!id) co_return problem(no_such_session, request);
    auto found = co_await parts_.sessions.find(caller(request), *id);
    if (!found) co_return problem(found.error(), request);
    co_return session_answer(200, *found, request);
}

net::Task<http::Response> NativeApi::extend_session(Request& request) {
    auto id = parse_session_id(request.path_value("id"));
    if (!id) co_return problem(no_such_session, request);
    auto body = Body::parse(request, true);
    if (!body) co_return problem(body.error(), request);
    if (auto fine = body->finish(); !fine) co_return problem(fine.error(), request);
    auto extended = co_await parts_.sessions.extend(caller(request), *id);
    if (!extended) co_return problem(extended.error(), request);
    co_return session_answer(200, *extended, request);
}

net::Task<http::Response> NativeApi::stop_session(Request& request) {
    auto id = parse_session_id(request.path_value("id"));
    if (!id) co_return problem(no_such_session, request);
    auto stopped = co_await parts_.sessions.stop(caller(request), *id);
    if (!stopped) co_return problem(stopped.error(), request);
    co_return session_answer(session::is_live(*stopped) ? 202 : 200, *stopped, request);
}

net::Task<http::Response> NativeApi::create_ticket(Request& request) {
    auto id = parse_session_id(request.path_value("id"));
    if (!id) co_return problem(no_such_session, request);
    auto body = Body::parse(request, true);
    if (!body) co_return problem(body.error(), request);
    auto endpoint = body->text("endpoint").value_or("");
    auto rights_text = body->text("rights").value_or("control");
    if (rights_text != "control" && rights_text != "view") body->complain("rights", "must be control or view");
    if (auto fine = body->finish(); !fine) co_return problem(fine.error(), request);
    auto rights = rights_text == "view" ? session::Rights::view : session::Rights::control;
    session::Endpoint granted;
    auto ticket = parts_.sessions.grant_ticket(caller(request), *id, endpoint, rights, &granted);
    if (!ticket) co_return problem(ticket.error(), request);
    json::object answer{{"ticket", ticket->text}, {"endpoint", granted.name},
                        {"protocol", session::name_of(granted.protocol)}, {"rights", rights_text},
                        {"expires_at", format_rfc3339(ticket->expires_at)},
                        {"websocket_path", nullptr}, {"enter_url", nullptr}};
    if (granted.protocol == session::Protocol::rfb) answer["websocket_path"] = "/gateway/rfb";
    if (granted.protocol == session::Protocol::web) {
        auto colon = request.host.rfind(':');
        auto port = colon == std::string::npos ? "" : request.host.substr(colon);
        answer["enter_url"] = (request.is_secure ? "https://" : "http://") + id->str() + "." + config_.apps_domain + port
                            + "/.berth/enter";
    }
    co_return json_answer(201, answer);
}

net::Task<http::Response> NativeApi::session_logs(Request& request) {
    auto id = parse_session_id(request.path_value("id"));
    if (!id) co_return problem(no_such_session, request);
    auto lines = number_of(request.query_value("tail").value_or("200"), 1, 5000);
    if (!lines) co_return problem(Error{Errc::invalid_input, "tail"}.with_field("?tail", "1 to 5000"), request);
    auto reading = parts_.sessions.logs(caller(request), *id, *lines, request.deadline);
    auto text = co_await std::move(reading);
    if (!text) co_return problem(text.error(), request);
    json::array list;
    for (auto& line : *text) list.push_back(json::string(line));
    json::object body{{"lines", std::move(list)}};
    co_return json_answer(200, body);
}

} // namespace berth::api::native
