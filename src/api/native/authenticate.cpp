// SPDX-License-Identifier: Apache-2.0
// From a cookie or a token to a Caller, and the defence against other sites' pages.
#include "api/native/native_api.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace berth::api::native {
namespace {

std::optional<access::Action> action_named(std::string_view name) {
    for (int i = 0; i < access::action_count; ++i) {
        auto action = static_cast<access::Action>(i);
        if (access::name_of(action) == name) return action;
    }
    return std::nullopt;
}

bool is_unsafe(const std::string& method) { return method != "GET" && method != "HEAD" && method != "OPTIONS"; }

// Host as the browser sent it, without the port.
std::string_view name_part(std::string_view host) {
    auto colon = host.rfind(':');
    auto bracket = host.rfind(']');
    if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) return host;
    return host.substr(0, colon);
}

bool is_loopback_name(std::string_view host) {
    auto name = name_part(host);
    return name == "localhost" || name == "127.0.0.1" || name == "[::1]";
}

} // namespace

// The __Host- prefix binds the cookie to this very host and to TLS; without TLS a browser refuses
// it, so that the plain name is used there, on this machine only.
std::string NativeApi::cookie_name(const Request& request) const {
    if (request.is_secure) return "__Host-berth";
    if (config_.allows_insecure_http || is_loopback_name(request.host)) return "berth";
    return "";
}

Status NativeApi::check_origin(const Request& request) const {
    auto site = request.header("Sec-Fetch-Site");
    if (!site.empty() && site != "same-origin" && site != "none")
        return Error{Errc::forbidden, "Sec-Fetch-Site", "This request came from another site."};
    auto origin = request.header("Origin");
    auto own = (request.is_secure ? "https://" : "http://") + request.host;
    if (origin == own) return {};
    if (std::find(config_.origins.begin(), config_.origins.end(), origin) != config_.origins.end()) return {};
    return Error{Errc::forbidden, "Origin", "This request came from another site."};
}

net::Task<Result<Principal>> NativeApi::authenticate(const Request& request) {
    Principal who;
    auto authorization = request.header("Authorization");
    if (!authorization.empty()) {
        constexpr std::string_view scheme = "Bearer ";
        if (!authorization.starts_with(scheme)) co_return Error{Errc::unauthenticated, "scheme"};
        who.credential = Secret{std::string{authorization.substr(scheme.size())}};
        auto caller = co_await parts_.authenticator.authenticate_bearer(std::string{who.credential.reveal()});
        if (!caller) co_return caller.error();
        who.caller = std::move(*caller);
        co_return who;
    }
    auto name = cookie_name(request);
    auto cookie = name.empty() ? std::nullopt : request.cookie(name);
    if (!cookie) co_return Error{Errc::unauthenticated, "no credential"};
    who.credential = Secret{*cookie};
    auto caller = co_await parts_.authenticator.authenticate_cookie(*cookie);
    if (!caller) co_return caller.error();
    who.caller = std::move(*caller);
    co_return who;
}

net::Task<Status> NativeApi::identify(Request& request, http::Access access) {
    auto policy = access.name();
    // The gateway itself asks for a ticket or for what a ticket was exchanged for.
    if (policy == "by_ticket") co_return Status{};
    if (policy == "public") {
        // A foreign page must not sign its visitor in either.
        auto is_foreign = is_unsafe(request.method) && !request.header("Origin").empty() && !check_origin(request);
        if (is_foreign) co_return Error{Errc::forbidden, "Origin", "This request came from another site."};
        co_return Status{};
    }
    auto who = co_await authenticate(request);
    if (!who) co_return who.error();
    if (who->caller.by_cookie && is_unsafe(request.method)) {
        if (auto origin = check_origin(request); !origin) co_return origin;
    }
    if (policy != "signed_in") {
        auto action = action_named(policy);
        if (!action) co_return Error{Errc::forbidden, "unknown policy " + std::string{policy}};
        if (auto allowed = access::may(who->caller, *action); !allowed) co_return allowed;
    }
    request.principal = std::make_shared<const Principal>(std::move(*who));
    co_return Status{};
}

http::Router::Guard NativeApi::guard() {
    return [this](Request& request, http::Access access) { return identify(request, access); };
}

http::Router::Guard NativeApi::local_guard() {
    return [](Request& request, http::Access) -> net::Task<Status> {
        Principal who;
        who.caller.realm = "local";
        who.caller.subject = "admin-socket";
        who.caller.username = "admin socket";
        who.caller.role = access::Role::admin;
        request.principal = std::make_shared<const Principal>(std::move(who));
        co_return Status{};
    };
}

net::Task<bool> NativeApi::still_holds(const Principal& who) {
    if (who.credential.empty()) co_return true; // the admin socket
    std::string value{who.credential.reveal()};
    Result<access::Caller> caller = Error{Errc::unauthenticated};
    if (who.caller.by_cookie) caller = co_await parts_.authenticator.authenticate_cookie(std::move(value));
    else caller = co_await parts_.authenticator.authenticate_bearer(std::move(value));
    // A store that does not answer takes nobody's right away.
    co_return caller.has_value() || caller.error().code() != Errc::unauthenticated;
}

} // namespace berth::api::native
