// SPDX-License-Identifier: Apache-2.0
#include "api/native/page_cursor.hpp"

#include <charconv>
#include <cstdint>
#include <limits>

namespace berth::api::native {

std::string cursor_text(const broker::EndedCursor& cursor) {
    char digits[16];
    const auto time = static_cast<std::uint64_t>(cursor.ended_at.time_since_epoch().count());
    const auto end = std::to_chars(digits, digits + sizeof digits, time, 16);
    return std::string{digits, end.ptr} + "." + cursor.id.str();
}

std::optional<broker::EndedCursor> parse_cursor(std::string_view text) {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos || dot == 0) return std::nullopt;
    std::uint64_t time = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + dot, time, 16);
    if (error != std::errc{} || end != text.data() + dot) return std::nullopt;
    if (time > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    const auto id = parse_session_id(text.substr(dot + 1));
    if (!id) return std::nullopt;
    return broker::EndedCursor{TimePoint{Milliseconds{static_cast<std::int64_t>(time)}}, *id};
}

} // namespace berth::api::native
