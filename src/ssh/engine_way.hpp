// SPDX-License-Identifier: Apache-2.0
#pragma once
// The ways from a session to a unix socket on the far side, and which of them works there: the
// session's own forwarding first, then a command that does the same.

#include "net/byte_stream.hpp"
#include "ssh/session.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace berth::ssh {

enum class Way { none, streamlocal, dial_stdio, socat, nc, openssh };
std::string_view name_of(Way way) noexcept; // "streamlocal", "dial-stdio" …; empty for none

// The command of that way; empty where there is none. Only for paths that mean nothing to a shell.
std::string command_for(Way way, std::string_view socket_path);
bool is_plain_path(std::string_view path) noexcept;

// A stream to the socket by that way. Runs on the session's executor. host_unreachable or forbidden
// when the server refuses; the session's own death reads alike, so look at is_up().
net::Task<Result<net::ByteStreamPtr>>
open_way(std::shared_ptr<Session> session, Way way, std::string socket_path, Deadline deadline);

// Whether a Docker engine answers there: sends GET /_ping. For an ExecStream the error's text is
// what the command wrote; not_found means that the command is missing there.
net::Task<Status> ping_engine(net::ByteStream& stream, Deadline deadline);

// What a look for the way came to.
struct WaySearch {
    WaySearch() = default;
    Way way = Way::none;         // has proved itself with an answer of the engine
    std::string refused;         // what the server said to forwarding; empty = it forwards
    std::optional<Error> error;  // without a way: what each way said
    bool is_engines_fault = false; // the far socket was asked, and it is that which does not answer
};
// Tries the ways in their order. Runs on the session's executor.
net::Task<WaySearch>
search_way(std::shared_ptr<Session> session, std::string socket_path, Deadline deadline);
// The same for who only needs the way.
net::Task<Result<Way>>
find_way(std::shared_ptr<Session> session, std::string socket_path, Deadline deadline);

// Why a socket that refused cannot be used by our account, as far as its own shell can tell; nothing
// when it sees no obstacle or cannot be asked. Runs on the session's executor.
enum class Obstacle { none, no_socket, no_permission };
net::Task<Obstacle>
find_obstacle(std::shared_ptr<Session> session, std::string socket_path, Deadline deadline);

} // namespace berth::ssh
