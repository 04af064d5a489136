// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the process answers to its caller. Documented in `berth --help`; scripts rely on it.

#include "base/error.hpp"

namespace berth::cli {

enum class Exit {
    ok = 0,
    failed = 1,
    usage = 2,
    not_found = 3,
    not_allowed = 4,
    conflict = 5,       // also: a limit is reached
    unavailable = 69,   // sysexits EX_UNAVAILABLE: server, engine or database do not answer
    try_again = 75,     // EX_TEMPFAIL: the same may work later
    configuration = 78, // EX_CONFIG: `berth config check` says what
    interrupted = 130,
};

Exit exit_for(Errc code) noexcept;

} // namespace berth::cli
