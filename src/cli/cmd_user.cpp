// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.hpp"
#include "cli/offline_accounts.hpp"
#include "cli/prompt.hpp"
#include "cli/server_call.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <memory>

namespace berth::cli {

namespace {

namespace json = boost::json;

const std::vector<Column> columns{{"NAME", "username"}, {"ROLE", "role"}, {"DISABLED", "disabled"},
    {"CREATED", "created_at"}, {"LAST LOGIN", "last_login_at"}};

struct Options {
    std::string name, role = "user";
    bool is_from_stdin = false;
};

// The same four requests, answered by the server or, when none runs here, by the database itself.
std::optional<json::value> request(Context& context, const std::string& method, const std::string& target, const json::object& body) {
    std::string text = method == "GET" ? std::string{} : json::serialize(body);
    auto client = connect(context);
    if (!client) return std::nullopt;
    if (!context.url.empty()) return call(context, *client, method, target, text);
    auto answer = client->call(method, target, text);
    if (!answer && answer.error().code() == Errc::unavailable) {
        auto loaded = context.load();
        if (!loaded) return std::nullopt;
        answer = offline_accounts(loaded->config, method, target, text);
    }
    if (!answer) {
        context.fail(answer.error());
        return std::nullopt;
    }
    return answer->empty() ? json::value{} : json::parse(*answer);
}

void change(Context& context, const Options& options, const json::object& body) {
    auto user = request(context, "PATCH", "/api/v1/users/" + path_part(options.name), body);
    if (user) show(context, *user, columns, "username");
}

std::optional<Secret> password_of(Context& context, const Options& options) {
    auto source = options.is_from_stdin ? PasswordSource::standard_input : PasswordSource::terminal;
    auto password = read_password(source, "Password for " + options.name);
    if (password) return std::move(*password);
    context.fail(password.error());
    return std::nullopt;
}

void list(Context& context) {
    auto answer = request(context, "GET", "/api/v1/users", {});
    const auto* object = answer ? answer->if_object() : nullptr;
    if (object == nullptr) return;
    if (const auto* items = object->if_contains("items")) show(context, *items, columns, "username");
}

void add(Context& context, const Options& options) {
    auto password = password_of(context, options);
    if (!password) return;
    auto user = request(context, "POST", "/api/v1/users",
        {{"username", options.name}, {"role", options.role}, {"password", password->reveal()}});
    if (user) show(context, *user, columns, "username");
}

void passwd(Context& context, const Options& options) {
    auto password = password_of(context, options);
    if (password) change(context, options, {{"password", password->reveal()}});
}

} // namespace

void add_user(CLI::App& app, Context& context) {
    auto options = std::make_shared<Options>();
    auto* noun = app.add_subcommand("user", "Local accounts; also without a running server, on its database");
    noun->require_subcommand(1);
    noun->add_subcommand("list", "All accounts")->callback([&context] { list(context); });
    auto with_name = [&](const char* verb, const char* help) {
        auto* command = noun->add_subcommand(verb, help);
        command->add_option("name", options->name, "Account name")->required();
        return command;
    };
    auto with_password = [&](CLI::App* command) {
        command->add_flag("--password-stdin", options->is_from_stdin, "Read the password from standard input instead of asking");
        return command;
    };
    auto roles = CLI::IsMember({"user", "operator", "admin"});
    auto* adding = with_password(with_name("add", "Make an account; asks for its password"));
    adding->add_option("--role", options->role, "user, operator or admin")->check(roles);
    adding->callback([&context, options] { add(context, *options); });
    with_password(with_name("passwd", "Set a new password"))->callback([&context, options] { passwd(context, *options); });
    with_name("disable", "No more signing in; open sign-ins and desktops' views end")->callback([&context, options] {
        if (context.confirm(fmt::format("{} is signed out and cannot sign in any more.", options->name))) change(context, *options, {{"disabled", true}});
    });
    with_name("enable", "Let them sign in again")->callback([&context, options] { change(context, *options, {{"disabled", false}}); });
    auto* role = with_name("role", "Give another role");
    role->add_option("role", options->role, "user, operator or admin")->required()->check(roles);
    role->callback([&context, options] { change(context, *options, {{"role", options->role}}); });
}

} // namespace berth::cli
