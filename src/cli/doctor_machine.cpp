// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor.hpp"

#include "base/scope_exit.hpp"
#include "config/rules.hpp"
#include "config/units.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace berth::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t mib = 1024 * 1024;
constexpr std::int64_t least_disk = 200 * mib;  // below this SQLite and the engine stop soon
constexpr std::int64_t little_disk = 2048 * mib;
constexpr rlim_t wanted_descriptors = 20'000;   // see base/limits.hpp: connections

// The folder itself or the nearest one above it that is there.
fs::path existing(fs::path path) {
    std::error_code ignored;
    while (!fs::exists(path, ignored) && path.has_parent_path() && path != path.parent_path()) path = path.parent_path();
    return path;
}

Finding state_dir(const config::Config& config) {
    struct stat facts {};
    fs::path folder = existing(config.state_dir);
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
        return failure("state_dir", folder.string() + " cannot be written by this user", "give the user that runs berth this folder, or set state_dir");
    if (folder != fs::path{config.state_dir}) return good("state_dir", config.state_dir + " will be made");
    if (::stat(folder.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode))
        return failure("state_dir", config.state_dir + " is not a folder", "remove it or set state_dir");
    if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return warning("state_dir", fmt::format("{} is open to others (mode {:o})", config.state_dir, facts.st_mode & 07777U), "chmod 700 " + config.state_dir);
    return good("state_dir", config.state_dir);
}

Finding disk(const config::Config& config) {
    struct statvfs facts {};
    fs::path folder = existing(config.state_dir);
    if (::statvfs(folder.c_str(), &facts) != 0) return skipped("disk", "the file system of " + folder.string() + " does not say");
    auto free = static_cast<std::int64_t>(facts.f_bavail) * static_cast<std::int64_t>(facts.f_frsize);
    std::string detail = fmt::format("{} MiB free at {}", free / mib, folder.string());
    if (free < least_disk) return failure("disk", detail, "make room: below 200 MiB the database may stop");
    if (free < little_disk) return warning("disk", detail, "make room before it is gone");
    return good("disk", detail);
}

Finding web_dir(const config::Config& config) {
    std::error_code ignored;
    const std::string& folder = config.server.web_dir;
    if (folder.empty()) return failure("web_dir", "no folder with the pages was found", "build them (cd web && npm ci && npm run build) or set server.web_dir");
    if (!fs::is_regular_file(folder + "/index.html", ignored)) return failure("web_dir", folder + " has no index.html", "set server.web_dir to the built pages");
    return good("web_dir", folder);
}

Finding clock() {
    auto today = std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now())};
    int year = static_cast<int>(today.year());
    if (year < 2024 || year > 2100) return failure("clock", fmt::format("the year is {}", year), "set the clock; certificates and deadlines depend on it");
    return good("clock", fmt::format("{}-{:02}-{:02} UTC", year, static_cast<unsigned>(today.month()), static_cast<unsigned>(today.day())));
}

Finding descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return skipped("descriptors", "the limit is not known");
    std::string detail = fmt::format("{} now, {} allowed", limit.rlim_cur, limit.rlim_max);
    if (limit.rlim_max < wanted_descriptors) return warning("descriptors", detail, "raise the limit: LimitNOFILE=65536 in the unit, or ulimit -Hn; each viewer needs two");
    return good("descriptors", detail);
}

Finding process_limits() {
    std::ifstream file{"/sys/fs/cgroup/cgroup.controllers"};
    std::string controllers;
    std::error_code ignored;
    if (std::getline(file, controllers) && (" " + controllers + " ").find(" pids ") != std::string::npos) return good("cgroup_pids", "cgroup v2 with pids");
    if (fs::is_directory("/sys/fs/cgroup/pids", ignored)) return good("cgroup_pids", "cgroup v1 with pids");
    return warning("cgroup_pids", "this machine's kernel does not offer the pids controller", "enable it, or one desktop can use up all processes");
}

bool is_loopback(const std::string& address) { return address.starts_with("127.") || address == "::1"; }

// Whether the address can be bound: the kernel's own answer.
std::string bind_problem(const config::Listen& listen) {
    bool is_v6 = listen.address.find(':') != std::string::npos;
    int fd = ::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return std::strerror(errno);
    ScopeExit close{[fd] { ::close(fd); }};
    int one = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(listen.port);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(listen.port);
    ::inet_pton(is_v6 ? AF_INET6 : AF_INET, listen.address.c_str(), is_v6 ? static_cast<void*>(&v6.sin6_addr) : &v4.sin_addr);
    const auto* address = is_v6 ? reinterpret_cast<const sockaddr*>(&v6) : reinterpret_cast<const sockaddr*>(&v4);
    bool is_free = ::bind(fd, address, is_v6 ? sizeof v6 : sizeof v4) == 0 && ::listen(fd, 1) == 0;
    return is_free ? std::string{} : std::strerror(errno);
}

Finding listen_address(const config::Listen& listen, bool is_running) {
    std::string name = "listen " + config::format_listen(listen);
    if (is_running) return good(name, "a running berth answers; not tried");
    auto problem = bind_problem(listen);
    if (problem.empty()) return good(name, "free");
    return failure(name, problem, "stop what uses it (ss -ltnp), or set server.listen or --port");
}

void exposure(const config::Server& server, Findings& findings) {
    for (const config::Listen& listen : server.listen) {
        if (is_loopback(listen.address)) continue;
        std::string name = "exposure " + config::format_listen(listen);
        if (!server.is_tls())
            findings.push_back(warning(name, "other machines can come here without TLS", "put a TLS proxy in front and set server.public_url to its https:// address"));
        else
            findings.push_back(warning(name, "other machines can go around the TLS proxy", "listen on 127.0.0.1, or let the firewall allow the proxy alone"));
    }
    if (server.is_tls() && server.trusted_proxies.empty())
        findings.push_back(warning("proxy", "public_url is https, but no proxy is trusted: all people seem to come from one address", "set server.trusted_proxies to the proxy's address"));
    if (server.insecure_http)
        findings.push_back(warning("insecure_http", "people may sign in over plain HTTP", "take server.insecure_http out where the network is not closed"));
}

} // namespace

void check_machine(const config::Config& config, bool is_running, Findings& findings) {
    findings.push_back(state_dir(config));
    findings.push_back(disk(config));
    findings.push_back(web_dir(config));
    findings.push_back(clock());
    findings.push_back(descriptors());
    findings.push_back(process_limits());
    for (const config::Listen& listen : config.server.listen) findings.push_back(listen_address(listen, is_running));
    exposure(config.server, findings);
}

} // namespace berth::cli
