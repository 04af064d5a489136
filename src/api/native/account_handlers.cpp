// SPDX-License-Identifier: Apache-2.0
#include "api/native/body.hpp"
#include "api/native/native_api.hpp"
#include "identity/names.hpp"

#include <boost/json/array.hpp>

namespace berth::api::native {
namespace json = boost::json;

net::Task<http::Response> NativeApi::login(Request& request) {
    auto body = Body::parse(request);
    if (!body) co_return problem(body.error(), request);
    auto username = body->required_text("username");
    Secret password{body->required_text("password")};
    if (auto fine = body->finish(); !fine) co_return problem(fine.error(), request);
    auto name = cookie_name(request);
    if (name.empty())
        co_return problem(Error{Errc::forbidden, "no TLS", "Signing in needs an https address."}, request);
    auto attempt = parts_.authenticator.login(std::move(username), std::move(password), request.peer, request.deadline);
    auto login = co_await std::move(attempt);
    if (!login) {
        auto error = login.error();
        if (error.code() == Errc::unauthenticated && error.user_text().empty())
            error = std::move(error).with_user_text("Name or password is wrong.");
        co_return problem(error, request);
    }
    co_return signed_in(*login, request);
}

http::Response NativeApi::signed_in(const identity::Login& login, const Request& request) const {
    auto cookie = cookie_name(request) + "=" + std::string{login.cookie.reveal()} + "; Path=/; HttpOnly; SameSite=Lax"
                + (request.is_secure ? "; Secure" : "");
    Response response{204};
    response.headers.emplace_back("Set-Cookie", std::move(cookie));
    return response;
}

net::Task<http::Response> NativeApi::logout(Request& request) {
    auto login_id = caller(request).login_id;
    parts_.viewers.close_login(login_id);
    auto ended = co_await parts_.authenticator.logout(std::move(login_id));
    if (!ended) co_return problem(ended.error(), request);
    Response response{204};
    auto name = cookie_name(request);
    if (!name.empty()) {
        response.headers.emplace_back(
            "Set-Cookie", name + "=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" + (request.is_secure ? "; Secure" : ""));
    }
    co_return response;
}

net::Task<http::Response> NativeApi::me(Request& request) {
    const auto& who = caller(request);
    json::object body;
    body["id"] = who.subject;
    body["username"] = who.username;
    body["role"] = access::name_of(who.role);
    body["realm"] = who.realm;
    body["quota"] = json::object{{"max_sessions", parts_.sessions.quota().per_user},
                                 {"used", parts_.sessions.used_by(who)}};
    body["server"] = json::object{{"name", "Berth"}, {"version", config_.version},
                                  {"now", format_rfc3339(parts_.clock.now())}};
    co_return json_answer(200, body);
}

net::Task<http::Response> NativeApi::change_password(Request& request) {
    auto body = Body::parse(request);
    if (!body) co_return problem(body.error(), request);
    Secret current{body->required_text("current_password")};
    Secret wanted{body->required_text("new_password")};
    if (auto fine = body->finish(); !fine) co_return problem(fine.error(), request);
    auto changing = parts_.accounts.change_own_password(
        caller(request), std::move(current), std::move(wanted), request.peer);
    auto login = co_await std::move(changing);
    if (!login) co_return problem(login.error(), request);
    co_return signed_in(*login, request);
}

net::Task<Result<UserId>> NativeApi::token_owner(const Request& request) {
    auto name = request.query_value("user");
    // The socket has no credential, so nobody can reach this through a browser or a token.
    auto is_socket = principal(request).credential.empty();
    if (!is_socket && name) co_return Error{Errc::forbidden, "tokens of others"};
    if (!is_socket) co_return UserId{caller(request).subject};
    if (!name) co_return Error{Errc::invalid_input, "no account"}.with_field("?user", "name the account");
    auto account = co_await parts_.accounts.find(*name);
    if (!account) co_return account.error();
    co_return account->id;
}

net::Task<http::Response> NativeApi::list_tokens(Request& request) {
    auto user = co_await token_owner(request);
    if (!user) co_return problem(user.error(), request);
    auto tokens = co_await parts_.tokens.list(*user);
    if (!tokens) co_return problem(tokens.error(), request);
    json::array items;
    for (const auto& token : *tokens) items.push_back(token_json(token));
    json::object body{{"items", std::move(items)}};
    co_return json_answer(200, body);
}

net::Task<http::Response> NativeApi::create_token(Request& request) {
    auto body = Body::parse(request);
    if (!body) co_return problem(body.error(), request);
    auto name = body->required_text("name");
    auto scopes = body->texts("scopes");
    auto expires = body->number("expires_in_s");
    if (auto fine = body->finish(); !fine) co_return problem(fine.error(), request);
    std::optional<Seconds> life;
    if (expires) life = Seconds{*expires};
    auto wanted = scopes ? std::move(*scopes) : std::vector<std::string>{"sessions"};
    auto user = co_await token_owner(request);
    if (!user) co_return problem(user.error(), request);
    auto creating = parts_.tokens.create(std::move(*user), std::move(name), std::move(wanted), life);
    auto made = co_await std::move(creating);
    if (!made) co_return problem(made.error(), request);
    auto answer = token_json(made->token);
    answer["token"] = std::string{made->text.reveal()};
    co_return json_answer(201, answer);
}

net::Task<http::Response> NativeApi::delete_token(Request& request) {
    auto user = co_await token_owner(request);
    if (!user) co_return problem(user.error(), request);
    std::string id{request.path_value("id")};
    auto removed = co_await parts_.tokens.remove(std::move(*user), std::move(id));
    if (!removed) co_return problem(removed.error(), request);
    co_return Response{204};
}

net::Task<http::Response> NativeApi::list_users(Request& request) {
    auto accounts = co_await parts_.accounts.list();
    if (!accounts) co_return problem(accounts.error(), request);
    json::array items;
    for (const auto& account : *accounts) items.push_back(account_json(account));
    json::object body{{"items", std::move(items)}};
    co_return json_answer(200, body);
}

net::Task<http::Response> NativeApi::add_user(Request& request) {
    auto body = Body::parse(request);
    if (!body) co_return problem(body.error(), request);
    auto username = body->required_text("username");
    Secret password{body->required_text("password")};
    auto role_text = body->text("role").value_or("user");
    auto role = access::role_from(role_text);
    if (!role) body->complain("role", "must be user, operator or admin");
    if (auto fine = body->finish(); !fine) co_return problem(fine.error(), request);
    auto adding = parts_.accounts.add(std::move(username), std::move(password), *role);
    auto account = co_await std::move(adding);
    if (!account) co_return problem(account.error(), request);
    co_return json_answer(201, account_json(*account));
}

net::Task<http::Response> NativeApi::change_user(Request& request) {
    auto body = Body::parse(request);
    if (!body) co_return problem(body.error(), request);
    auto is_disabled = body->flag("disabled");
    auto role_text = body->text("role");
    auto password = body->text("password");
    auto role = role_text ? access::role_from(*role_text) : std::nullopt;
    if (role_text && !role) body->complain("role", "must be user, operator or admin");
    if (auto fine = body->finish(); !fine) co_return problem(fine.error(), request);
    std::string name{request.path_value("name")};
    // What may be refused comes before what may not, so that a change is whole or not at all.
    std::optional<Secret> new_password;
    if (password) new_password = Secret{std::move(*password)};
    if (new_password) {
        if (auto fine = identity::check_password(*new_password); !fine) co_return problem(fine.error(), request);
    }
    if (role) {
        auto set = co_await parts_.accounts.set_role(name, *role);
        if (!set) co_return problem(set.error(), request);
    }
    if (is_disabled) {
        auto changing = *is_disabled ? parts_.accounts.disable(name) : parts_.accounts.enable(name);
        auto set = co_await std::move(changing);
        if (!set) co_return problem(set.error(), request);
    }
    if (new_password) {
        auto setting = parts_.accounts.set_password(name, std::move(*new_password));
        auto set = co_await std::move(setting);
        if (!set) co_return problem(set.error(), request);
    }
    auto account = co_await parts_.accounts.find(name);
    if (!account) co_return problem(account.error(), request);
    co_return json_answer(200, account_json(*account));
}

} // namespace berth::api::native
