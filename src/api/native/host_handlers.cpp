// SPDX-License-Identifier: Apache-2.0
#include "api/native/errors.hpp"
#include "api/native/host_body.hpp"
#include "api/native/native_api.hpp"
#include "http/sse.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace berth::api::native {
namespace json = boost::json;

namespace {

HostId host_of(const http::Request& request) { return HostId{std::string{request.path_value("name")}}; }

// Whether anybody still listens is seen by the connection.
net::Task<void> write_step(http::BodyWriter& writer, broker::TestStep step) {
    auto text = http::encode_event(0, "step", json::serialize(step_json(step)));
    static_cast<void>(co_await writer.write(text));
}

} // namespace

http::Response NativeApi::host_answer(int status, const HostId& id, const Request& request) const {
    auto host = parts_.host_service.find(caller(request), id);
    if (!host) return problem(host.error(), request);
    return json_answer(status, host_json(**host, parts_.sessions.catalog(), parts_.host_service));
}

// What the request asked for was done, or why not.
http::Response NativeApi::host_done(const Status& done, const HostId& id, const Request& request) const {
    return done ? host_answer(200, id, request) : problem(done.error(), request);
}

net::Task<http::Response> NativeApi::list_hosts(Request& request) {
    auto hosts = parts_.host_service.list(caller(request));
    if (!hosts) co_return problem(hosts.error(), request);
    json::array items;
    for (const auto* host : *hosts) items.push_back(host_json(*host, parts_.sessions.catalog(), parts_.host_service));
    json::object body{{"items", std::move(items)}};
    co_return json_answer(200, body);
}

net::Task<http::Response> NativeApi::get_host(Request& request) {
    co_return host_answer(200, host_of(request), request);
}

net::Task<http::Response> NativeApi::add_host(Request& request) {
    auto body = Body::parse(request);
    if (!body) co_return problem(body.error(), request);
    broker::HostDefinition definition;
    definition.origin = broker::HostOrigin::added;
    definition.name = HostId{body->required_text("name")};
    definition.endpoint = body->required_text("endpoint");
    read_host_members(*body, definition);
    auto key = body->text("accept_host_key").value_or("");
    if (!key.empty() && !is_fingerprint(key)) body->complain("accept_host_key", "must be SHA256: and 43 characters");
    auto fine = body->finish();
    // An empty address means "as the docker command would choose", which is for the file alone.
    if (fine && definition.endpoint.empty())
        fine = Error{Errc::invalid_input, "endpoint"}.with_field("/endpoint", "must not be empty");
    if (fine) fine = parts_.host_tools.check(definition);
    if (!fine) co_return problem(fine.error(), request);
    auto id = definition.name;
    auto adding = parts_.host_service.add(caller(request), std::move(definition), std::move(key), request.deadline);
    auto added = co_await std::move(adding);
    if (!added) co_return problem(added.error(), request);
    if (!added->is_added) co_return unknown_key(added->access, request);
    auto answer = host_answer(201, id, request);
    answer.headers.emplace_back("Location", "/api/v1/hosts/" + id.str());
    co_return answer;
}

http::Response NativeApi::unknown_key(const broker::HostAccess& access, const Request& request) const {
    auto code = access.key == broker::KeyStatus::changed ? Errc::host_key_changed : Errc::host_key_unknown;
    Error error{code, "the machine shows " + access.key_type + " " + access.fingerprint};
    auto is_staff = access::may(caller(request), access::Action::see_hosts).has_value();
    json::object more{{"host_key", shown_key_json(access)}};
    return native::problem(error, request, is_staff, std::move(more));
}

net::Task<http::Response> NativeApi::change_host(Request& request) {
    auto host = parts_.host_service.find(caller(request), host_of(request));
    if (!host) co_return problem(host.error(), request);
    auto body = Body::parse(request);
    if (!body) co_return problem(body.error(), request);
    auto definition = (*host)->definition;
    read_host_members(*body, definition);
    auto fine = body->finish();
    if (fine) fine = parts_.host_tools.check(definition);
    if (!fine) co_return problem(fine.error(), request);
    auto id = definition.name;
    auto changing = parts_.host_service.change(caller(request), std::move(definition));
    auto done = co_await std::move(changing);
    co_return host_done(done, id, request);
}

net::Task<http::Response> NativeApi::remove_host(Request& request) {
    auto removed = co_await parts_.host_service.remove(caller(request), host_of(request));
    if (!removed) co_return problem(removed.error(), request);
    co_return Response{204, "", ""};
}

net::Task<http::Response> NativeApi::set_host_mode(Request& request, broker::HostMode mode) {
    auto body = Body::parse(request, true);
    if (!body) co_return problem(body.error(), request);
    auto record = read_mode(*body, mode);
    if (auto fine = body->finish(); !fine) co_return problem(fine.error(), request);
    auto id = host_of(request);
    auto setting = parts_.host_service.set_mode(caller(request), id, std::move(record));
    auto done = co_await std::move(setting);
    co_return host_done(done, id, request);
}

net::Task<http::Response> NativeApi::host_history(Request& request) {
    auto host = parts_.host_service.find(caller(request), host_of(request));
    if (!host) co_return problem(host.error(), request);
    co_return json_answer(200, history_json(**host));
}

net::Task<http::Response> NativeApi::host_events(Request& request) {
    auto limit = number_of(request.query_value("limit").value_or("50"), 1, 200);
    if (!limit) co_return problem(Error{Errc::invalid_input, "limit"}.with_field("?limit", "must be 1 to 200"), request);
    auto sessions = request.query_value("sessions").value_or("notable");
    if (sessions != "notable" && sessions != "all")
        co_return problem(Error{Errc::invalid_input, "sessions"}.with_field("?sessions", "notable or all"), request);
    auto which = sessions == "all" ? broker::HostNews::all : broker::HostNews::notable;
    auto reading = parts_.host_service.events(caller(request), host_of(request), which, *limit);
    auto events = co_await std::move(reading);
    if (!events) co_return problem(events.error(), request);
    json::array items;
    for (const auto& event : *events) items.push_back(host_event_json(event));
    json::object body{{"items", std::move(items)}};
    co_return json_answer(200, body);
}

// The steps at the end, or each when it is known for who asks for a stream.
net::Task<http::Response> NativeApi::test_host(Request& request) {
    auto id = host_of(request);
    if (auto host = parts_.host_service.find(caller(request), id); !host) co_return problem(host.error(), request);
    if (request.header("Accept").find("text/event-stream") == std::string_view::npos) {
        auto testing = test_answer(request, {});
        co_return co_await std::move(testing);
    }
    auto copy = std::make_shared<Request>(request);
    co_return http::event_stream([this, copy](http::BodyWriter& writer) { return stream_test(writer, copy); });
}

net::Task<http::Response> NativeApi::test_answer(const Request& request, broker::TellStep tell) {
    auto id = host_of(request);
    auto testing = parts_.host_service.test(caller(request), id, std::move(tell), request.deadline);
    auto tested = co_await std::move(testing);
    if (!tested) co_return problem(tested.error(), request);
    auto host = parts_.host_service.find(caller(request), id);
    if (!host) co_return problem(host.error(), request);
    json::object body{{"steps", steps_json(tested->steps)},
                      {"host", host_json(**host, parts_.sessions.catalog(), parts_.host_service)}};
    co_return json_answer(200, body);
}

net::Task<void> NativeApi::stream_test(http::BodyWriter& writer, std::shared_ptr<Request> request) {
    broker::TellStep tell = [&writer](broker::TestStep step) { return write_step(writer, std::move(step)); };
    auto answering = test_answer(*request, std::move(tell));
    auto answer = co_await std::move(answering);
    auto last = http::encode_event(0, answer.status == 200 ? "done" : "problem", answer.body);
    static_cast<void>(co_await writer.write(last));
}

net::Task<http::Response> NativeApi::accept_host_key(Request& request) {
    auto body = Body::parse(request);
    if (!body) co_return problem(body.error(), request);
    auto fingerprint = body->required_text("fingerprint");
    if (!fingerprint.empty() && !is_fingerprint(fingerprint)) body->complain("fingerprint", "must be SHA256: and 43 characters");
    if (auto fine = body->finish(); !fine) co_return problem(fine.error(), request);
    auto id = host_of(request);
    auto accepting = parts_.host_service.accept_key(caller(request), id, std::move(fingerprint), request.deadline);
    auto done = co_await std::move(accepting);
    co_return host_done(done, id, request);
}

net::Task<http::Response> NativeApi::pull_image(Request& request) {
    auto body = Body::parse(request);
    if (!body) co_return problem(body.error(), request);
    TemplateName name{body->required_text("template")};
    if (auto fine = body->finish(); !fine) co_return problem(fine.error(), request);
    const auto* chosen = parts_.sessions.catalog().find(name);
    if (!chosen) co_return problem(Error{Errc::not_found, "template", "There is no such template."}, request);
    auto id = host_of(request);
    auto pulling = parts_.host_service.pull(caller(request), id, chosen->spec.image);
    auto begun = co_await std::move(pulling);
    if (!begun) co_return problem(begun.error(), request);
    co_return host_answer(202, id, request);
}

net::Task<http::Response> NativeApi::ssh_key(Request&) {
    auto key = co_await parts_.host_tools.public_key();
    json::object body{{"public_key", key.empty() ? json::value(nullptr) : json::value(key)}};
    co_return json_answer(200, body);
}

} // namespace berth::api::native
