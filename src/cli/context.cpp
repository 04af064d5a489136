// SPDX-License-Identifier: Apache-2.0
#include "cli/context.hpp"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <iostream>

namespace berth::cli {

namespace fs = std::filesystem;

std::vector<std::string> web_dirs_beside_the_program() {
    std::error_code ignored;
    fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    return {
        (folder / "../share/berth/web").lexically_normal().string(), // installed
        (folder / "../../web/dist").lexically_normal().string(),     // build/<preset>/berth
        (fs::current_path(ignored) / "web/dist").string(),
    };
}

std::optional<config::Loaded> Context::load(std::vector<std::string> extra) {
    config::LoadOptions options;
    options.environment = config::process_environment();
    options.web_dirs = web_dirs_beside_the_program();
    auto named = options.environment.find("BERTH_CONFIG");
    if (!config_file.empty()) options.file = config_file;
    else if (named != options.environment.end() && !named->second.empty()) options.file = named->second;
    if (!state_dir.empty()) options.overrides.push_back("state_dir=" + state_dir);
    options.overrides.insert(options.overrides.end(), sets.begin(), sets.end());
    options.overrides.insert(options.overrides.end(), extra.begin(), extra.end());
    auto loaded = config::load(options);
    if (!loaded) {
        fail(Exit::configuration, loaded.error().operator_text());
        return std::nullopt;
    }
    for (const std::string& warning : loaded->warnings) message("warning: " + warning);
    return std::move(*loaded);
}

void Context::print(std::string_view text) const {
    std::cout << text;
    if (!text.empty() && text.back() != '\n') std::cout << '\n';
    std::cout.flush();
}

void Context::message(std::string_view text) const {
    if (!is_quiet) std::cerr << text << '\n';
}

void Context::fail(Exit code, std::string_view text) {
    std::cerr << text << '\n';
    exit = code;
}

void Context::fail(const Error& error) {
    const std::string& text = error.user_text().empty() ? error.operator_text() : error.user_text();
    fail(exit_for(error.code()), "error: " + (text.empty() ? std::string{name_of(error.code())} : text));
    for (const FieldError& field : error.fields()) std::cerr << "  " << field.pointer << ": " << field.detail << '\n';
    if (error.retry_after_s() > 0) std::cerr << "  try again in " << error.retry_after_s() << " s\n";
}

bool Context::ask(const std::string& question) const {
    if (::isatty(STDIN_FILENO) == 0) return false;
    std::cerr << question << " [y/N] ";
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

bool Context::confirm(const std::string& question) {
    if (is_sure) return true;
    if (::isatty(STDIN_FILENO) == 0) {
        fail(Exit::usage, "error: " + question + " Without a terminal this needs --yes.");
        return false;
    }
    if (ask(question)) return true;
    fail(Exit::failed, "nothing was changed");
    return false;
}

} // namespace berth::cli
