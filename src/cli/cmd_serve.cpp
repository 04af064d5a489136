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
    if (options.port >= 0) {
        auto& listen = config.server.listen;
        // Which one would be a guess, and two with one port cannot both be had where their address is the same.
        if (listen.size() > 1)
            return context.fail(Exit::usage, fmt::format("error: --port is for one address, and server.listen names {}: change the port there", listen.size()));
        listen.front().port = static_cast<std::uint16_t>(options.port);
    }
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
    command->add_option("--port", options->port, "Port in place of the one in server.listen (0 = any free one)")->check(CLI::Range(0, 65535));
    command->add_option("--web-dir", options->web_dir, "Folder of the pages");
    command->add_flag("!--no-banner", options->has_banner, "Do not print the address");
    command->callback([&context, options] { serve(context, *options); });
}

} // namespace berth::cli
