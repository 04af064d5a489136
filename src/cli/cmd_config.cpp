// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.hpp"
#include "config/describe.hpp"

#include <fmt/format.h>

#include <memory>

namespace berth::cli {

namespace {

struct Options {
    bool has_origins = false;
    bool is_effective = true; // there is nothing else to show
};

void check(Context& context) {
    auto loaded = context.load();
    if (!loaded) return;
    const auto& config = loaded->config;
    context.message(fmt::format("{}: good ({} host{}, {} template{})", loaded->file.empty() ? "no file, the defaults" : loaded->file,
        config.hosts.size(), config.hosts.size() == 1 ? "" : "s", config.templates.size(), config.templates.size() == 1 ? "" : "s"));
}

} // namespace

void add_config(CLI::App& app, Context& context) {
    auto* noun = app.add_subcommand("config", "The configuration: check it, show what holds");
    noun->require_subcommand(1);
    noun->add_subcommand("check", "Reads everything and reports every problem; exit 78 if there is one")->callback([&context] { check(context); });
    auto* showing = noun->add_subcommand("show", "Every value that holds, as YAML (-o json for JSON)");
    auto wanted = std::make_shared<Options>();
    showing->add_flag("--origin", wanted->has_origins, "Behind each value where it comes from");
    showing->add_flag("--effective", wanted->is_effective, "The same as without it");
    showing->callback([&context, wanted] {
        auto loaded = context.load();
        if (!loaded) return;
        auto origins = wanted->has_origins ? config::Origins::show : config::Origins::hide;
        context.print(context.output == "json" ? config::show_json(*loaded) : config::show_yaml(*loaded, origins));
    });
    noun->add_subcommand("schema", "JSON Schema for editors; -o markdown for the documentation")->callback([&context] {
        context.print(context.output == "markdown" ? config::markdown() : config::json_schema());
    });
}

} // namespace berth::cli
