// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd_host.hpp"
#include "cli/output.hpp"
#include "cli/server_call.hpp"

#include <boost/json.hpp>

#include <memory>

namespace berth::cli {

namespace {

namespace json = boost::json;

const std::vector<Column> columns{{"NAME", "name"}, {"ENDPOINT", "endpoint"}, {"HOST", "imported_as"}, {"CURRENT", "is_current"},
    {"PROBLEM", "problem"}, {"ORIGIN", "origin"}};

struct Options {
    std::vector<std::string> names;
    bool is_all = false;
};

// Those that are no host yet and can become one.
std::vector<std::string> usable(const json::value& contexts) {
    std::vector<std::string> names;
    for (const json::value& context : contexts.get_array())
        if (cell(context, "problem") == "-" && cell(context, "imported_as") == "-") names.push_back(cell(context, "name"));
    return names;
}

void import_contexts(Context& context, const Options& options) {
    auto client = connect(context);
    if (!client) return;
    auto names = options.names;
    if (names.empty()) {
        auto found = call_list(context, *client, "/api/v1/docker-contexts");
        if (!found) return;
        if (!options.is_all) return show(context, *found, columns, "name");
        names = usable(*found);
        if (names.empty()) return context.message("there is nothing to import");
    }
    // One by one: a machine whose key is not known must not keep the others out.
    json::array made;
    for (const std::string& name : names) {
        json::object body{{"names", json::array{name}}};
        auto reply = client->call("POST", "/api/v1/docker-contexts/import", json::serialize(body));
        if (!reply) {
            context.message("context " + printable(name) + ":");
            context.fail(reply.error());
            continue;
        }
        auto answer = parsed(context, *reply);
        const auto* object = answer ? answer->if_object() : nullptr;
        const auto* items = object == nullptr ? nullptr : object->if_contains("items");
        if (items != nullptr && items->is_array()) made.insert(made.end(), items->get_array().begin(), items->get_array().end());
    }
    show_host(context, made);
}

} // namespace

void add_host_contexts(CLI::App& noun, Context& context) {
    auto options = std::make_shared<Options>();
    auto* importing = noun.add_subcommand("import-contexts", "Make hosts of the docker command's contexts, as the server's account has them; without a name, list them");
    auto* names = importing->add_option("names", options->names, "Which ones");
    importing->add_flag("--all", options->is_all, "Every one that is no host yet")->excludes(names);
    importing->callback([&context, options] { import_contexts(context, *options); });
}

} // namespace berth::cli
