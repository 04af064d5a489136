// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `ssh HOST` would do, asked of ssh itself (`ssh -G`): aliases, Include, Match and all the rest
// are its business. Without an ssh program its plain defaults.

#include "net/task.hpp"
#include "ssh/target.hpp"
#include "base/error.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace berth::ssh {

// invalid_input unless host and user are plain names or addresses: none may be taken for an option
// or mean anything to a configuration that runs programs.
Status check_address(const Address& address);

// What the answer is seen against. Functions, so that tests own the world.
struct LocalWorld {
    std::string home; // of the account, from the password file: as ssh does, not $HOME
    std::string user;
    std::function<std::optional<std::string>(const std::string&)> variable;
    std::function<bool(const std::string&)> has_file;
    std::function<std::string(const std::string&)> head; // the first bytes of a file; empty = none
};
LocalWorld local_world();

// Pure. From the lines of `ssh -G`.
Target parse_client_config(std::string_view text, const Address& address, const LocalWorld& world);
// Pure. What ssh does without any configuration.
Target default_target(const Address& address, const LocalWorld& world);

// Of the link's address, whose own user and port win; its config_file replaces the user's and the
// system's configuration (ssh -F). Errors: invalid_input (address, or ssh does not understand its
// files), timed_out.
net::Task<Result<Target>> effective_target(LinkConfig link, Deadline deadline);

// Pure. libssh or openssh. invalid_input: libssh was asked for and cannot get there.
Result<Transport> transport_for(Transport wanted, const Target& target);

} // namespace berth::ssh
