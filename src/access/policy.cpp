// SPDX-License-Identifier: Apache-2.0
#include "access/policy.hpp"

#include <optional>

namespace berth::access {
namespace {

// What a token must have been given for the action. A caller without scopes is not limited by it.
enum class Need {
    any_scope,
    read,       // "sessions:read", "sessions" or "admin"
    sessions,   // "sessions" or "admin"
    admin,      // "admin"
    cookie_only // no token at all: a leaked one must not be able to outlive its removal
};

enum class Object { none, session };

struct Rule {
    Role least;                  // without an object, or on one's own session
    std::optional<Role> foreign; // on somebody else's session; nothing = nobody
    Need need;
    Object object;
};

constexpr Rule rule_of(Action action) {
    using enum Role;
    constexpr std::optional<Role> nobody;
    switch (action) {
    case Action::see_self:
        return {user, nobody, Need::any_scope, Object::none};
    case Action::change_own_password:
        return {user, nobody, Need::cookie_only, Object::none};
    case Action::manage_own_tokens:
        return {user, nobody, Need::cookie_only, Object::none};
    case Action::list_templates:
        return {user, nobody, Need::read, Object::none};
    case Action::create_session:
        return {user, admin, Need::sessions, Object::none};
    case Action::list_own_sessions:
        return {user, nobody, Need::read, Object::none};
    case Action::list_all_sessions:
        return {operator_, nobody, Need::read, Object::none};
    case Action::see_session:
        return {user, operator_, Need::read, Object::session};
    case Action::extend_session:
        return {user, operator_, Need::sessions, Object::session};
    case Action::stop_session:
        return {user, operator_, Need::sessions, Object::session};
    // Input into a desktop is its owner's alone, also against an administrator.
    case Action::control_session:
        return {user, nobody, Need::sessions, Object::session};
    case Action::view_session:
        return {user, operator_, Need::sessions, Object::session};
    case Action::read_session_logs:
        return {operator_, operator_, Need::sessions, Object::session};
    case Action::see_events:
        return {user, nobody, Need::read, Object::none};
    case Action::see_all_events:
        return {operator_, nobody, Need::read, Object::none};
    case Action::see_hosts:
        return {operator_, nobody, Need::admin, Object::none};
    case Action::manage_hosts:
        return {admin, nobody, Need::admin, Object::none};
    case Action::manage_users:
        return {admin, nobody, Need::admin, Object::none};
    case Action::see_metrics:
        return {admin, nobody, Need::admin, Object::none};
    }
    return {admin, nobody, Need::cookie_only, Object::session};
}

bool satisfies(const Caller& caller, Need need) {
    if (need == Need::cookie_only) return caller.by_cookie && caller.scopes.empty();
    if (caller.scopes.empty()) return true;
    const bool is_admin = caller.scopes.contains("admin");
    const bool may_act = is_admin || caller.scopes.contains("sessions");
    const bool may_read = may_act || caller.scopes.contains("sessions:read");
    switch (need) {
    case Need::any_scope:
    case Need::read:
        return may_read;
    case Need::sessions:
        return may_act;
    case Need::admin:
        return is_admin;
    case Need::cookie_only:
        return false;
    }
    return false;
}

// Without the power to act in it. For RFB the gateway sorts out what comes from the browser; of
// everything else it knows nothing.
bool can_be_watched(session::Protocol protocol) {
    switch (protocol) {
    case session::Protocol::rfb:
        return true;
    case session::Protocol::web:
    case session::Protocol::terminal:
    case session::Protocol::audio:
    case session::Protocol::tcp:
        return false;
    }
    return false;
}

Error refused(const Caller& caller, Action action, std::string_view why) {
    return Error{
        Errc::forbidden,
        std::string{name_of(action)} + " refused for " + std::string{name_of(caller.role)} + ": " +
            std::string{why}};
}

} // namespace

std::string_view name_of(Role role) noexcept {
    switch (role) {
    case Role::user:
        return "user";
    case Role::operator_:
        return "operator";
    case Role::admin:
        return "admin";
    }
    return "user";
}

std::optional<Role> role_from(std::string_view name) noexcept {
    for (auto role : {Role::user, Role::operator_, Role::admin}) {
        if (name_of(role) == name) return role;
    }
    return std::nullopt;
}

std::string_view name_of(Action action) noexcept {
    switch (action) {
    case Action::see_self:
        return "see_self";
    case Action::change_own_password:
        return "change_own_password";
    case Action::manage_own_tokens:
        return "manage_own_tokens";
    case Action::list_templates:
        return "list_templates";
    case Action::create_session:
        return "create_session";
    case Action::list_own_sessions:
        return "list_own_sessions";
    case Action::list_all_sessions:
        return "list_all_sessions";
    case Action::see_session:
        return "see_session";
    case Action::extend_session:
        return "extend_session";
    case Action::stop_session:
        return "stop_session";
    case Action::control_session:
        return "control_session";
    case Action::view_session:
        return "view_session";
    case Action::read_session_logs:
        return "read_session_logs";
    case Action::see_events:
        return "see_events";
    case Action::see_all_events:
        return "see_all_events";
    case Action::see_hosts:
        return "see_hosts";
    case Action::manage_hosts:
        return "manage_hosts";
    case Action::manage_users:
        return "manage_users";
    case Action::see_metrics:
        return "see_metrics";
    }
    return "unknown";
}

Status may(const Caller& caller, Action action, const session::Owner* object) {
    // An owner without subject must never match a caller that nobody filled in.
    if (caller.realm.empty() || caller.subject.empty())
        return Error{Errc::unauthenticated, std::string{name_of(action)} + ": nobody is signed in"};
    const auto rule = rule_of(action);
    if (object == nullptr) {
        if (rule.object == Object::session) return refused(caller, action, "no session given");
    } else if (object->realm != caller.realm || object->subject != caller.subject) {
        // An ordinary user must not learn that the session exists.
        if (caller.role == Role::user)
            return Error{
                Errc::not_found, std::string{name_of(action)} + ": somebody else's session"};
        if (!rule.foreign || caller.role < *rule.foreign)
            return refused(caller, action, "somebody else's session");
    }
    if (caller.role < rule.least) return refused(caller, action, "role");
    if (!satisfies(caller, rule.need)) return refused(caller, action, "scope of the token");
    return {};
}

Status can_open(session::Protocol protocol, session::Rights rights) {
    if (rights == session::Rights::control || can_be_watched(protocol)) return {};
    return Error{
        Errc::forbidden,
        "rights view refused for an endpoint of protocol " +
            std::string{session::name_of(protocol)},
        "This application cannot be watched: whoever opens it can act in it. Only its owner may open "
        "it, with the rights control."};
}

} // namespace berth::access
