// SPDX-License-Identifier: Apache-2.0
// What a host is: add, edit, and the key of its machine.
#include "cli/cmd_host.hpp"
#include "cli/output.hpp"
#include "cli/server_call.hpp"
#include "config/units.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace berth::cli {

namespace {

namespace json = boost::json;

struct Options {
    std::string endpoint, memory, cpus, data_path, transport, public_name, tls_directory, fingerprint;
    std::vector<std::string> labels;
    int weight = 1, capacity = 0, creating_limit = 0, max_connections = 20;
    bool takes_new_key = false;
    // Which of them were given: an edit must not touch the others.
    const CLI::App* command = nullptr;
    bool has(const char* option) const { return command->count(option) > 0; }
};
using Shared = std::shared_ptr<Options>;

void add_members(CLI::App& command, Options& options) {
    command.add_option("--weight", options.weight, "Share of the sessions relative to other hosts");
    command.add_option("--capacity", options.capacity, "Most live sessions; 0 = no limit");
    command.add_option("--memory", options.memory, "For all sessions together, such as 64g; 0 = no limit");
    command.add_option("--cpus", options.cpus, "For all sessions together, such as 12.5; 0 = no limit");
    command.add_option("--creating-limit", options.creating_limit, "Creations at once at most; 0 = from its cores");
    command.add_option("--label", options.labels, "key=value, what templates may ask for; may be repeated. Replaces all labels; --label= takes them away");
    command.add_option("--data-path", options.data_path, "tunnel or direct");
    command.add_option("--transport", options.transport, "automatic, libssh or openssh");
    command.add_option("--max-connections", options.max_connections, "SSH connections at most");
    command.add_option("--public-name", options.public_name, "Another name, for staff");
    command.add_option("--tls-directory", options.tls_directory, "On the server: ca.pem, cert.pem, key.pem of a tcp:// engine");
}

// Bounds and words are the server's to judge; here only what has another form on the command line.
bool read_members(Context& context, const Options& options, json::object& body) {
    auto refuse = [&](const char* text) {
        context.fail(Exit::usage, text);
        return false;
    };
    auto number = [&](const char* option, const char* member, int value) {
        if (options.has(option)) body[member] = value;
    };
    auto text = [&](const char* option, const char* member, const std::string& value) {
        if (options.has(option)) body[member] = value;
    };
    number("--weight", "weight", options.weight);
    number("--capacity", "capacity_sessions", options.capacity);
    number("--creating-limit", "creating_limit", options.creating_limit);
    number("--max-connections", "max_connections", options.max_connections);
    text("--data-path", "data_path", options.data_path);
    text("--transport", "transport", options.transport);
    text("--public-name", "public_name", options.public_name);
    text("--tls-directory", "tls_directory", options.tls_directory);
    if (options.has("--memory")) {
        auto bytes = config::parse_size(options.memory);
        if (!bytes) return refuse("error: --memory must be a size such as 64g");
        body["memory_bytes"] = *bytes;
    }
    if (options.has("--cpus")) {
        auto nano = config::parse_cpus(options.cpus);
        if (!nano) return refuse("error: --cpus must be a number such as 12 or 0.5");
        body["cpus"] = static_cast<double>(*nano) / 1e9;
    }
    if (options.has("--label")) {
        json::object labels;
        for (const std::string& label : options.labels) {
            if (label.empty()) continue;
            auto equals = label.find('=');
            if (equals == std::string::npos || equals == 0) return refuse("error: --label must be key=value");
            labels[label.substr(0, equals)] = label.substr(equals + 1);
        }
        body["labels"] = std::move(labels);
    }
    return true;
}

// Whether the key that a machine showed is the right one: as it was given, or as a person says.
bool is_trusted(Context& context, const Options& options, const std::string& type, const std::string& shown) {
    if (options.takes_new_key) {
        context.message(fmt::format("taken as known: {} {}", type, shown));
        return true;
    }
    if (!options.fingerprint.empty()) {
        if (options.fingerprint == shown) return true;
        context.fail(Exit::conflict, fmt::format("error: the machine shows {} {}, not {}", type, shown, options.fingerprint));
        return false;
    }
    context.message(fmt::format("The machine shows this key, which nobody has confirmed yet:\n  {} {}\n"
        "Compare it on the machine itself: ssh-keygen -lf /etc/ssh/ssh_host_{}_key.pub", type, shown, type == "ssh-ed25519" ? "ed25519" : type == "ssh-rsa" ? "rsa" : "ecdsa"));
    if (context.ask("Is it the right one?")) return true;
    context.fail(Exit::conflict, fmt::format("error: nothing was changed. With the right fingerprint: --fingerprint {}; without a look: --accept-new", shown));
    return false;
}

// The key of a refusal, as api_client.hpp keeps it: "type fingerprint".
std::pair<std::string, std::string> key_of(const Error& error) {
    for (const FieldError& field : error.fields()) {
        if (field.pointer != shown_key) continue;
        auto space = field.detail.find(' ');
        if (space != std::string::npos) return {printable(field.detail.substr(0, space)), printable(field.detail.substr(space + 1))};
    }
    return {};
}

void add(Context& context, const std::string& name, const Options& options) {
    json::object body{{"name", name}, {"endpoint", options.endpoint}};
    if (!read_members(context, options, body)) return;
    // Given beforehand, so that the key is judged and the host added in one step.
    if (!options.fingerprint.empty()) body["accept_host_key"] = options.fingerprint;
    auto client = connect(context);
    if (!client) return;
    auto reply = client->call("POST", "/api/v1/hosts", json::serialize(body));
    if (!reply && reply.error().code() == Errc::host_key_unknown) {
        auto [type, shown] = key_of(reply.error());
        if (shown.empty()) return context.fail(reply.error());
        if (!is_trusted(context, options, type, shown)) return;
        body["accept_host_key"] = shown;
        reply = client->call("POST", "/api/v1/hosts", json::serialize(body));
    }
    if (!reply) return context.fail(reply.error());
    auto host = parsed(context, *reply);
    if (!host) return;
    show_host(context, *host);
    if (cell(*host, "state") == "down") context.message(fmt::format("It does not answer yet: berth host test {}", name));
}

void edit(Context& context, const std::string& name, const Options& options) {
    json::object body;
    if (!read_members(context, options, body)) return;
    if (body.empty()) return context.fail(Exit::usage, "error: nothing to change; see berth host edit --help");
    auto client = connect(context);
    auto host = client ? call(context, *client, "PATCH", host_path(name), json::serialize(body)) : std::nullopt;
    if (host) show_host(context, *host);
}

void accept_key(Context& context, const std::string& name, const Options& options) {
    auto client = connect(context);
    auto host = client ? call(context, *client, "GET", host_path(name)) : std::nullopt;
    if (!host) return;
    auto status = cell(*host, "host_key.status"), shown = cell(*host, "host_key.fingerprint");
    if (shown == "-") return context.fail(Exit::conflict, fmt::format("error: host {} has shown no key; berth host test {} looks again", name, name));
    if (status == "ok") return context.message(fmt::format("the key of host {} is known already: {}", name, shown));
    if (status == "changed")
        context.message(fmt::format("ATTENTION: host {} shows another key than before, which was\n  {}\nEither the machine was set up anew, or another one answers in its place.",
            name, cell(*host, "host_key.known_fingerprint")));
    if (options.takes_new_key && status == "changed")
        return context.fail(Exit::conflict, "error: --accept-new is for keys nobody has seen yet; a changed one needs --fingerprint");
    if (!is_trusted(context, options, cell(*host, "host_key.type"), shown)) return;
    json::object body{{"fingerprint", shown}};
    auto done = call(context, *client, "POST", host_path(name, "/host-key"), json::serialize(body));
    if (done) show_host(context, *done);
}

void add_trust(CLI::App& command, Options& options) {
    auto* given = command.add_option("--fingerprint", options.fingerprint, "The machine's key as you know it, SHA256:…");
    command.add_flag("--accept-new", options.takes_new_key, "Take a key that nobody has seen yet without a look")->excludes(given);
}

} // namespace

void add_host_definitions(Context& context, const SharedHostOptions& host, const HostVerb& with_name) {
    auto options = std::make_shared<Options>();
    auto* adding = with_name("add", "Add one; shows the key of an ssh:// machine and asks");
    adding->add_option("endpoint", options->endpoint, "ssh://[user@]host[:port], unix:///path or tcp://host:port")->required();
    add_members(*adding, *options);
    add_trust(*adding, *options);
    adding->callback([&context, host, options, adding] {
        options->command = adding;
        add(context, host->name, *options);
    });
    auto* editing = with_name("edit", "Change one that was added; what is not given stays");
    add_members(*editing, *options);
    editing->callback([&context, host, options, editing] {
        options->command = editing;
        edit(context, host->name, *options);
    });
    auto* accepting = with_name("accept-key", "Take the key that its machine shows as the known one");
    add_trust(*accepting, *options);
    accepting->callback([&context, host, options] { accept_key(context, host->name, *options); });
}

} // namespace berth::cli
