// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/server_call.hpp"
#include "config/units.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <memory>

namespace berth::cli {

namespace {

namespace json = boost::json;

const std::vector<Column> columns{{"ID", "id"}, {"NAME", "name"}, {"SCOPES", "scopes"}, {"CREATED", "created_at"},
    {"EXPIRES", "expires_at"}, {"LAST USED", "last_used_at"}};

struct Options {
    std::string id, name, expires, user;
    std::vector<std::string> scopes{"sessions"};
};

// Through the admin socket the account has to be named; with a token or cookie it is one's own.
std::string path_of(const Options& options, const std::string& rest = "") {
    return "/api/v1/tokens" + rest + (options.user.empty() ? "" : "?user=" + path_part(options.user));
}

void add(Context& context, const Options& options) {
    json::object body{{"name", options.name}, {"scopes", json::array(options.scopes.begin(), options.scopes.end())}};
    if (!options.expires.empty()) {
        auto span = config::parse_duration(options.expires);
        if (!span || span->count() == 0) return context.fail(Exit::usage, "error: --expires must be a duration such as 30d");
        body["expires_in_s"] = span->count();
    }
    auto client = connect(context);
    auto made = client ? call(context, *client, "POST", path_of(options), json::serialize(body)) : std::nullopt;
    if (!made) return;
    if (context.output == "json") return context.print(pretty(*made));
    context.message("This is the only time the token is shown:");
    context.print(cell(*made, "token"));
}

} // namespace

void add_token(CLI::App& app, Context& context) {
    auto options = std::make_shared<Options>();
    auto* noun = app.add_subcommand("token", "API tokens of an account");
    noun->require_subcommand(1);
    noun->add_option("--user", options->user, "Whose; needed where the admin socket is used");
    noun->add_subcommand("list", "All of them, without their values")->callback([&context, options] {
        auto client = connect(context);
        auto items = client ? call_list(context, *client, path_of(*options)) : std::nullopt;
        if (items) show(context, *items, columns, "id");
    });
    auto* adding = noun->add_subcommand("add", "Make one; it is printed once");
    adding->add_option("name", options->name, "What it is for")->required();
    adding->add_option("--scope", options->scopes, "sessions, sessions:read, admin; may be repeated")
        ->check(CLI::IsMember({"sessions", "sessions:read", "admin"}));
    adding->add_option("--expires", options->expires, "After that long, such as 30d");
    adding->callback([&context, options] { add(context, *options); });
    auto* removing = noun->add_subcommand("remove", "Make it worthless");
    removing->add_option("id", options->id, "The token's id, not its value")->required();
    removing->callback([&context, options] {
        if (!context.confirm(fmt::format("Token {} stops working.", options->id))) return;
        auto client = connect(context);
        if (client) call(context, *client, "DELETE", path_of(*options, "/" + path_part(options->id)));
    });
}

} // namespace berth::cli
