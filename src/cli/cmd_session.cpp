// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.hpp"
#include "cli/server_call.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <memory>

namespace berth::cli {

namespace {

namespace json = boost::json;

const std::vector<Column> columns{{"ID", "id"}, {"TEMPLATE", "template"}, {"STATE", "state"}, {"OWNER", "owner.subject"},
    {"HOST", "host"}, {"CREATED", "created_at"}, {"ENDS", "ends_at"}, {"VIEWERS", "viewers.control"}};

struct Options {
    std::string id, state = "live", template_name, slot, name, resolution, key;
    int tail = 200;
    bool is_everybody = false;
};
using Shared = std::shared_ptr<Options>;

std::string path_of(const Options& options, const std::string& action = {}) {
    return "/api/v1/sessions/" + path_part(options.id) + action;
}

void one(Context& context, const std::string& method, const std::string& target, const std::string& body = {}) {
    auto client = connect(context);
    auto session = client ? call(context, *client, method, target, body) : std::nullopt;
    if (session) show(context, *session, columns, "id");
}

void list(Context& context, const Options& options) {
    auto client = connect(context);
    if (!client) return;
    // By the admin socket nobody in particular asks, so "mine" would be nothing.
    bool is_everybody = options.is_everybody || context.url.empty();
    auto items = call_list(context, *client, fmt::format("/api/v1/sessions?state={}&owner={}", options.state, is_everybody ? "all" : "me"));
    if (items) show(context, *items, columns, "id");
}

void start(Context& context, const Options& options) {
    json::object body{{"template", options.template_name}};
    if (!options.slot.empty()) body["slot"] = options.slot;
    if (!options.name.empty()) body["name"] = options.name;
    if (!options.resolution.empty()) body["resolution"] = options.resolution;
    one(context, "POST", "/api/v1/sessions", json::serialize(body));
}

void stop(Context& context, const Options& options) {
    if (context.confirm(fmt::format("Session {} is taken back, with everything in it.", options.id)))
        one(context, "DELETE", path_of(options));
}

void logs(Context& context, const Options& options) {
    auto client = connect(context);
    auto answer = client ? call(context, *client, "GET", path_of(options, fmt::format("/logs?tail={}", options.tail))) : std::nullopt;
    if (!answer) return;
    const auto* object = answer->if_object();
    const auto* lines = object == nullptr ? nullptr : object->if_contains("lines");
    if (context.output == "json" || lines == nullptr || !lines->is_array()) return context.print(json::serialize(*answer));
    for (const json::value& line : lines->get_array())
        if (line.is_string()) context.print(line.get_string());
}

} // namespace

void add_session(CLI::App& app, Context& context) {
    auto options = std::make_shared<Options>();
    auto* noun = app.add_subcommand("session", "Desktops: who has which, start, extend, stop");
    noun->require_subcommand(1);
    auto* listing = noun->add_subcommand("list", "Live sessions (--state ended or all for the others)");
    listing->add_option("--state", options->state)->check(CLI::IsMember({"live", "ended", "all"}));
    listing->add_flag("--all", options->is_everybody, "Everybody's, not only one's own");
    listing->callback([&context, options] { list(context, *options); });
    auto with_id = [&](const char* verb, const char* help) {
        auto* command = noun->add_subcommand(verb, help);
        command->add_option("id", options->id, "The session's id")->required();
        return command;
    };
    with_id("show", "One session")->callback([&context, options] { one(context, "GET", path_of(*options)); });
    with_id("extend", "Give it one more extension")->callback([&context, options] { one(context, "POST", path_of(*options, "/extend"), "{}"); });
    with_id("stop", "Take it back")->callback([&context, options] { stop(context, *options); });
    auto* log = with_id("logs", "The last lines its container wrote");
    log->add_option("--tail", options->tail, "How many")->check(CLI::Range(1, 10000));
    log->callback([&context, options] { logs(context, *options); });
    auto* starting = noun->add_subcommand("start", "Start a desktop");
    starting->add_option("template", options->template_name, "What to start")->required();
    starting->add_option("--slot", options->slot, "Tells two sessions of one owner apart");
    starting->add_option("--name", options->name, "Shown on the page");
    starting->add_option("--resolution", options->resolution, "Such as 1920x1080");
    starting->callback([&context, options] { start(context, *options); });
}

} // namespace berth::cli
