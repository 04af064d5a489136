// SPDX-License-Identifier: Apache-2.0
#include "api/native/page_cursor.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace berth::api::native {
namespace {

const std::string id = "6vsd4mzqk5n2w7ytr3hxbf2cpe";

TEST(PageCursor, LeadsBackToWhereThePageStopped) {
    const broker::EndedCursor cursor{TimePoint{Milliseconds{1763985600123}}, SessionId{id}};
    const auto back = parse_cursor(cursor_text(cursor));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->ended_at, cursor.ended_at);
    EXPECT_EQ(back->id, cursor.id);
}

TEST(PageCursor, NothingElseIsTaken) {
    EXPECT_TRUE(parse_cursor("0." + id));
    for (const auto& text : std::vector<std::string>
         {"", ".", "1", "1.", "." + id, "-1." + id, "+1." + id, "0x1." + id, "1x." + id, " 1." + id,
          "8000000000000000." + id, "1ffffffffffffffff." + id, "1.short", "1." + id + "a",
          "1." + id + ".", "2026-11-23T19:00:00.123Z"})
        EXPECT_FALSE(parse_cursor(text)) << text;
}

} // namespace
} // namespace berth::api::native
