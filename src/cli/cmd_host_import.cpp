// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "cli/cmd_host.hpp"
#include "cli/output.hpp"
#include "cli/server_call.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>

namespace berth::cli {

namespace {

namespace json = boost::json;

const std::vector<Column> columns{{"NAME", "name"}, {"ENDPOINT", "endpoint"}, {"HOST", "imported_as"}, {"PROBLEM", "problem"}};

struct Options {
    std::string file;
    std::vector<std::string> names;
    bool is_all = false;
};

std::optional<std::string> read_text(Context& context, const std::string& file) {
    std::ifstream opened;
    if (file != "-") opened.open(file, std::ios::binary);
    std::istream& from = file == "-" ? std::cin : opened;
    std::string text(limits::hosts_file + 1, '\0');
    from.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(from.gcount()));
    if (text.empty()) context.fail(Exit::usage, fmt::format("error: {} cannot be read or is empty", file));
    else if (text.size() > limits::hosts_file) context.fail(Exit::usage, fmt::format("error: {} is longer than {} KB", file, limits::hosts_file / 1024));
    else return text;
    return std::nullopt;
}

std::optional<json::array> hosts_in(Context& context, ApiClient& client, const std::string& text) {
    json::object body{{"text", text}};
    auto answer = call(context, client, "POST", "/api/v1/hosts-file", json::serialize(body));
    if (!answer) return std::nullopt;
    const auto* object = answer->if_object();
    const auto* items = object == nullptr ? nullptr : object->if_contains("items");
    if (items != nullptr && items->is_array()) return items->get_array();
    context.fail(Exit::failed, "error: the server's answer is no list of hosts");
    return std::nullopt;
}

// Those that were asked for, all of which must be there and usable; or every one that is no host yet and can be one.
std::optional<json::array> picked(Context& context, const json::array& items, const Options& options) {
    json::array some;
    for (const json::value& item : items) {
        auto is_usable = cell(item, "problem") == "-" && cell(item, "imported_as") == "-";
        if (options.is_all && is_usable) some.push_back(item);
    }
    for (const std::string& name : options.names) {
        auto found = std::ranges::find_if(items, [&](const json::value& item) { return cell(item, "name") == name; });
        if (found == items.end()) context.fail(Exit::not_found, fmt::format("error: the file names no host {}", printable(name)));
        else if (auto problem = cell(*found, "problem"); problem != "-") context.fail(Exit::conflict, fmt::format("error: host {}: {}", printable(name), printable(problem)));
        else some.push_back(*found);
    }
    if (context.exit != Exit::ok) return std::nullopt;
    return some;
}

void import(Context& context, const Options& options) {
    auto text = read_text(context, options.file);
    auto client = text ? connect(context) : std::nullopt;
    auto items = client ? hosts_in(context, *client, *text) : std::nullopt;
    if (!items) return;
    if (!options.is_all && options.names.empty()) return show(context, *items, columns, "name");
    auto wanted = picked(context, *items, options);
    if (!wanted) return;
    if (wanted->empty()) return context.message("there is nothing to import");
    // One by one: a machine whose key is not known must not keep the others out.
    json::array made;
    for (const json::value& item : *wanted) {
        const auto* host = item.get_object().if_contains("host");
        auto reply = client->call("POST", "/api/v1/hosts", host == nullptr ? "" : json::serialize(*host));
        if (!reply) {
            context.message("host " + printable(cell(item, "name")) + ":");
            context.fail(reply.error());
        } else if (auto answer = parsed(context, *reply)) {
            made.push_back(std::move(*answer));
        }
    }
    show_host(context, made);
}

} // namespace

void add_host_import(CLI::App& noun, Context& context) {
    auto options = std::make_shared<Options>();
    auto* importing = noun.add_subcommand("import", "Make hosts of a hosts.yml of the CTFd remote desktop plugin; without a name, list them");
    importing->add_option("file", options->file, "The file; - = standard input")->required();
    auto* names = importing->add_option("names", options->names, "Which ones");
    importing->add_flag("--all", options->is_all, "Every one that is no host yet")->excludes(names);
    importing->callback([&context, options] { import(context, *options); });
}

} // namespace berth::cli
