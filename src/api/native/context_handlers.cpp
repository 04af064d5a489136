// SPDX-License-Identifier: Apache-2.0
// The contexts of the docker command, and hosts made of them.
#include "api/native/body.hpp"
#include "api/native/native_api.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace berth::api::native {
namespace json = boost::json;

namespace {

constexpr std::size_t most_imported = 200; // in one request

// The host that is this engine already: by its address, as people compare them too.
std::string imported_as(const DockerContext& context, const std::vector<const broker::HostEntry*>& hosts) {
    if (context.endpoint.empty()) return {};
    auto found = std::ranges::find(hosts, context.endpoint, &broker::HostEntry::endpoint);
    return found == hosts.end() ? std::string{} : (*found)->view.id.str();
}

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

// Those that were asked for, all of which must be there and usable.
Result<std::vector<DockerContext>> picked(const std::vector<DockerContext>& all, const std::vector<std::string>& names) {
    std::vector<DockerContext> some;
    for (const auto& name : names) {
        auto found = std::ranges::find(all, name, &DockerContext::name);
        if (found == all.end()) return Error{Errc::not_found, "context", "There is no such context: " + name};
        if (!found->problem.empty()) return Error{Errc::conflict, found->problem, "Context " + name + ": " + found->problem};
        some.push_back(*found);
    }
    return some;
}

} // namespace

net::Task<http::Response> NativeApi::list_contexts(Request& request) {
    auto contexts = co_await parts_.host_tools.contexts();
    if (!contexts) co_return problem(contexts.error(), request);
    auto hosts = parts_.host_service.list(caller(request));
    if (!hosts) co_return problem(hosts.error(), request);
    json::array items;
    for (const auto& context : *contexts) {
        items.push_back(json::object{{"name", context.name}, {"endpoint", context.endpoint},
                                     {"description", context.description}, {"is_current", context.is_current},
                                     {"imported_as", text_or_null(imported_as(context, *hosts))},
                                     {"origin", context.origin}, {"problem", text_or_null(context.problem)}});
    }
    json::object body{{"items", std::move(items)}};
    co_return json_answer(200, body);
}

net::Task<http::Response> NativeApi::import_contexts(Request& request) {
    auto body = Body::parse(request);
    if (!body) co_return problem(body.error(), request);
    auto names = body->texts("names").value_or(std::vector<std::string>{});
    if (names.empty() || names.size() > most_imported) body->complain("names", "must be 1 to 200 names");
    if (auto fine = body->finish(); !fine) co_return problem(fine.error(), request);
    auto contexts = co_await parts_.host_tools.contexts();
    auto wanted = contexts ? picked(*contexts, names) : Result<std::vector<DockerContext>>{contexts.error()};
    if (!wanted) co_return problem(wanted.error(), request);
    for (const auto& context : *wanted) {
        auto fine = parts_.host_tools.check(context.definition);
        if (!fine) co_return problem(fine.error(), request);
    }
    json::array items;
    for (auto& context : *wanted) {
        auto hosts = parts_.host_service.list(caller(request));
        if (!hosts) co_return problem(hosts.error(), request);
        if (!imported_as(context, *hosts).empty()) continue;
        auto id = context.definition.name;
        std::string no_key;
        auto adding = parts_.host_service.add(caller(request), context.definition, std::move(no_key), request.deadline);
        auto added = co_await std::move(adding);
        if (!added) co_return problem(added.error(), request);
        if (!added->is_added) co_return unknown_key(added->access, request);
        auto host = parts_.host_service.find(caller(request), id);
        if (host) items.push_back(host_json(**host, parts_.sessions.catalog(), parts_.host_service));
    }
    json::object answer{{"items", std::move(items)}};
    co_return json_answer(200, answer);
}

} // namespace berth::api::native
