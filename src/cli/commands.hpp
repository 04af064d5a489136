// SPDX-License-Identifier: Apache-2.0
#pragma once
// One function per noun: adds its verbs to the program. The context outlives the program.

#include "cli/context.hpp"

#include <CLI/App.hpp>

namespace berth::cli {

void add_serve(CLI::App& app, Context& context);
void add_version(CLI::App& app, Context& context);
void add_config(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_session(CLI::App& app, Context& context);
void add_host(CLI::App& app, Context& context);
void add_user(CLI::App& app, Context& context);
void add_token(CLI::App& app, Context& context);

} // namespace berth::cli
