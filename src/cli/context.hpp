// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every command shares: the options that stand before or behind it, and the ways out.

#include "base/error.hpp"
#include "cli/exit_code.hpp"
#include "config/load.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

struct Context {
    std::string config_file;
    std::vector<std::string> sets;
    std::string state_dir;
    std::string url;        // of a server elsewhere; empty = the local one by its admin socket
    std::string token_file;
    std::string output = "table"; // table, json, name
    bool has_headers = true;
    bool is_quiet = false;
    bool is_sure = false;   // --yes
    Exit exit = Exit::ok;

    // The configuration with --config, --set and --state-dir; `extra` come after those. Warnings go
    // to standard error. Nothing after a failure: it is printed and `exit` is set to 78.
    std::optional<config::Loaded> load(std::vector<std::string> extra = {});
    void print(std::string_view text) const;   // data
    void message(std::string_view text) const; // for people; not with --quiet
    void fail(Exit code, std::string_view text);
    void fail(const Error& error);
    // Asks on a terminal; without one only --yes is a yes (else exit 2).
    bool confirm(const std::string& question);
    // The same for what --yes must not decide: without a terminal it is no, and nothing is said.
    bool ask(const std::string& question) const;
};

// Folders that may hold the pages, for a program at this place.
std::vector<std::string> web_dirs_beside_the_program();

} // namespace berth::cli
