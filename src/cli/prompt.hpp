// SPDX-License-Identifier: Apache-2.0
#pragma once
// Passwords never stand in arguments, where every process of the machine can read them.

#include "base/error.hpp"
#include "base/secret.hpp"

#include <string>

namespace berth::cli {

enum class PasswordSource { terminal, standard_input };

// terminal: asked twice without echo; invalid_input when both differ or there is no terminal.
// standard_input: the first line. At most 1,024 bytes; empty is invalid_input.
Result<Secret> read_password(PasswordSource source, const std::string& what);

} // namespace berth::cli
