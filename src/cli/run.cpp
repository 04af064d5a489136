// SPDX-License-Identifier: Apache-2.0
#include "cli/run.hpp"

#include "cli/commands.hpp"
#include "cli/version.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <iostream>

namespace berth::cli {

namespace {

constexpr const char* footer = R"(
Examples:
  berth serve --port 8080
  berth config check --config /etc/berth/berth.yaml
  berth session list -o json
  berth host add rack-1 ssh://berth@rack-1.example.org
  berth host test rack-1
  berth user add ann --password-stdin < password
  berth doctor

Exit codes: 0 good, 1 failed, 2 usage, 3 not found, 4 not allowed, 5 conflict or limit,
69 unavailable, 75 try again, 78 configuration, 130 interrupted.)";

void add_common(CLI::App& app, Context& context) {
    app.add_option("--config", context.config_file, "Configuration file (else BERTH_CONFIG, ./berth.yaml, /etc/berth/berth.yaml)");
    app.add_option("--set", context.sets, "One value, section.key=value; may be repeated")->expected(1)->take_all();
    app.add_option("--state-dir", context.state_dir, "Folder of database, keys and admin socket");
    app.add_option("--url", context.url, "A server elsewhere, http[s]://host[:port]; needs a token");
    app.add_option("--token-file", context.token_file, "File with the token for --url (else BERTH_TOKEN)");
    app.add_option("-o,--output", context.output, "table, json or name")->check(CLI::IsMember({"table", "json", "yaml", "name", "markdown"}));
    app.add_flag_callback("--json", [&context] { context.output = "json"; }, "The same as -o json");
    app.add_flag("!--no-headers", context.has_headers, "Tables without their first line");
    app.add_flag("-q,--quiet", context.is_quiet, "No messages but errors");
    app.add_flag("-y,--yes", context.is_sure, "Do not ask");
}

} // namespace

int run(int argc, const char* const* argv) {
    Context context;
    CLI::App app{"Berth: Linux desktops in the browser, on demand", "berth"};
    app.footer(footer);
    app.set_version_flag("--version", std::string{version()});
    app.require_subcommand(1);
    app.fallthrough();
    add_common(app, context);
    for (auto add : {add_serve, add_doctor, add_config, add_session, add_host, add_user, add_token, add_version}) add(app, context);
    for (auto* noun : app.get_subcommands({})) {
        noun->fallthrough();
        for (auto* verb : noun->get_subcommands({})) verb->fallthrough();
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // --help and --version are "errors" with code 0; every other is a matter of usage.
        return app.exit(error, std::cout, std::cerr) == 0 ? static_cast<int>(Exit::ok) : static_cast<int>(Exit::usage);
    }
    return static_cast<int>(context.exit);
}

} // namespace berth::cli
