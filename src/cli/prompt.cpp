// SPDX-License-Identifier: Apache-2.0
#include "cli/prompt.hpp"

#include "base/scope_exit.hpp"
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>

namespace berth::cli {

namespace {

constexpr std::size_t longest = 1024;
constexpr char interrupt = 3; // Ctrl-C

void write_text(int fd, const std::string& text) {
    // A prompt that cannot be written is no reason to stop.
    [[maybe_unused]] auto ignored = ::write(fd, text.data(), text.size());
}

Result<Secret> read_line(int fd) {
    std::string line;
    char c = 0;
    while (true) {
        auto got = ::read(fd, &c, 1);
        if (got <= 0 || c == '\n' || c == '\r') break;
        if (c == interrupt && ::isatty(fd) != 0) return Error{Errc::conflict, "interrupted"};
        if (line.size() == longest) return Error{Errc::too_large, "the password is too long"};
        line += c;
    }
    if (line.empty()) return Error{Errc::invalid_input, "no password was given"};
    return Secret{std::move(line)};
}

Result<Secret> ask(int terminal, const std::string& question) {
    write_text(terminal, question);
    auto answer = read_line(terminal);
    write_text(terminal, "\n");
    return answer;
}

Result<Secret> ask_twice(int terminal, const std::string& what) {
    auto first = ask(terminal, what + ": ");
    if (!first) return first;
    auto second = ask(terminal, what + " again: ");
    if (!second) return second;
    if (!first->equals(second->reveal())) return Error{Errc::invalid_input, "the two passwords differ"};
    return first;
}

Result<Secret> ask_without_echo(int terminal, const termios& before, const std::string& what) {
    // Ctrl-C by its signal would leave the terminal without echo: it is read as the end of a line.
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    silent.c_cc[VEOL] = interrupt;
    ::tcsetattr(terminal, TCSAFLUSH, &silent);
    ScopeExit restore{[&] { ::tcsetattr(terminal, TCSAFLUSH, &before); }};
    return ask_twice(terminal, what);
}

} // namespace

Result<Secret> read_password(PasswordSource source, const std::string& what) {
    if (source == PasswordSource::standard_input) return read_line(STDIN_FILENO);
    int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
    termios before{};
    bool is_terminal = terminal >= 0 && ::tcgetattr(terminal, &before) == 0;
    auto answer = is_terminal ? ask_without_echo(terminal, before, what)
        : Result<Secret>{Error{Errc::invalid_input, "there is no terminal to ask for the password: use --password-stdin"}};
    if (terminal >= 0) ::close(terminal);
    if (!answer && answer.error().code() == Errc::conflict) ::raise(SIGINT); // as if it had come by itself
    return answer;
}

} // namespace berth::cli
