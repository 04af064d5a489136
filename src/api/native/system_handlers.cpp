// SPDX-License-Identifier: Apache-2.0
#include "api/native/native_api.hpp"

#include <boost/json/array.hpp>

namespace berth::api::native {
namespace json = boost::json;

std::vector<http::Route> NativeApi::monitor_routes() {
    return {
        {"GET", "/healthz", http::Access{"public"}, [this](Request& request) { return health(request); }},
        {"GET", "/readyz", http::Access{"public"}, [this](Request& request) { return ready(request); }},
        {"GET", "/metrics", http::Access{"public"}, [this](Request& request) { return metrics(request); }},
    };
}

net::Task<http::Response> NativeApi::health(Request&) {
    co_return Response{200, "ok\n", "text/plain; charset=utf-8"};
}

net::Task<http::Response> NativeApi::ready(Request& request) {
    auto store = co_await parts_.store.check();
    auto has_host = parts_.hosts.is_any_up();
    auto is_ready = store && has_host;
    if (request.header("Accept").find("application/json") != std::string_view::npos) {
        json::object body{{"ready", is_ready}, {"checks", json::object{{"database", store.has_value()}, {"hosts", has_host}}}};
        co_return json_answer(is_ready ? 200 : 503, body);
    }
    std::string text = std::string{store ? "ok  " : "FAIL"} + " database\n" + (has_host ? "ok  " : "FAIL") + " at least one host\n";
    co_return Response{is_ready ? 200 : 503, std::move(text), "text/plain; charset=utf-8"};
}

net::Task<http::Response> NativeApi::version(Request&) {
    json::object body{{"name", "berth"}, {"version", config_.version}, {"commit", config_.commit}};
    co_return json_answer(200, body);
}

net::Task<http::Response> NativeApi::metrics(Request&) {
    co_return Response{200, parts_.metrics.text(), std::string{metrics::text_content_type}};
}

net::Task<http::Response> NativeApi::unknown_path(Request& request) {
    co_return problem(Error{Errc::not_found, "no such path"}, request);
}

net::Task<http::Response> NativeApi::openapi(Request&) {
    co_return Response{200, config_.openapi, "application/json"};
}

} // namespace berth::api::native
