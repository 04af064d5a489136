// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a command of ours prints on the other side.

#include "ssh/session.hpp"

#include <memory>
#include <string>

namespace berth::ssh {

// The standard output of a fixed command, at most limits::ssh_command_output of it. Runs on the
// session's executor. Errors: those of open_exec; protocol_violation (it printed more, or ended
// otherwise than well, its words in the text); timed_out, after which its channel is closed.
net::Task<Result<std::string>>
command_output(std::shared_ptr<Session> session, std::string command, Deadline deadline);

} // namespace berth::ssh
