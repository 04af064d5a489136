// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who may do what: the one place where authorisation is decided. Fails closed: what is not listed
// is refused. Matrix test: policy_test.cpp.

#include "base/error.hpp"
#include "base/ids.hpp"
#include "session/machine.hpp"

#include <set>
#include <string>

namespace berth::access {

enum class Role { user, operator_, admin };
std::string_view name_of(Role role) noexcept;
std::optional<Role> role_from(std::string_view name) noexcept;

// Who is asking. Built by api/authenticate from a cookie, a token or the local admin socket.
struct Caller {
    std::string realm;   // "local"
    std::string subject; // account id, the owner.subject of its sessions
    std::string username;
    Role role = Role::user;
    std::string login_id; // hash of the cookie or token: tickets and tunnels are bound to it
    bool by_cookie = false; // then CSRF rules apply
    // Scopes of an API token; empty = everything the role may (cookie, admin socket).
    std::set<std::string> scopes; // "sessions", "sessions:read", "admin"
};

enum class Action {
    see_self,
    change_own_password,
    manage_own_tokens,
    list_templates,
    create_session,
    list_own_sessions,
    list_all_sessions,
    see_session,
    extend_session,
    stop_session,
    control_session, // open it with input
    view_session,    // open it without
    read_session_logs,
    see_events,
    see_all_events,
    see_hosts,
    manage_hosts,
    manage_users,
    see_metrics,
};
inline constexpr int action_count = 19;
std::string_view name_of(Action action) noexcept;

// For actions on a session `object` is its owner; nullptr otherwise. Errors: not_found for a
// foreign session that the caller may not know about, forbidden otherwise.
Status may(const Caller& caller, Action action, const session::Owner* object = nullptr);

// Whether an endpoint of this protocol can be opened with these rights, by whomever: forbidden where
// looking cannot be told from acting. Asked beside may().
Status can_open(session::Protocol protocol, session::Rights rights);

} // namespace berth::access
