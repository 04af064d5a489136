// SPDX-License-Identifier: Apache-2.0
#include "net/chunk_decoder.hpp"

#include <gtest/gtest.h>

namespace berth::net {
namespace {

using Verdict = ChunkDecoder::Verdict;

struct Decoded {
    Verdict verdict = Verdict::more;
    std::string body;
    std::size_t used = 0;
};

Decoded decode(std::string_view bytes, std::size_t step, std::size_t longest = 64) {
    ChunkDecoder decoder;
    Decoded result;
    for (std::size_t end = 0; end < bytes.size() && result.verdict == Verdict::more;) {
        end = std::min(end + step, bytes.size());
        const auto piece = bytes.substr(0, end);
        result.verdict = decoder.feed(piece, result.used, result.body, longest);
    }
    return result;
}

TEST(ChunkDecoder, ReadsTheSameBodyInAnyCut) {
    for (std::size_t step = 1; step < 30; ++step) {
        const auto result = decode("2\r\nhi\r\n00A;x=\"y\"\r\n0123456789\r\n000\r\n\r\nnext", step);
        EXPECT_EQ(result.verdict, Verdict::done) << step;
        EXPECT_EQ(result.body, "hi0123456789");
        EXPECT_EQ(result.used, 37U) << "what follows belongs to the next request";
    }
}

// Each of these ended the process inside Beast 1.81 when it came in small pieces.
TEST(ChunkDecoder, SurvivesALastChunkInPieces) {
    EXPECT_EQ(decode("0\r\n\r\n", 1).verdict, Verdict::done);
    EXPECT_EQ(decode("0\r\n\r&\n", 1).verdict, Verdict::malformed);
    EXPECT_EQ(decode("0;a\r\n\r\r\n", 1).verdict, Verdict::malformed);
}

TEST(ChunkDecoder, RefusesWhatIsNoChunk) {
    for (const std::string_view bytes :
         {"\r\n", "x", " 2\r\n", "2 \r\n", "2\n", "2\r\r", "-2\r\n", "+2\r\n", "0x2\r\n", "2_0\r\n",
          "2;a\nb\r\n", "2\r\nhix", "2\r\nhi\n", "0\r\nA: b\r\n\r\n", "0\r\n\n"}) {
        EXPECT_EQ(decode(bytes, 1).verdict, Verdict::malformed) << bytes;
        EXPECT_EQ(decode(bytes, 99).verdict, Verdict::malformed) << bytes;
    }
    EXPECT_EQ(decode("1;" + std::string(2000, 'a'), 99).verdict, Verdict::malformed);
    EXPECT_EQ(decode(std::string(2000, '0'), 99).verdict, Verdict::malformed);
}

TEST(ChunkDecoder, RefusesTooMuchByItsAnnouncement) {
    EXPECT_EQ(decode("40\r\n", 1).verdict, Verdict::more);
    EXPECT_EQ(decode("41", 1).verdict, Verdict::too_large);
    EXPECT_EQ(decode("2\r\nhi\r\n3f", 1).verdict, Verdict::too_large);
    EXPECT_EQ(decode("ffffffffffffffffffff", 1).verdict, Verdict::too_large);
    EXPECT_TRUE(decode("41\r\nx", 1).body.empty());
}

} // namespace
} // namespace berth::net
