// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd_host.hpp"

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

const std::vector<Column> columns{{"NAME", "name"}, {"STATE", "state"}, {"SESSIONS", "sessions.used"}, {"OF", "sessions.capacity"},
    {"ENGINE", "engine.version"}, {"WAY", "way"}, {"ENDPOINT", "endpoint"}, {"REASON", "reason"}};

const std::vector<Column> event_columns{{"TIME", "at"}, {"TYPE", "type"}, {"SESSION", "session"}, {"BY", "actor"}, {"TEXT", "text"}};

const std::vector<Column> details{{"Name", "name"}, {"State", "state"}, {"Reason", "reason"}, {"Endpoint", "endpoint"}, {"Way", "way"},
    {"Last error", "last_error"}, {"Host key", "host_key.fingerprint"}, {"Known key", "host_key.known_fingerprint"},
    {"Engine", "engine.version"}, {"API", "engine.api_version"}, {"System", "engine.os"}, {"Origin", "origin"},
    {"Sessions", "sessions.used"}, {"Most", "sessions.capacity"}, {"Weight", "weight"}, {"Creating", "creating.used"},
    {"Creating at once", "creating.capacity"}, {"Memory taken", "memory.used_bytes"}, {"Memory", "memory.capacity_bytes"},
    {"CPUs taken", "cpus.used"}, {"CPUs", "cpus.capacity"}, {"Connections", "connections.used"}, {"Data path", "data_path"},
    {"Round trip ms", "round_trip_ms"}, {"Labels", "labels"}, {"Last check", "last_check_at"}, {"Next try", "next_check_at"},
    {"CPU in use", "load.cpu"}, {"Memory in use", "load.memory.used_bytes"}, {"Memory of the machine", "load.memory.total_bytes"},
    {"Disk in use", "load.disk.used_bytes"}, {"Disk", "load.disk.total_bytes"}, {"Maintenance", "maintenance.message"},
    {"Drain", "drain.message"}, {"Cleared at", "drain.until"}};

// One request about one host; its answer is the host.
std::optional<json::value> host_call(Context& context, const std::string& method, const std::string& target, const std::string& body = {}) {
    auto client = connect(context);
    return client ? call(context, *client, method, target, body) : std::nullopt;
}

void act(Context& context, const HostOptions& options, const std::string& action, const json::object& body = {}) {
    auto host = host_call(context, "POST", host_path(options.name, "/" + action), json::serialize(body));
    if (host) show(context, *host, columns, "name");
}

void list(Context& context) {
    auto client = connect(context);
    auto items = client ? call_list(context, *client, "/api/v1/hosts") : std::nullopt;
    if (items) show(context, *items, columns, "name");
}

void list_events(Context& context, const HostOptions& options) {
    auto client = connect(context);
    auto items = client ? call_list(context, *client, host_path(options.name, fmt::format("/events?limit={}", options.limit))) : std::nullopt;
    if (items) show(context, *items, event_columns, "seq");
}

void print_details(const Context& context, const json::value& host) {
    if (context.output != "table") return show(context, host, columns, "name");
    Table table{{"", ""}};
    for (const Column& line : details) table.add({line.head, cell(host, line.path)});
    const auto* images = host.if_object() == nullptr ? nullptr : host.get_object().if_contains("images");
    if (images != nullptr && images->is_array())
        for (const json::value& image : images->get_array())
            table.add({"Image " + cell(image, "template"), cell(image, "present") == "true" ? "here" : "missing"});
    context.print(table.text(false, may_colour()));
}

// "drain" or "maintenance", with a word to people and a time.
void put_aside(Context& context, const HostOptions& options, const std::string& how) {
    json::object body;
    if (!options.message.empty()) body["message"] = options.message;
    if (!options.until.empty()) {
        // A time as it is, or a span from now on.
        auto span = config::parse_duration(options.until);
        auto until = span ? std::optional{SystemClock{}.now() + *span} : parse_rfc3339(options.until);
        if (!until) return context.fail(Exit::usage, "error: --until must be a time such as 2026-11-23T21:00:00Z or a span such as 2h");
        body["until"] = format_rfc3339(*until);
    }
    auto question = fmt::format("Host {} gets no new sessions.", options.name);
    if (how == "drain" && body.contains("until")) question += fmt::format(" Those still there at {} are ended.", body.at("until").as_string().c_str());
    if (context.confirm(question)) act(context, options, how, body);
}

void remove(Context& context, const HostOptions& options) {
    if (!context.confirm(fmt::format("Host {} leaves this installation.", options.name))) return;
    if (host_call(context, "DELETE", host_path(options.name))) context.message(fmt::format("host {} is removed", options.name));
}

// What this program can do about a step that failed; empty = nothing.
std::string command_for(const std::string& step, const std::string& name, const json::value& outcome) {
    if (step == "host_key") return "berth host accept-key " + name;
    if (step == "authentication") return "berth host key " + cell(outcome, "host.endpoint");
    return {};
}

// The steps with their times, and below each one that failed what to do.
void test(Context& context, const HostOptions& options) {
    auto outcome = host_call(context, "POST", host_path(options.name, "/test"), "{}");
    if (!outcome) return;
    const auto* object = outcome->if_object();
    const auto* steps = object == nullptr ? nullptr : object->if_contains("steps");
    if (steps == nullptr || !steps->is_array()) return context.fail(Exit::failed, "error: the server's answer is no checklist");
    bool is_good = true;
    for (const json::value& step : steps->get_array()) is_good = is_good && cell(step, "state") != "failed";
    if (!is_good) context.exit = Exit::failed;
    if (context.output == "json") return context.print(pretty(*outcome));
    for (const json::value& step : steps->get_array()) {
        auto state = cell(step, "state");
        Table line{{"", "", ""}};
        line.add({state, cell(step, "title"), state == "skipped" ? "" : cell(step, "ms") + " ms"});
        std::string head = line.text(false, may_colour());
        while (!head.empty() && (head.back() == '\n' || head.back() == ' ')) head.pop_back();
        auto text = cell(step, "text"), remedy = cell(step, "remedy");
        context.print(head + (text == "-" ? "" : ": " + printable(text)));
        if (state != "failed") continue;
        if (remedy != "-") context.print("      → " + printable(remedy));
        if (auto command = command_for(cell(step, "name"), options.name, *outcome); !command.empty())
            context.print("        " + printable(command));
    }
}

} // namespace

std::string host_path(const std::string& name, const std::string& rest) {
    return "/api/v1/hosts/" + path_part(name) + rest;
}

void show_host(const Context& context, const json::value& host) { show(context, host, columns, "name"); }

void add_host(CLI::App& app, Context& context) {
    auto options = std::make_shared<HostOptions>();
    auto* noun = app.add_subcommand("host", "Container engines: list, add, test, drain, keys, firewall rules");
    noun->require_subcommand(1);
    noun->add_subcommand("list", "All hosts")->callback([&context] { list(context); });
    HostVerb with_name = [noun, options](const char* verb, const char* help) {
        auto* command = noun->add_subcommand(verb, help);
        command->add_option("name", options->name, "The host's name")->required();
        return command;
    };
    with_name("show", "Everything that is known of one")->callback([&context, options] {
        if (auto host = host_call(context, "GET", host_path(options->name))) print_details(context, *host);
    });
    auto* telling = with_name("events", "What happened on it and to desktops there, newest first");
    telling->add_option("--limit", options->limit, "Lines at most")->check(CLI::Range(1, 200))->capture_default_str();
    telling->callback([&context, options] { list_events(context, *options); });
    add_host_definitions(context, options, with_name);
    with_name("test", "Go the way to its engine step by step; exit 1 if a step fails")->callback([&context, options] { test(context, *options); });
    auto* draining = with_name("drain", "No new sessions; the present ones go on");
    draining->add_option("--message", options->message, "A word to the people whose desktops are there");
    draining->add_option("--until", options->until, "When those still there are ended: a time, or a span such as 2h");
    draining->callback([&context, options] { put_aside(context, *options, "drain"); });
    with_name("resume", "Let it take sessions again")->callback([&context, options] { act(context, *options, "resume"); });
    auto* maintaining = with_name("maintenance", "As drain, with a word to people");
    maintaining->add_option("--message", options->message, "What is being done");
    maintaining->add_option("--until", options->until, "When it is expected to end: a time, or a span such as 2h");
    maintaining->callback([&context, options] { put_aside(context, *options, "maintenance"); });
    with_name("remove", "Take out one that was added; only when it is empty")->callback([&context, options] { remove(context, *options); });
    add_host_images(context, options, with_name);
    add_host_contexts(*noun, context);
    add_host_import(*noun, context);
    add_host_key(*noun, context);
    add_host_prepare(*noun, context);
}

} // namespace berth::cli
