// SPDX-License-Identifier: Apache-2.0
#pragma once
// How often somebody was not let in, or was put out for breaking the protocol: for the metrics.

#include "base/error.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace berth::gateway {

enum class Refusal {
    origin,   // another site's page
    request,  // not in the form of ours
    ticket,   // unknown, used or expired, or not good for what it was shown for
    session,  // cannot be opened: ended, not ready, no such endpoint
    full,     // viewers of the session, or of all
    stopping, // the server is
};
inline constexpr std::array<std::string_view, 6> refusal_names{
    "origin", "request", "ticket", "session", "full", "stopping"}; // in that order

// Of an answer of Admission::admit().
Refusal refusal_for(Errc code);

// Since the start.
struct Refusals {
    std::array<std::uint64_t, refusal_names.size()> by_reason{};
    std::uint64_t protocol_violations = 0; // of browsers whose tunnel was open
    void count(Refusal why) { ++by_reason[static_cast<std::size_t>(why)]; }
    std::uint64_t of(Refusal why) const { return by_reason[static_cast<std::size_t>(why)]; }
};

} // namespace berth::gateway
