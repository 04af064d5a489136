// SPDX-License-Identifier: Apache-2.0
#include "cli/exit_code.hpp"

namespace berth::cli {

// No default: a new code must be given a place here.
Exit exit_for(Errc code) noexcept {
    switch (code) {
    case Errc::invalid_input:
    case Errc::too_large:
    case Errc::unsupported_media_type:
    case Errc::method_not_allowed: return Exit::usage;
    case Errc::not_found: return Exit::not_found;
    case Errc::unauthenticated:
    case Errc::forbidden:
    case Errc::ticket_spent: return Exit::not_allowed;
    case Errc::already_exists:
    case Errc::conflict:
    case Errc::host_key_unknown:
    case Errc::host_key_changed:
    case Errc::quota_exceeded:
    case Errc::ended: return Exit::conflict;
    case Errc::host_unreachable:
    case Errc::engine_error:
    case Errc::image_missing:
    case Errc::unavailable: return Exit::unavailable;
    case Errc::rate_limited:
    case Errc::no_capacity:
    case Errc::not_ready:
    case Errc::timed_out:
    case Errc::shutting_down: return Exit::try_again;
    case Errc::protocol_violation:
    case Errc::internal: return Exit::failed;
    }
    return Exit::failed;
}

} // namespace berth::cli
