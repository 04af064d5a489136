// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/version.hpp"
#include "server/serve.hpp"

#include <fmt/format.h>

#include <memory>

namespace berth::cli {

namespace {

struct Options {
    int port = -1;
    std::string web_dir;
    bool has_banner = true;
};

void serve(Context& context, const Options& options) {
    std::vector<std::string> extra;
    if (!options.web_dir.empty()) extra.push_back("server.web_dir=" + options.web_dir);
    auto loaded = context.load(std::move(extra));
    if (!loaded) return;
    config::Config& config = loaded->config;
    // The addresses of the configuration stay, all with the one port.
    if (options.port >= 0)
        for (config::Listen& listen : config.server.listen) listen.port = static_cast<std::uint16_t>(options.port);
    configure_log(config.log.level, config.log.format);
    server::ServeOptions how;
    how.print_banner = options.has_banner && !context.is_quiet;
    how.commit = commit();
    context.exit = static_cast<Exit>(server::serve(config, how));
}

} // namespace

void add_serve(CLI::App& app, Context& context) {
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("serve", "Run the server until SIGTERM");
    command->add_option("--port", options->port, "Listen there instead (0 = any free port)")->check(CLI::Range(0, 65535));
    command->add_option("--web-dir", options->web_dir, "Folder of the pages");
    command->add_flag("!--no-banner", options->has_banner, "Do not print the address");
    command->callback([&context, options] { serve(context, *options); });
}

} // namespace berth::cli
