// SPDX-License-Identifier: Apache-2.0
#include "gateway/input_frames.hpp"

#include <gtest/gtest.h>

#include <string>

namespace berth::gateway {
namespace {

enum Opcode : unsigned char { more = 0, text = 1, binary = 2, bye = 8, ping = 9, pong = 10 };

// As a browser sends it: masked, the length in its shortest form.
std::string frame(Opcode opcode, std::size_t size) {
    std::string made{static_cast<char>(0x80 | opcode)};
    const auto add = [&](int bytes) {
        for (int i = bytes - 1; i >= 0; --i) made += static_cast<char>(size >> (8 * i));
    };
    made += static_cast<char>(0x80 | (size < 126 ? size : size < 65536 ? 126 : 127));
    if (size >= 126) add(size < 65536 ? 2 : 8);
    // The payload looks like heads of messages and pings, whatever it is.
    for (std::size_t i = 0; i < 4 + size; ++i) made += i % 2 == 0 ? '\x81' : '\x89';
    return made;
}

TEST(InputFrames, MessagesAreInputAndControlFramesAreNot) {
    for (auto opcode : {more, text, binary}) EXPECT_TRUE(InputFrames{}.pass(frame(opcode, 3)));
    for (auto opcode : {bye, ping, pong}) EXPECT_FALSE(InputFrames{}.pass(frame(opcode, 3)));
    EXPECT_TRUE(InputFrames{}.pass(frame(text, 0)));
    EXPECT_FALSE(InputFrames{}.pass(""));
}

TEST(InputFrames, EveryLengthEndsWhereItSays) {
    for (std::size_t size : {0, 1, 125, 126, 300, 65535, 65536, 70000}) {
        InputFrames frames;
        EXPECT_TRUE(frames.pass(frame(binary, size))) << size;
        EXPECT_FALSE(frames.pass(frame(pong, 5))) << size;
        EXPECT_TRUE(frames.pass(frame(pong, 5) + frame(text, size))) << size;
    }
}

TEST(InputFrames, TheCutsBetweenPortionsDoNotMatter) {
    InputFrames frames;
    std::string seen;
    for (char c : frame(text, 1) + frame(ping, 2) + frame(more, 200))
        seen += frames.pass({&c, 1}) ? 'y' : '-';
    EXPECT_EQ(seen, std::string(7, 'y') + std::string(8, '-') + std::string(208, 'y'));
}

TEST(InputFrames, AnEndlessFrameIsFollowedWithoutKeepingIt) {
    InputFrames frames;
    EXPECT_TRUE(frames.pass(std::string{"\x82\x7f"} + std::string(8, '\xff')));
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(frames.pass(std::string(100000, '\x89')));
}

} // namespace
} // namespace berth::gateway
