// SPDX-License-Identifier: Apache-2.0
#include "api/native/native_api.hpp"

#include <boost/json/array.hpp>

namespace berth::api::native {
namespace json = boost::json;

net::Task<http::Response> NativeApi::list_hosts(Request&) {
    json::array items;
    for (const auto* host : parts_.hosts.all()) items.push_back(host_json(*host, parts_.sessions.catalog()));
    json::object body{{"items", std::move(items)}};
    co_return json_answer(200, body);
}

net::Task<http::Response> NativeApi::drain_host(Request& request, bool is_draining) {
    HostId id{std::string{request.path_value("name")}};
    if (auto done = parts_.hosts.set_draining(id, is_draining); !done) co_return problem(done.error(), request);
    co_return json_answer(200, host_json(*parts_.hosts.find(id), parts_.sessions.catalog()));
}

net::Task<http::Response> NativeApi::test_host(Request& request) {
    HostId id{std::string{request.path_value("name")}};
    auto checked = co_await parts_.hosts.check(id, request.deadline);
    const auto* host = parts_.hosts.find(id);
    if (!host) co_return problem(checked.error(), request);
    co_return json_answer(200, host_json(*host, parts_.sessions.catalog()));
}

} // namespace berth::api::native
