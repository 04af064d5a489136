// SPDX-License-Identifier: Apache-2.0
#pragma once
// From files, variables and options to a checked Config. Later sources win: defaults, the file,
// conf.d/*.yaml and *.yml beside it in the order of their names, BERTH_SECTION__KEY, options.
// Sections are merged key by key; `hosts` and `templates` of several files are put together; every
// other list is replaced.

#include "base/error.hpp"
#include "config/config.hpp"
#include "config/node.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace berth::config {

struct LoadOptions {
    // Named by the person: must exist. Otherwise the first of `candidates` that exists, or none.
    std::optional<std::string> file;
    std::vector<std::string> candidates{"berth.yaml", "/etc/berth/berth.yaml"};
    std::map<std::string, std::string> environment; // all of it; only BERTH_* is looked at
    std::vector<std::string> overrides;             // "server.drain=5s", from the command line
    std::vector<std::string> web_dirs;              // where the pages may be; the first folder wins
};

struct Loaded {
    Config config;
    std::string file;                  // the one that was read, empty = none
    std::vector<std::string> warnings; // sentences for the operator
    std::map<std::string, std::string> origins; // "server.listen" → "berth.yaml:3:5"; else default
};

// On failure invalid_input: its text has one line per problem, "file:line:column: path: what", all
// of them, in the order of the files; fields() has them one by one.
Result<Loaded> load(const LoadOptions& options);

// The process's own variables, for LoadOptions::environment.
std::map<std::string, std::string> process_environment();

// Only for the fuzzer and tests: the same without touching a file or the machine.
Result<Loaded> load_text(std::string_view text, const std::string& source);

// Seed A's hosts.yml: whether the tree is in that form, and its translation in place (marks stay).
bool is_seed_form(const Node& root);
void translate_seed(Node& root, std::vector<Problem>& problems, std::vector<std::string>& warnings);

// A host of such a file and what speaks against it, a sentence with its line; empty = nothing.
struct HostOfFile {
    Host host;
    std::string problem;
};
// The hosts alone; whatever else stands in the text is passed over. invalid_input when the text as a whole cannot
// be read, with what is wrong in fields(): broken YAML, no hosts, or more than can be.
Result<std::vector<HostOfFile>> read_seed_hosts(std::string_view text);

} // namespace berth::config
