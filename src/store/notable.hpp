// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which of a host's events are HostNews::notable. Private to store/: in SQL and in memory the same.

#include "broker/ports.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace berth::store {

// Ends that neither people nor leases asked for; the words of session::EndReason.
inline constexpr std::array<std::string_view, 5> troubled_ends{
    "container_died", "out_of_memory", "removed_outside", "host_lost", "host_maintenance"};

inline bool is_notable(const broker::EventRecord& event) {
    auto is_of_a_session = event.type.starts_with("session.");
    auto is_trouble = event.to_state == "stopping" && std::ranges::find(troubled_ends, event.cause) != troubled_ends.end();
    return !is_of_a_session || event.type == "session.failed" || is_trouble;
}

inline std::string notable_clause() {
    std::string causes;
    for (auto cause : troubled_ends) causes += (causes.empty() ? "'" : ", '") + std::string{cause} + "'";
    return "(type NOT LIKE 'session.%' OR type = 'session.failed' OR (to_state = 'stopping' AND cause IN (" + causes + ")))";
}

} // namespace berth::store
