// SPDX-License-Identifier: Apache-2.0
#include "ssh/engine_way.hpp"

#include "base/log.hpp"
#include "net/deadline.hpp"

#include <algorithm>
#include <array>

namespace berth::ssh {
namespace {

constexpr std::string_view default_socket = "/var/run/docker.sock";
constexpr std::string_view ping = "GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n";
constexpr std::size_t longest_head = 8 * 1024;
constexpr int most_refused_alone = 6;
constexpr Milliseconds place_pause{100};
constexpr std::array commands{Way::dial_stdio, Way::socat, Way::nc};

// What the command said, which comes beside the end of its output, a moment later perhaps.
net::Task<Error> last_words(ExecStream& stream) {
    for (int i = 0; i < 25 && !stream.exit_status(); ++i) co_await net::sleep_for(Milliseconds{10});
    auto text = log_safe(stream.error_text(), 400);
    auto status = stream.exit_status().value_or(-1);
    // 127 and 126 of the shell; the docker command does not know dial-stdio before 18.09.
    bool is_missing = status == 127 || status == 126 || text.find("not a docker command") != std::string::npos;
    if (text.empty()) text = "it ended with status " + std::to_string(status) + " and said nothing";
    co_return Error{is_missing ? Errc::not_found : Errc::host_unreachable, text};
}

net::Task<Status> exchange_ping(net::ByteStream& stream) {
    auto sent = co_await stream.write_all(boost::asio::buffer(ping));
    std::string head;
    std::array<char, 1024> piece{};
    while (sent && head.find("\r\n") == std::string::npos && head.size() < longest_head) {
        auto got = co_await stream.read_some(boost::asio::buffer(piece));
        if (!got) co_return got.error();
        if (*got == 0) break;
        head.append(piece.data(), *got);
    }
    if (head.starts_with("HTTP/1.")) co_return Status{};
    if (!head.empty())
        co_return Error{
            Errc::protocol_violation,
            "what answers is no engine (does the account's shell print something?): " + log_safe(head, 80)};
    auto* command = dynamic_cast<ExecStream*>(&stream);
    if (command) co_return co_await last_words(*command);
    co_return Error{Errc::host_unreachable, "the engine's socket was closed without an answer"};
}

// With MaxSessions reached the server refuses although nothing is wrong: then the next ones wait
// for those that run.
net::Task<Result<ExecStreamPtr>>
open_command(std::shared_ptr<Session> session, std::string command, Deadline deadline) {
    for (int refused_alone = 0;;) {
        auto stream = co_await session->open_exec(command, deadline);
        if (stream || !session->is_up() || stream.error().code() == Errc::timed_out) co_return stream;
        auto running = session->commands();
        session->limit_commands(std::max(1, running));
        if (running > 0) continue;
        // The place of a command that has just ended is free over there a moment later.
        if (++refused_alone == most_refused_alone)
            co_return Error{stream.error()}.with_context("the server starts no command (MaxSessions)");
        co_await net::sleep_until(earlier(deadline, deadline_in(place_pause)));
    }
}

net::Task<Result<Way>> judge(Way way, std::shared_ptr<Session> session, std::string path, Deadline deadline) {
    auto stream = co_await open_way(session, way, path, deadline);
    if (!stream) co_return stream.error();
    auto answered = co_await ping_engine(**stream, deadline);
    if (!answered) co_return answered.error();
    co_return way;
}

} // namespace

std::string_view name_of(Way way) noexcept {
    switch (way) {
    case Way::none: return "";
    case Way::streamlocal: return "streamlocal";
    case Way::dial_stdio: return "dial-stdio";
    case Way::socat: return "socat";
    case Way::nc: return "nc";
    case Way::openssh: return "openssh";
    }
    return "";
}

bool is_plain_path(std::string_view path) noexcept {
    return path.starts_with('/') && std::ranges::all_of(path, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
               c == '.' || c == '_' || c == '-';
    });
}

std::string command_for(Way way, std::string_view socket_path) {
    if (!is_plain_path(socket_path)) return {};
    std::string path{socket_path};
    switch (way) {
    case Way::dial_stdio:
        if (path == default_socket) return "docker system dial-stdio";
        return "docker -H unix://" + path + " system dial-stdio";
    case Way::socat: return "socat - UNIX-CONNECT:" + path;
    case Way::nc: return "nc -U " + path;
    case Way::none:
    case Way::streamlocal:
    case Way::openssh: break;
    }
    return {};
}

net::Task<Result<net::ByteStreamPtr>>
open_way(std::shared_ptr<Session> session, Way way, std::string socket_path, Deadline deadline) {
    if (way == Way::streamlocal) co_return co_await session->open_unix(std::move(socket_path), deadline);
    auto command = command_for(way, socket_path);
    if (command.empty()) co_return Error{Errc::invalid_input, "the path of the engine's socket cannot be put into a command"};
    // The first command of the session may hold the only place.
    co_await session->wait_greeted(deadline);
    auto stream = co_await open_command(session, std::move(command), deadline);
    if (!stream) co_return stream.error();
    net::ByteStreamPtr plain = std::move(*stream);
    co_return plain;
}

net::Task<Status> ping_engine(net::ByteStream& stream, Deadline deadline) {
    auto exchange = exchange_ping(stream);
    co_return co_await net::with_deadline(std::move(exchange), deadline);
}

net::Task<Result<Way>>
find_way(std::shared_ptr<Session> session, std::string socket_path, Deadline deadline) {
    auto direct = co_await judge(Way::streamlocal, session, socket_path, deadline);
    if (direct || !session->is_up() || direct.error().code() == Errc::timed_out) co_return direct;
    // Disabled, socket missing, no permission: the server's refusals read alike.
    auto said = "forwarding to " + socket_path + " was refused (" + direct.error().operator_text() + ")";
    for (auto way : commands) {
        auto command = command_for(way, socket_path);
        if (command.empty()) continue;
        auto found = co_await judge(way, session, socket_path, deadline);
        if (found || !session->is_up()) co_return found;
        said += "; " + command.substr(0, command.find(' ')) + ": " + found.error().operator_text();
        // It is there and says what is wrong: the others would only say less.
        if (found.error().code() != Errc::not_found) break;
    }
    co_return Error{Errc::host_unreachable, said};
}

} // namespace berth::ssh
