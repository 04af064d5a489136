// SPDX-License-Identifier: Apache-2.0
#pragma once
// The parts of `berth host`, one file each.

#include "cli/context.hpp"

#include <boost/json/fwd.hpp>
#include <CLI/App.hpp>

#include <functional>
#include <memory>
#include <string>

namespace berth::cli {

struct HostOptions {
    std::string name;
    std::string message, until; // of a maintenance
    int limit = 50;             // of events
};
using SharedHostOptions = std::shared_ptr<HostOptions>;
// Makes a verb whose first argument is the host's name.
using HostVerb = std::function<CLI::App*(const char* verb, const char* help)>;

std::string host_path(const std::string& name, const std::string& rest = {});
void show_host(const Context& context, const boost::json::value& host);

void add_host_definitions(Context& context, const SharedHostOptions& options, const HostVerb& with_name); // add, edit, accept-key
void add_host_images(Context& context, const SharedHostOptions& options, const HostVerb& with_name);      // pull
void add_host_contexts(CLI::App& noun, Context& context); // import-contexts
void add_host_import(CLI::App& noun, Context& context);   // import
void add_host_key(CLI::App& noun, Context& context);      // key
void add_host_prepare(CLI::App& noun, Context& context);  // prepare

} // namespace berth::cli
