// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/version.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace berth::cli {

void add_version(CLI::App& app, Context& context) {
    app.add_subcommand("version", "What this program is")->callback([&context] {
        if (context.output == "json") {
            boost::json::object object{{"name", "berth"}, {"version", version()}, {"commit", commit()}, {"build_date", build_date()}};
            return context.print(pretty(object));
        }
        context.print(fmt::format("berth {} ({}, {})", version(), commit(), build_date()));
    });
}

} // namespace berth::cli
