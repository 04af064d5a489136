// SPDX-License-Identifier: Apache-2.0
// The test desktop: /rfb serves, /rfb cat PATH prints a file (there is no shell here), /rfb probe HOST PORT tells
// whether a TCP connection from inside a container gets through (0 connected, 1 refused, 2 nothing came back).
#include "client.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace {

constexpr const char* secret_path = "/run/berth/rfb_secret";
constexpr int exit_usage = 64;
constexpr int exit_config = 78;

std::string env(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

long env_number(const char* name, long otherwise) {
    const auto text = env(name);
    return text.empty() ? otherwise : std::strtol(text.c_str(), nullptr, 10);
}

int print_file(const char* path) {
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        std::perror(path);
        return 1;
    }
    char buffer[65536];
    for (;;) {
        const auto n = ::read(file, buffer, sizeof buffer);
        if (n <= 0)
            return n == 0 ? 0 : 1;
        if (::write(STDOUT_FILENO, buffer, static_cast<std::size_t>(n)) != n)
            return 1;
    }
}

int report(int code, const char* word) {
    std::puts(word);
    return code;
}

int probe(const char* host, const char* port) {
    sockaddr_in6 v6{};
    sockaddr_in v4{};
    const auto number = htons(static_cast<std::uint16_t>(std::strtoul(port, nullptr, 10)));
    v4.sin_family = AF_INET;
    v4.sin_port = number;
    v6.sin6_family = AF_INET6;
    v6.sin6_port = number;
    const bool is_v4 = ::inet_pton(AF_INET, host, &v4.sin_addr) == 1;
    if (!is_v4 && ::inet_pton(AF_INET6, host, &v6.sin6_addr) != 1) {
        std::fprintf(stderr, "probe: HOST is a numeric address\n");
        return exit_usage;
    }
    const int socket = ::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const auto* address = is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
    int error = 0;
    if (::connect(socket, address, is_v4 ? sizeof v4 : sizeof v6) != 0) {
        error = errno;
        pollfd waiting{socket, POLLOUT, 0};
        if (error == EINPROGRESS && ::poll(&waiting, 1, 1000) == 1) {
            socklen_t size = sizeof error;
            ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
        }
    }
    if (error == 0)
        return report(0, "connected");
    if (error == ECONNREFUSED)
        return report(1, "refused");
    return report(2, error == EINPROGRESS ? "timeout" : std::strerror(error));
}

bool load_secret(std::string& secret) {
    const int file = ::open(secret_path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        char buffer[256];
        const auto n = ::read(file, buffer, sizeof buffer);
        secret.assign(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
        ::close(file);
        ::unlink(secret_path);
    } else if (errno == ENOENT) {
        secret = env("VNC_PASSWORD");
    } else {
        std::perror(secret_path);
    }
    ::unsetenv("VNC_PASSWORD");
    while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r'))
        secret.pop_back();
    return !secret.empty();
}

// Process 1 has no default action for SIGTERM, so it needs a handler even only to end.
void obey_signals() {
    const bool deaf = env("TEST_IGNORE_TERM") == "1";
    for (const int signal : {SIGTERM, SIGINT})
        std::signal(signal, deaf ? SIG_IGN : +[](int number) { ::_exit(128 + number); });
    std::signal(SIGPIPE, SIG_IGN);
}

void pause_for(long milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

int listen_on(std::uint16_t port) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener, 128) != 0) {
        std::perror("listen");
        std::exit(1);
    }
    return listener;
}

void take_resolution(Size& size) {
    Size asked;
    if (std::sscanf(env("RESOLUTION").c_str(), "%ux%u", &asked.width, &asked.height) == 2 &&
        asked.width >= smallest_side && asked.width <= largest_side && asked.height >= smallest_side &&
        asked.height <= largest_side)
        size = asked;
}

int serve() {
    obey_signals();
    static Shared shared; // outlives every thread, since the process ends with _exit or never
    if (!load_secret(shared.secret)) {
        std::fprintf(stderr, "test-rfb: no secret: give %s or VNC_PASSWORD; nothing is served without one\n",
                     secret_path);
        return exit_config;
    }
    const auto name = env("BERTH_WITNESS");
    shared.name = name.empty() ? "berth-test" : name;
    take_resolution(shared.size);
    if (const auto life = env_number("TEST_EXIT_AFTER_MS", -1); life >= 0)
        std::thread([life] {
            pause_for(life);
            ::_exit(static_cast<int>(env_number("TEST_EXIT_CODE", 0)));
        }).detach();
    pause_for(env_number("TEST_START_DELAY_MS", 0));

    const bool mute = env("TEST_NEVER_READY") == "1";
    const int listener = listen_on(5900);
    for (std::uint64_t number = 1;; ++number) {
        const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0 || mute) // a mute one keeps the connection open and says nothing
            continue;
        const int on = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        std::thread([socket, number] { Client(shared, socket, number).run(); }).detach();
    }
}

} // namespace

int main(int count, char** words) {
    const std::string_view mode = count > 1 ? words[1] : "serve";
    if (mode == "serve" && count <= 2)
        return serve();
    if (mode == "cat" && count == 3)
        return print_file(words[2]);
    if (mode == "probe" && count == 4)
        return probe(words[2], words[3]);
    std::fprintf(stderr, "usage: /rfb [serve] | cat PATH | probe HOST PORT\n");
    return exit_usage;
}
