// SPDX-License-Identifier: Apache-2.0
// The whole surface on one page. The third column is the policy: "public", "by_ticket" (tunnels),
// "signed_in" (the use case asks access/ about the object), or an action that the guard asks access/ about at once.
#include "api/native/errors.hpp"
#include "api/native/native_api.hpp"

#include <boost/json/serialize.hpp>

namespace berth::api::native {

using http::Access;

std::vector<http::Route> NativeApi::routes() {
    using Member = Task<Response> (NativeApi::*)(Request&);
    auto call = [this](Member member) -> http::Handler {
        return [this, member](Request& request) { return (this->*member)(request); };
    };
    auto mode = [this](broker::HostMode wanted) -> http::Handler {
        return [this, wanted](Request& request) { return set_host_mode(request, wanted); };
    };
    return {
        {"POST", "/api/v1/login", Access{"public"}, call(&NativeApi::login)},
        {"POST", "/api/v1/logout", Access{"see_self"}, call(&NativeApi::logout)},
        {"GET", "/api/v1/me", Access{"see_self"}, call(&NativeApi::me)},
        {"PUT", "/api/v1/me/password", Access{"change_own_password"}, call(&NativeApi::change_password)},
        {"GET", "/api/v1/tokens", Access{"manage_own_tokens"}, call(&NativeApi::list_tokens)},
        {"POST", "/api/v1/tokens", Access{"manage_own_tokens"}, call(&NativeApi::create_token)},
        {"DELETE", "/api/v1/tokens/{id}", Access{"manage_own_tokens"}, call(&NativeApi::delete_token)},
        {"GET", "/api/v1/users", Access{"manage_users"}, call(&NativeApi::list_users)},
        {"POST", "/api/v1/users", Access{"manage_users"}, call(&NativeApi::add_user)},
        {"PATCH", "/api/v1/users/{name}", Access{"manage_users"}, call(&NativeApi::change_user)},

        {"GET", "/api/v1/templates", Access{"list_templates"}, call(&NativeApi::list_templates)},
        {"POST", "/api/v1/sessions", Access{"create_session"}, call(&NativeApi::create_session)},
        {"GET", "/api/v1/sessions", Access{"list_own_sessions"}, call(&NativeApi::list_sessions)},
        {"GET", "/api/v1/sessions/{id}", Access{"signed_in"}, call(&NativeApi::get_session)},
        {"DELETE", "/api/v1/sessions/{id}", Access{"signed_in"}, call(&NativeApi::stop_session)},
        {"POST", "/api/v1/sessions/{id}/extend", Access{"signed_in"}, call(&NativeApi::extend_session)},
        {"POST", "/api/v1/sessions/{id}/ticket", Access{"signed_in"}, call(&NativeApi::create_ticket)},
        {"GET", "/api/v1/sessions/{id}/logs", Access{"signed_in"}, call(&NativeApi::session_logs)},
        {"GET", "/api/v1/events", Access{"see_events"}, call(&NativeApi::events)},

        {"GET", "/api/v1/hosts", Access{"see_hosts"}, call(&NativeApi::list_hosts)},
        {"POST", "/api/v1/hosts", Access{"manage_hosts"}, call(&NativeApi::add_host)},
        {"GET", "/api/v1/hosts/{name}", Access{"see_hosts"}, call(&NativeApi::get_host)},
        {"PATCH", "/api/v1/hosts/{name}", Access{"manage_hosts"}, call(&NativeApi::change_host)},
        {"DELETE", "/api/v1/hosts/{name}", Access{"manage_hosts"}, call(&NativeApi::remove_host)},
        {"GET", "/api/v1/hosts/{name}/history", Access{"see_hosts"}, call(&NativeApi::host_history)},
        {"GET", "/api/v1/hosts/{name}/events", Access{"see_hosts"}, call(&NativeApi::host_events)},
        {"POST", "/api/v1/hosts/{name}/test", Access{"manage_hosts"}, call(&NativeApi::test_host)},
        {"POST", "/api/v1/hosts/{name}/drain", Access{"manage_hosts"}, mode(broker::HostMode::draining)},
        {"POST", "/api/v1/hosts/{name}/resume", Access{"manage_hosts"}, mode(broker::HostMode::active)},
        {"POST", "/api/v1/hosts/{name}/maintenance", Access{"manage_hosts"}, mode(broker::HostMode::maintenance)},
        {"POST", "/api/v1/hosts/{name}/host-key", Access{"manage_hosts"}, call(&NativeApi::accept_host_key)},
        {"POST", "/api/v1/hosts/{name}/pull", Access{"manage_hosts"}, call(&NativeApi::pull_image)},
        {"GET", "/api/v1/docker-contexts", Access{"manage_hosts"}, call(&NativeApi::list_contexts)},
        {"POST", "/api/v1/docker-contexts/import", Access{"manage_hosts"}, call(&NativeApi::import_contexts)},
        {"POST", "/api/v1/hosts-file", Access{"manage_hosts"}, call(&NativeApi::read_hosts_file)},
        {"GET", "/api/v1/ssh-key", Access{"manage_hosts"}, call(&NativeApi::ssh_key)},

        {"GET", "/api/v1/openapi.json", Access{"public"}, call(&NativeApi::openapi)},
        {"GET", "/healthz", Access{"public"}, call(&NativeApi::health)},
        {"GET", "/readyz", Access{"public"}, call(&NativeApi::ready)},
        {"GET", "/version", Access{"public"}, call(&NativeApi::version)},
        {"GET", "/metrics", Access{"see_metrics"}, call(&NativeApi::metrics)},
        // Else the pages' own catch-all would answer programs with a page, or with 405.
        {"*", "/api/*", Access{"public"}, call(&NativeApi::unknown_path)},
    };
}

http::Response json_answer(int status, const boost::json::value& body) {
    return http::Response{status, boost::json::serialize(body), "application/json"};
}

NativeApi::NativeApi(NativeParts parts, NativeConfig config)
    : parts_{parts}
    , config_{std::move(config)} {}

http::Response NativeApi::problem(const Error& error, const Request& request) const {
    auto is_staff = request.principal && access::may(caller(request), access::Action::see_hosts);
    return native::problem(error, request, is_staff);
}

const Principal& NativeApi::principal(const Request& request) {
    return *static_cast<const Principal*>(request.principal.get());
}

} // namespace berth::api::native
