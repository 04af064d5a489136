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

// Refused: there is no stream. The others had one: the command is missing, something else than an
// engine answers, nothing answers.
enum class Trial { refused, missing, garbled, silent, good };

Trial trial_of(Errc code) {
    if (code == Errc::not_found) return Trial::missing;
    return code == Errc::protocol_violation ? Trial::garbled : Trial::silent;
}

net::Task<Trial> try_way(Way way, std::shared_ptr<Session> session, std::string path, Deadline deadline, Error& error) {
    auto stream = co_await open_way(session, way, path, deadline);
    if (!stream) {
        error = stream.error();
        co_return Trial::refused;
    }
    auto answered = co_await ping_engine(**stream, deadline);
    if (answered) co_return Trial::good;
    error = answered.error();
    co_return trial_of(error.code());
}

// The exit status of a command that says nothing; nothing when it speaks or cannot be run.
net::Task<Result<int>> quiet_status(std::shared_ptr<Session> session, std::string command, Deadline deadline) {
    auto stream = co_await open_command(session, std::move(command), deadline);
    if (!stream) co_return stream.error();
    char byte = 0;
    auto read = co_await (*stream)->read_some(boost::asio::buffer(&byte, 1));
    if (!read) co_return read.error();
    for (int i = 0; i < 25 && !(*stream)->exit_status(); ++i) co_await net::sleep_for(Milliseconds{10});
    auto status = (*stream)->exit_status();
    bool is_quiet = *read == 0 && (*stream)->error_text().empty();
    if (!is_quiet || !status) co_return Error{Errc::protocol_violation, "the account's shell is none"};
    co_return *status;
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

net::Task<WaySearch>
search_way(std::shared_ptr<Session> session, std::string socket_path, Deadline deadline) {
    WaySearch search;
    Error error;
    auto direct = co_await try_way(Way::streamlocal, session, socket_path, deadline, error);
    if (direct == Trial::good) {
        search.way = Way::streamlocal;
        co_return search;
    }
    search.error = error;
    if (!session->is_up()) co_return search;
    if (direct != Trial::refused) {
        // A command would end at the same socket.
        search.is_engines_fault = true;
        if (direct == Trial::garbled) search.error = Error{Errc::host_unreachable, error.operator_text()};
        co_return search;
    }
    if (error.code() == Errc::timed_out) co_return search;
    // Disabled, socket missing, no permission: the server's refusals read alike.
    search.refused = error.operator_text();
    auto said = "forwarding to " + socket_path + " was refused (" + search.refused + ")";
    for (auto way : commands) {
        auto command = command_for(way, socket_path);
        if (command.empty()) continue;
        auto trial = co_await try_way(way, session, socket_path, deadline, error);
        if (trial == Trial::good) {
            search.way = way;
            search.error.reset();
            co_return search;
        }
        search.error = error;
        if (!session->is_up()) co_return search;
        said += "; " + command.substr(0, command.find(' ')) + ": " + error.operator_text();
        // It is there and says what is wrong: the others would only say less.
        search.is_engines_fault = trial == Trial::silent;
        if (trial != Trial::missing) break;
    }
    search.error = Error{Errc::host_unreachable, said};
    co_return search;
}

net::Task<Result<Way>>
find_way(std::shared_ptr<Session> session, std::string socket_path, Deadline deadline) {
    auto search = co_await search_way(std::move(session), std::move(socket_path), deadline);
    if (search.error) co_return *search.error;
    co_return search.way;
}

net::Task<Obstacle>
find_obstacle(std::shared_ptr<Session> session, std::string socket_path, Deadline deadline) {
    if (!is_plain_path(socket_path)) co_return Obstacle::none;
    auto looking = quiet_status(session, "test -S " + socket_path, deadline);
    auto there = co_await net::with_deadline(std::move(looking), deadline);
    if (there && *there == 1) co_return Obstacle::no_socket;
    if (!there || *there != 0) co_return Obstacle::none;
    auto trying = quiet_status(session, "test -r " + socket_path + " -a -w " + socket_path, deadline);
    auto usable = co_await net::with_deadline(std::move(trying), deadline);
    co_return usable && *usable == 1 ? Obstacle::no_permission : Obstacle::none;
}

} // namespace berth::ssh
