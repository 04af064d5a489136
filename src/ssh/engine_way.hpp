// SPDX-License-Identifier: Apache-2.0
#pragma once
// The ways from a session to a unix socket on the far side, and which of them works there: the
// session's own forwarding first, then a command that does the same.

#include "net/byte_stream.hpp"
#include "ssh/session.hpp"

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

// Finds the way that works and has proved it with an answer of the engine. Runs on the session's
// executor. The error says what each way said.
net::Task<Result<Way>>
find_way(std::shared_ptr<Session> session, std::string socket_path, Deadline deadline);

} // namespace berth::ssh
