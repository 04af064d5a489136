// SPDX-License-Identifier: Apache-2.0
#pragma once
// libssh talks to the agent without a time limit: whether it answers is found out first.

#include "base/error.hpp"
#include "base/time.hpp"

#include <string>

namespace berth::ssh {

// A connected, blocking socket to an agent that has just listed its keys; the caller closes it.
// timed_out: it is frozen; host_unreachable: nobody is there, or no agent. Blocks until the deadline.
Result<int> connect_agent(const std::string& path, Deadline deadline);

} // namespace berth::ssh
