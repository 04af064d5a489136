// SPDX-License-Identifier: Apache-2.0
// The key with which the server enters its hosts: made here, by ssh-keygen, and shown with what has
// to be done on the other side.
#include "cli/cmd_host.hpp"
#include "cli/output.hpp"
#include "cli/server_call.hpp"
#include "config/rules.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>

extern char** environ; // NOLINT: the C library's own name

namespace berth::cli {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t longest_key = 8192;
// Nothing but forwarding: no terminal, no agent, no X11. A permitopen beside it would close unix
// sockets too, and with them the engine's.
constexpr std::string_view key_options = "restrict,port-forwarding";

struct Options {
    std::string endpoint;
    bool is_new = false;
};

std::string read_line(const std::string& path) {
    std::string line;
    std::ifstream file{path};
    std::getline(file, line);
    return line.size() > longest_key ? std::string{} : printable(line);
}

std::string machine_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "berth";
    std::string text{name.data()};
    return config::domain_rule(text).empty() ? text : "berth";
}

// Exit code of ssh-keygen; 127 = it is not there. Its words are fixed here, none comes from outside
// but the path, which follows -f.
int run_keygen(const std::string& path) {
    std::string comment = "berth@" + machine_name();
    const std::vector<std::string> words{"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path};
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    pid_t child = -1;
    if (::posix_spawnp(&child, "ssh-keygen", nullptr, nullptr, argv.data(), environ) != 0) return 127;
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return 127;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

// Made by root for a server that runs as another account, the files must be that account's.
void give_to_owner_of(const fs::path& state, const std::vector<fs::path>& made) {
    struct stat facts {};
    if (::geteuid() != 0 || ::stat(state.c_str(), &facts) != 0) return;
    for (const fs::path& path : made)
        if (::lchown(path.c_str(), facts.st_uid, facts.st_gid) != 0) return;
}

bool make_key(Context& context, const config::Config& config) {
    const std::string& path = config.ssh.identity;
    fs::path folder = fs::path{path}.parent_path();
    std::error_code bad;
    bool is_new_folder = fs::create_directories(folder, bad);
    if (is_new_folder) fs::permissions(folder, fs::perms::owner_all, bad);
    if (bad) {
        context.fail(Exit::failed, fmt::format("error: {} cannot be made: {}", folder.string(), bad.message()));
        return false;
    }
    int code = run_keygen(path);
    if (code != 0) {
        context.fail(code == 127 ? Exit::unavailable : Exit::failed,
            code == 127 ? "error: ssh-keygen is not there: apt-get install openssh-client" : "error: ssh-keygen could not make " + path);
        return false;
    }
    give_to_owner_of(config.state_dir, {folder, path, path + ".pub"});
    context.message("made " + path);
    return true;
}

// user and machine of the address, for the commands; words to fill in where none was given.
struct OtherSide {
    std::string user = "berth";
    std::string machine = "MACHINE";
};
OtherSide other_side(const std::string& endpoint) {
    OtherSide side;
    if (endpoint.empty()) return side;
    auto rest = endpoint.substr(std::string_view{"ssh://"}.size());
    rest = rest.substr(0, rest.find('/'));
    if (auto at = rest.find('@'); at != std::string::npos) side.user = rest.substr(0, at);
    side.machine = rest.substr(rest.find('@') == std::string::npos ? 0 : rest.find('@') + 1);
    return side;
}

std::vector<std::string> commands_for(const OtherSide& side, const std::string& key) {
    const std::string& user = side.user;
    bool is_root = user == "root";
    std::string home = is_root ? "/root" : "/home/" + user;
    std::vector<std::string> commands;
    if (!is_root) {
        commands.push_back(fmt::format("id {0} >/dev/null 2>&1 || useradd --create-home --home-dir {1} --shell /bin/sh {0}", user, home));
        commands.push_back(fmt::format("usermod --append --groups docker {}", user));
    }
    std::string owner = is_root ? "" : fmt::format(" -o {0} -g {0}", user);
    commands.push_back(fmt::format("install -d -m 700{} {}/.ssh", owner, home));
    commands.push_back(fmt::format("echo '{} {}' >> {}/.ssh/authorized_keys", key_options, key, home));
    if (!is_root) commands.push_back(fmt::format("chown {0}: {1}/.ssh/authorized_keys", user, home));
    commands.push_back(fmt::format("chmod 600 {}/.ssh/authorized_keys", home));
    return commands;
}

void print_key(Context& context, const Options& options, const std::string& key, const std::string& path) {
    auto side = other_side(options.endpoint);
    auto commands = commands_for(side, key);
    auto address = fmt::format("ssh://{}@{}", side.user, side.machine);
    if (context.output == "json") {
        json::object report{{"public_key", key}, {"path", path.empty() ? json::value(nullptr) : json::value(path)},
            {"authorized_keys", fmt::format("{} {}", key_options, key)}, {"commands", json::array(commands.begin(), commands.end())}};
        return context.print(pretty(report));
    }
    context.message(fmt::format("On {}, as root:\n", side.machine == "MACHINE" ? "each host" : side.machine));
    for (const std::string& command : commands) context.message("  " + command);
    context.message(fmt::format("\nWho may use the Docker socket is root on that machine, and so is whoever has this key."
        "\nSee what it needs of sshd in docs/operating.md. Then here:\n\n  berth host add NAME {}\n\nThe key:", address));
    context.print(key);
}

void key(Context& context, const Options& options) {
    if (!options.endpoint.empty()) {
        auto complaint = config::engine_endpoint_rule(options.endpoint);
        if (complaint.empty() && !options.endpoint.starts_with("ssh://")) complaint = "must begin with ssh://";
        if (!complaint.empty()) return context.fail(Exit::usage, "error: the endpoint " + complaint);
    }
    if (!context.url.empty()) { // a server elsewhere: its key can be looked at, not made
        auto client = connect(context);
        auto answer = client ? call(context, *client, "GET", "/api/v1/ssh-key") : std::nullopt;
        if (!answer) return;
        auto line = printable(cell(*answer, "public_key"));
        if (line == "-") return context.fail(Exit::not_found, "error: that server has no key yet: berth host key on its machine");
        return print_key(context, options, line, {});
    }
    auto loaded = context.load();
    if (!loaded) return;
    const std::string& path = loaded->config.ssh.identity;
    std::error_code ignored;
    bool is_there = fs::exists(path, ignored);
    if (options.is_new && is_there)
        return context.fail(Exit::conflict, fmt::format("error: {} is there already; move it away first: hosts know its public half", path));
    if (!is_there && !make_key(context, loaded->config)) return;
    auto line = read_line(path + ".pub");
    if (line.empty()) return context.fail(Exit::failed, fmt::format("error: {}.pub cannot be read: ssh-keygen -y -f {} > {}.pub", path, path, path));
    print_key(context, options, line, path);
}

} // namespace

void add_host_key(CLI::App& noun, Context& context) {
    auto options = std::make_shared<Options>();
    auto* command = noun.add_subcommand("key", "The server's own key for its hosts, made if there is none, and the commands for the other side");
    command->add_option("endpoint", options->endpoint, "ssh://[user@]host: the commands for that one");
    command->add_flag("--new", options->is_new, "Only make one; conflict when there is one");
    command->callback([&context, options] { key(context, *options); });
}

} // namespace berth::cli
