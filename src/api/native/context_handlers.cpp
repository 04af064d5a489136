// SPDX-License-Identifier: Apache-2.0
// What others wrote of hosts: the contexts of the docker command, and hosts made of them; the hosts.yml of the old
// system.
#include "api/native/body.hpp"
#include "api/native/native_api.hpp"
#include "base/limits.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace berth::api::native {
namespace json = boost::json;

namespace {

constexpr std::size_t most_imported = 200; // in one request

// The host that is this engine already: by its address, as people compare them too.
std::string imported_as(const std::string& endpoint, const std::vector<const broker::HostEntry*>& hosts) {
    if (endpoint.empty()) return {};
    auto found = std::ranges::find(hosts, endpoint, &broker::HostEntry::endpoint);
    return found == hosts.end() ? std::string{} : (*found)->view.id.str();
}

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object item_json(const HostInFile& host, const std::vector<const broker::HostEntry*>& hosts) {
    auto present = imported_as(host.endpoint, hosts);
    auto problem = host.problem;
    auto is_name = [&](const broker::HostEntry* one) { return one->view.id == host.definition.name; };
    if (problem.empty() && present.empty() && std::ranges::any_of(hosts, is_name))
        problem = "There is a host of this name already, at another address.";
    return json::object{{"name", host.definition.name.str()}, {"endpoint", host.endpoint}, {"problem", text_or_null(problem)},
                        {"imported_as", text_or_null(present)}, {"host", host_body_json(host.definition)}};
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
                                     {"imported_as", text_or_null(imported_as(context.endpoint, *hosts))},
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
        if (!imported_as(context.endpoint, *hosts).empty()) continue;
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

// Nothing is added by it: each one that is wanted is then added as any other.
net::Task<http::Response> NativeApi::read_hosts_file(Request& request) {
    auto body = Body::parse(request);
    if (!body) co_return problem(body.error(), request);
    auto text = body->required_text("text");
    if (text.size() > limits::hosts_file) body->complain("text", "is longer than 60 KB");
    if (auto fine = body->finish(); !fine) co_return problem(fine.error(), request);
    auto reading = parts_.host_tools.hosts_in(std::move(text));
    auto found = co_await std::move(reading);
    if (!found) co_return problem(found.error(), request);
    auto hosts = parts_.host_service.list(caller(request));
    if (!hosts) co_return problem(hosts.error(), request);
    json::array items;
    for (const auto& one : *found) items.push_back(item_json(one, *hosts));
    json::object answer{{"items", std::move(items)}};
    co_return json_answer(200, answer);
}

} // namespace berth::api::native
