// SPDX-License-Identifier: Apache-2.0
#pragma once
// The text that leads to the next page of ended sessions. Clients hand it back as it is; what it
// is made of may change.

#include "broker/ports.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace berth::api::native {

std::string cursor_text(const broker::EndedCursor& cursor);
// Nothing for what cursor_text() does not write.
std::optional<broker::EndedCursor> parse_cursor(std::string_view text);

} // namespace berth::api::native
