// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd_host.hpp"
#include "cli/host_script.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>

namespace berth::cli {

namespace {

struct Options {
    bool is_apply = false, is_check = false, is_remove = false, is_script = false, denies_private = false;
};

// The script runs from memory under bash; its words are fixed here, none comes from outside.
int run_script(const char* verb, bool denies_private) {
    int file = ::memfd_create("berth-host-prepare", 0);
    std::string_view script = host_script();
    bool is_written = file >= 0 && ::write(file, script.data(), script.size()) == static_cast<ssize_t>(script.size());
    if (!is_written) return 1;
    std::string path = fmt::format("/proc/self/fd/{}", file);
    pid_t child = ::fork();
    if (child == 0) {
        ::execl("/bin/bash", "bash", path.c_str(), verb, denies_private ? "--deny-private" : nullptr, nullptr);
        ::_exit(127);
    }
    int status = 0;
    bool has_ended = child > 0 && ::waitpid(child, &status, 0) == child;
    ::close(file);
    return has_ended && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

void prepare(Context& context, const Options& options) {
    if (host_script().empty()) return context.fail(Exit::unavailable, "error: this build does not hold the host rules");
    if (options.is_script) return context.print(host_script());
    if (options.is_remove && !context.confirm("Desktops will reach the services of this machine.")) return;
    const char* verb = options.is_apply ? "apply" : options.is_check ? "check" : options.is_remove ? "remove" : "print";
    int code = run_script(verb, options.denies_private);
    if (code != 0) context.exit = Exit::failed;
}

} // namespace

void add_host_prepare(CLI::App& noun, Context& context) {
    auto options = std::make_shared<Options>();
    auto* preparing = noun.add_subcommand("prepare", "The firewall rules that keep desktops off this machine: print them, or --apply as root");
    auto* apply = preparing->add_flag("--apply", options->is_apply, "Set them; repeating changes nothing");
    auto* check = preparing->add_flag("--check", options->is_check, "Whether they are in place")->excludes(apply);
    preparing->add_flag("--remove", options->is_remove, "Take them away")->excludes(apply)->excludes(check);
    preparing->add_flag("--script", options->is_script, "Print the script instead, to take it to another machine");
    preparing->add_flag("--deny-private", options->denies_private, "Also close the private networks to desktops");
    preparing->callback([&context, options] { prepare(context, *options); });
}

} // namespace berth::cli
