// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/wire/streams.hpp"

#include <gtest/gtest.h>

namespace berth::docker {
namespace {

std::string frame(char kind, std::string_view data) {
    std::string text{kind};
    text.append(3, '\0');
    for (int shift : {24, 16, 8, 0})
        text += static_cast<char>((data.size() >> shift) & 255);
    return text.append(data);
}

TEST(LineSplitter, GivesTheSameLinesForEveryPortion) {
    std::string text = "{\"a\":1}\r\n\n{\"b\":2}\nrest";
    for (std::size_t portion = 1; portion <= text.size(); ++portion) {
        LineSplitter splitter;
        std::vector<std::string> lines;
        for (std::size_t at = 0; at < text.size(); at += portion)
            ASSERT_TRUE(splitter.feed(text.substr(at, portion), lines));
        EXPECT_EQ(lines, (std::vector<std::string>{"{\"a\":1}", "{\"b\":2}"})) << portion;
        EXPECT_EQ(splitter.take_rest(), "rest");
    }
}

TEST(LineSplitter, RefusesALineWithoutEnd) {
    LineSplitter splitter;
    std::vector<std::string> lines;
    std::string piece(limits::engine_line, 'x');
    ASSERT_TRUE(splitter.feed(piece, lines));
    auto status = splitter.feed("x", lines);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), Errc::too_large);
}

TEST(OutputDecoder, GivesTheSameBytesForEveryPortion) {
    auto text = frame(1, "hello ") + frame(2, "oops") + frame(1, "") + frame(1, "world");
    for (std::size_t portion = 1; portion <= text.size(); ++portion) {
        OutputDecoder decoder;
        std::vector<OutputChunk> chunks;
        for (std::size_t at = 0; at < text.size(); at += portion)
            ASSERT_TRUE(decoder.feed(text.substr(at, portion), chunks));
        std::string out, err;
        for (const auto& chunk : chunks)
            (chunk.kind == OutputKind::standard_error ? err : out) += chunk.data;
        EXPECT_EQ(out, "hello world") << portion;
        EXPECT_EQ(err, "oops") << portion;
        EXPECT_TRUE(decoder.is_between_frames());
    }
}

TEST(OutputDecoder, HoldsNothingOfAFrameThatAnnouncesGigabytes) {
    OutputDecoder decoder;
    std::vector<OutputChunk> chunks;
    ASSERT_TRUE(decoder.feed(std::string{"\1\0\0\0\xff\xff\xff\xff", 8} + "data", chunks));
    ASSERT_EQ(chunks.size(), 1U);
    EXPECT_EQ(chunks[0].data, "data");
    EXPECT_FALSE(decoder.is_between_frames());
}

TEST(OutputDecoder, RefusesABadHead) {
    for (const std::string& head :
         {std::string{"\3\0\0\0\0\0\0\1", 8},
          std::string{"\1\0\1\0\0\0\0\1", 8},
          std::string{"HTTP/1.1"}}) {
        OutputDecoder decoder;
        std::vector<OutputChunk> chunks;
        auto status = decoder.feed(head, chunks);
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().code(), Errc::protocol_violation);
    }
}

} // namespace
} // namespace berth::docker
