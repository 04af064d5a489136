// SPDX-License-Identifier: Apache-2.0
#include "access/policy.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <vector>

namespace berth::access {
namespace {

const session::Owner own{"local", "ann", "desk"};
const session::Owner foreign{"local", "bob", "desk"};

Caller caller_of(Role role) {
    Caller caller;
    caller.realm = "local";
    caller.subject = "ann";
    caller.username = "Ann";
    caller.role = role;
    caller.by_cookie = true;
    return caller;
}

Caller token_of(Role role, std::set<std::string> scopes) {
    auto caller = caller_of(role);
    caller.by_cookie = false;
    caller.scopes = std::move(scopes);
    return caller;
}

// One letter per answer: Y yes, F forbidden, N not found (the session is not admitted to exist),
// U not signed in, ? anything else.
char letter(const Status& status) {
    if (status) return 'Y';
    switch (status.error().code()) {
    case Errc::forbidden:
        return 'F';
    case Errc::not_found:
        return 'N';
    case Errc::unauthenticated:
        return 'U';
    default:
        return '?';
    }
}

std::string answers(const Caller& caller, Action action) {
    return {
        letter(may(caller, action, nullptr)),
        letter(may(caller, action, &own)),
        letter(may(caller, action, &foreign))};
}

struct Row {
    Action action;
    const char* user; // without an object, own session, foreign session
    const char* operator_;
    const char* admin;
};

// clang-format off
constexpr std::array matrix{
    Row{Action::see_self,            "YYN", "YYF", "YYF"},
    Row{Action::change_own_password, "YYN", "YYF", "YYF"},
    Row{Action::manage_own_tokens,   "YYN", "YYF", "YYF"},
    Row{Action::list_templates,      "YYN", "YYF", "YYF"},
    Row{Action::create_session,      "YYN", "YYF", "YYY"},
    Row{Action::list_own_sessions,   "YYN", "YYF", "YYF"},
    Row{Action::list_all_sessions,   "FFN", "YYF", "YYF"},
    Row{Action::see_session,         "FYN", "FYY", "FYY"},
    Row{Action::extend_session,      "FYN", "FYY", "FYY"},
    Row{Action::stop_session,        "FYN", "FYY", "FYY"},
    Row{Action::control_session,     "FYN", "FYF", "FYF"},
    Row{Action::view_session,        "FYN", "FYY", "FYY"},
    Row{Action::read_session_logs,   "FFN", "FYY", "FYY"},
    Row{Action::see_events,          "YYN", "YYF", "YYF"},
    Row{Action::see_all_events,      "FFN", "YYF", "YYF"},
    Row{Action::see_hosts,           "FFN", "YYF", "YYF"},
    Row{Action::manage_hosts,        "FFN", "FFF", "YYF"},
    Row{Action::manage_users,        "FFN", "FFF", "YYF"},
    Row{Action::see_metrics,         "FFN", "FFF", "YYF"},
};
// clang-format on

TEST(Policy, TheMatrixNamesEveryActionOnceAndInOrder) {
    ASSERT_EQ(matrix.size(), static_cast<std::size_t>(action_count));
    for (std::size_t i = 0; i < matrix.size(); ++i)
        EXPECT_EQ(static_cast<std::size_t>(matrix[i].action), i);
}

TEST(Policy, EveryRoleGetsWhatTheMatrixSays) {
    for (const auto& row : matrix) {
        EXPECT_EQ(answers(caller_of(Role::user), row.action), row.user) << name_of(row.action);
        EXPECT_EQ(answers(caller_of(Role::operator_), row.action), row.operator_)
            << name_of(row.action);
        EXPECT_EQ(answers(caller_of(Role::admin), row.action), row.admin) << name_of(row.action);
    }
}

struct ScopeRow {
    Action action;
    const char* read; // an admin's token: "sessions:read", "sessions", "admin", unknown scope
};

// clang-format off
// On the caller's own session where the action has one, so that only the scope decides.
constexpr std::array scope_matrix{
    ScopeRow{Action::see_self,            "YYYF"},
    ScopeRow{Action::change_own_password, "FFFF"},
    ScopeRow{Action::manage_own_tokens,   "FFFF"},
    ScopeRow{Action::list_templates,      "YYYF"},
    ScopeRow{Action::create_session,      "FYYF"},
    ScopeRow{Action::list_own_sessions,   "YYYF"},
    ScopeRow{Action::list_all_sessions,   "YYYF"},
    ScopeRow{Action::see_session,         "YYYF"},
    ScopeRow{Action::extend_session,      "FYYF"},
    ScopeRow{Action::stop_session,        "FYYF"},
    ScopeRow{Action::control_session,     "FYYF"},
    ScopeRow{Action::view_session,        "FYYF"},
    ScopeRow{Action::read_session_logs,   "FYYF"},
    ScopeRow{Action::see_events,          "YYYF"},
    ScopeRow{Action::see_all_events,      "YYYF"},
    ScopeRow{Action::see_hosts,           "FFYF"},
    ScopeRow{Action::manage_hosts,        "FFYF"},
    ScopeRow{Action::manage_users,        "FFYF"},
    ScopeRow{Action::see_metrics,         "FFYF"},
};
// clang-format on

TEST(Policy, ATokenMayOnlyWhatItsScopesSay) {
    ASSERT_EQ(scope_matrix.size(), static_cast<std::size_t>(action_count));
    for (const auto& row : scope_matrix) {
        std::string got;
        for (const auto* scope : {"sessions:read", "sessions", "admin", "everything"})
            got += letter(may(token_of(Role::admin, {scope}), row.action, &own));
        EXPECT_EQ(got, row.read) << name_of(row.action);
    }
}

TEST(Policy, AScopeNeverGivesMoreThanTheRole) {
    for (const auto& row : matrix) {
        if (row.action == Action::change_own_password || row.action == Action::manage_own_tokens)
            continue;
        EXPECT_EQ(answers(token_of(Role::user, {"admin"}), row.action), row.user)
            << name_of(row.action);
    }
}

TEST(Policy, ScopesAddUp) {
    auto caller = token_of(Role::user, {"sessions:read", "everything"});
    EXPECT_EQ(letter(may(caller, Action::see_session, &own)), 'Y');
    EXPECT_EQ(letter(may(caller, Action::stop_session, &own)), 'F');
    caller.scopes.insert("sessions");
    EXPECT_EQ(letter(may(caller, Action::stop_session, &own)), 'Y');
}

TEST(Policy, TheLocalSocketHasNoPasswordToChange) {
    auto caller = token_of(Role::admin, {});
    EXPECT_EQ(letter(may(caller, Action::manage_users)), 'Y');
    EXPECT_EQ(letter(may(caller, Action::change_own_password)), 'F');
}

TEST(Policy, ACallerThatNobodyFilledInMayNothing) {
    const session::Owner nobody{};
    for (const auto& row : matrix) {
        EXPECT_EQ(letter(may(Caller{}, row.action, nullptr)), 'U');
        EXPECT_EQ(letter(may(Caller{}, row.action, &nobody)), 'U');
    }
}

TEST(Policy, TheSameSubjectInAnotherRealmIsSomebodyElse) {
    session::Owner elsewhere{"ctfd", "ann", "desk"};
    EXPECT_EQ(letter(may(caller_of(Role::user), Action::see_session, &elsewhere)), 'N');
    EXPECT_EQ(letter(may(caller_of(Role::admin), Action::control_session, &elsewhere)), 'F');
}

TEST(Policy, OnlyAPictureCanBeWatched) {
    using session::Protocol;
    using session::Rights;
    EXPECT_EQ(letter(can_open(Protocol::rfb, Rights::view)), 'Y');
    for (auto protocol : {Protocol::web, Protocol::terminal, Protocol::audio, Protocol::tcp})
        EXPECT_EQ(letter(can_open(protocol, Rights::view)), 'F') << session::name_of(protocol);
    for (auto protocol : {Protocol::rfb, Protocol::web})
        EXPECT_EQ(letter(can_open(protocol, Rights::control)), 'Y') << session::name_of(protocol);
}

TEST(Policy, NamesAreUniqueAndRolesLeadBack) {
    std::set<std::string_view> names;
    for (const auto& row : matrix)
        names.insert(name_of(row.action));
    EXPECT_EQ(names.size(), static_cast<std::size_t>(action_count));
    for (auto role : {Role::user, Role::operator_, Role::admin})
        EXPECT_EQ(role_from(name_of(role)), role);
    EXPECT_FALSE(role_from("root"));
    EXPECT_FALSE(role_from(""));
}

} // namespace
} // namespace berth::access
