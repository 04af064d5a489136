// SPDX-License-Identifier: Apache-2.0
#include "tests/support/sshd.hpp"

#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <pwd.h>
#include <spawn.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace berth::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* program = "/usr/sbin/sshd";
constexpr std::chrono::seconds patience{10};

pid_t spawn(const std::vector<std::string>& words, const std::string& output) {
    std::vector<std::string> copy = words;
    std::vector<char*> arguments;
    for (auto& word : copy) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
    ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    pid_t id = -1;
    int failure = ::posix_spawnp(&id, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    return failure == 0 ? id : -1;
}

std::uint16_t free_port() {
    int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(socket);
    return ntohs(address.sin_port);
}

bool accepts(std::uint16_t port) {
    int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    bool is_open = ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    return is_open;
}

std::string read_file(const std::string& path) {
    std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

int parent_of(const std::string& id) {
    auto text = read_file("/proc/" + id + "/stat");
    auto end = text.rfind(')');
    if (end == std::string::npos) return -1;
    std::istringstream rest{text.substr(end + 2)};
    char state = 0;
    int parent = -1;
    rest >> state >> parent;
    return parent;
}

void add_children(int of, std::vector<int>& found) {
    for (const auto& entry : fs::directory_iterator{"/proc"}) {
        auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos || parent_of(name) != of) continue;
        found.push_back(std::stoi(name));
        add_children(std::stoi(name), found);
    }
}

template <class Condition>
bool wait_until(Condition condition) {
    auto limit = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > limit) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
}

} // namespace

int run_program(const std::vector<std::string>& words) {
    auto id = spawn(words, "/dev/null");
    int status = -1;
    if (id < 0 || ::waitpid(id, &status, 0) != id) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Sshd::Sshd(std::string settings)
    : settings_{std::move(settings)} {
    std::array<char, 32> name{"/tmp/berth-sshd-XXXXXX"};
    folder_ = ::mkdtemp(name.data());
    if (::access(program, X_OK) != 0) {
        problem_ = "there is no /usr/sbin/sshd (package openssh-server)";
        return;
    }
    ::mkdir("/run/sshd", 0755); // its privilege separation wants it; made by the service otherwise
    run_program({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key_file()});
    fs::copy_file(key_file() + ".pub", folder_ + "/authorized_keys");
    make_host_key();
    write_client_config();
    start();
    trust();
}

Sshd::~Sshd() {
    if (process_ > 0) {
        signal_all(SIGCONT);
        signal_all(SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

std::string Sshd::user() const {
    const auto* entry = ::getpwuid(::geteuid());
    return entry ? entry->pw_name : "root";
}

void Sshd::make_host_key() {
    ::unlink((folder_ + "/host_key").c_str());
    run_program({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder_ + "/host_key"});
}

void Sshd::write_client_config(const std::string& more) const {
    std::ofstream file{config_file(), std::ios::trunc};
    file << more << "\nHost *\n  IdentityFile " << key_file() << "\n  IdentityAgent none\n  UserKnownHostsFile "
         << folder_ << "/user_known_hosts\n  GlobalKnownHostsFile /dev/null\n";
}

void Sshd::write_server_config() {
    std::ofstream file{folder_ + "/sshd_config", std::ios::trunc};
    // The first value of a setting counts.
    file << settings_ << "\nListenAddress 127.0.0.1\nPort " << port_ << "\nHostKey " << folder_
         << "/host_key\nAuthorizedKeysFile " << folder_
         << "/authorized_keys\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nLogLevel VERBOSE\nPrintMotd no\n"
            // A shell of the second level reads no ~/.bashrc: what that does is not our test's.
            "SetEnv SHLVL=1\n";
}

void Sshd::start() {
    for (int attempt = 0; attempt < 5; ++attempt) {
        if (port_ == 0 || attempt > 0) port_ = free_port();
        write_server_config();
        process_ = spawn({program, "-D", "-e", "-f", folder_ + "/sshd_config"}, folder_ + "/log");
        bool has_ended = false;
        bool is_ready = wait_until([&] {
            has_ended = ::waitpid(process_, nullptr, WNOHANG) == process_;
            return has_ended || accepts(port_);
        });
        if (is_ready && !has_ended) return;
        if (!has_ended) {
            ::kill(process_, SIGKILL);
            ::waitpid(process_, nullptr, 0);
        }
        process_ = -1;
    }
    problem_ = "sshd does not start: " + log();
}

void Sshd::trust() const {
    auto key = read_file(folder_ + "/host_key.pub");
    std::ofstream file{known_hosts(), std::ios::trunc};
    file << "[127.0.0.1]:" << port_ << ' ' << key;
}

void Sshd::forget_key() const { ::unlink(known_hosts().c_str()); }

std::string Sshd::fingerprint() const {
    auto output = folder_ + "/fingerprint";
    ::unlink(output.c_str());
    auto id = spawn({"ssh-keygen", "-l", "-f", folder_ + "/host_key.pub"}, output);
    ::waitpid(id, nullptr, 0);
    std::istringstream text{read_file(output)};
    std::string bits, shown;
    text >> bits >> shown;
    return shown;
}

void Sshd::stop_listening() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL); // its connections are processes of their own
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
}

void Sshd::restart() {
    stop_listening();
    write_server_config();
    for (int attempt = 0; attempt < 50; ++attempt) {
        process_ = spawn({program, "-D", "-e", "-f", folder_ + "/sshd_config"}, folder_ + "/log");
        bool has_ended = false;
        wait_until([&] {
            has_ended = ::waitpid(process_, nullptr, WNOHANG) == process_;
            return has_ended || accepts(port_);
        });
        if (!has_ended) return;
        process_ = -1;
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    problem_ = "sshd does not start again: " + log();
}

std::vector<int> Sshd::connections() const {
    std::vector<int> found;
    if (process_ > 0) add_children(process_, found);
    return found;
}

void Sshd::kill_connections() {
    for (int id : connections()) ::kill(id, SIGKILL);
}

void Sshd::signal_all(int number) {
    if (process_ <= 0) return;
    for (int id : connections()) ::kill(id, number);
    ::kill(process_, number);
}

std::string Sshd::log() const { return read_file(folder_ + "/log"); }

} // namespace berth::test
