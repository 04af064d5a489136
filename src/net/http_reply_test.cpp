// SPDX-License-Identifier: Apache-2.0
#include "net/http_reply.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace berth::net {
namespace {

// The body of the whole answer, handed in as these pieces; "!" and the error when it is refused.
std::string read(const std::vector<std::string>& pieces) {
    HttpReplyParser parser{false};
    std::string pending;
    for (const auto& piece : pieces) {
        pending += piece;
        for (;;) {
            auto used = parser.has_head() ? parser.put_body(pending) : parser.put_head(pending);
            if (!used) return "!" + describe(used.error());
            pending.erase(0, *used);
            if (*used == 0 || pending.empty()) break;
        }
    }
    if (auto end = parser.is_done() ? Status{} : parser.put_end(); !end) return "!" + describe(end.error());
    return parser.reply().body;
}

std::vector<std::string> bytes_of(const std::string& text) {
    std::vector<std::string> pieces;
    for (char c : text) pieces.emplace_back(1, c);
    return pieces;
}

const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

// Beast 1.81 ends the process here when it parses the chunks itself.
TEST(HttpReply, AnEmptyChunkedBodyMayComeInAnyPieces) {
    const auto whole = head + "0\r\n\r\n";
    EXPECT_EQ(read({whole}), "");
    EXPECT_EQ(read(bytes_of(whole)), "");
    for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_EQ(read({whole.substr(0, i), whole.substr(i)}), "") << i;
}

TEST(HttpReply, ChunksMayBeCutAnywhere) {
    const auto whole = head + "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n";
    EXPECT_EQ(read(bytes_of(whole)), "hello world");
    for (std::size_t i = 0; i < whole.size(); ++i)
        EXPECT_EQ(read({whole.substr(0, i), whole.substr(i)}), "hello world") << i;
}

TEST(HttpReply, ChunksThatEndEarlyOrAreBrokenAreRefused) {
    for (const std::string body : {"", "5\r\nhel", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n", "zz\r\n", "5\r\nhelloX", "-1\r\n"})
        EXPECT_TRUE(read({head + body}).starts_with("!")) << body;
}

TEST(HttpReply, OtherBodiesAreAsBefore) {
    EXPECT_EQ(read(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")), "abc");
    EXPECT_EQ(read(bytes_of("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc")), "abc");
    EXPECT_EQ(read(bytes_of("HTTP/1.1 204 No Content\r\n\r\n")), "");
    EXPECT_TRUE(read({"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"}).starts_with("!"));
}

TEST(HttpReply, BeforeTheHeadNothingIsKnown) {
    HttpReplyParser parser{false};
    ASSERT_TRUE(parser.put_head("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"));
    EXPECT_FALSE(parser.has_head());
    EXPECT_FALSE(parser.content_length());
    EXPECT_FALSE(parser.may_keep_connection());
}

} // namespace
} // namespace berth::net
