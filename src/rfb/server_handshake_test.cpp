// SPDX-License-Identifier: Apache-2.0
#include "rfb/client_handshake.hpp"
#include "rfb/server_handshake.hpp"

#include <gtest/gtest.h>

#include <string>

namespace berth::rfb {
namespace {

using namespace std::string_literals;

ServerInit some_init() {
    ServerInit init;
    init.width = 1920;
    init.height = 1080;
    init.pixel_format = {0x20, 0x18, 0, 1};
    init.name = "desk";
    return init;
}

TEST(ServerHandshake, GreetsFirst) {
    ServerHandshake handshake{some_init()};
    EXPECT_EQ(handshake.take_output(), "RFB 003.008\n");
}

TEST(ServerHandshake, OffersOnlyNoneInEveryVersion) {
    struct Case {
        const char* version;
        std::string choice;
        std::string answer; // to the version and the choice
    };
    const Case cases[] = {
        {"RFB 003.003\n", "", "\0\0\0\x01"s},
        {"RFB 003.005\n", "", "\0\0\0\x01"s},
        {"RFB 003.007\n", "\x01", "\x01\x01"s},
        {"RFB 003.008\n", "\x01", "\x01\x01\0\0\0\0"s},
        {"RFB 003.889\n", "\x01", "\x01\x01\0\0\0\0"s},
    };
    for (const auto& c : cases) {
        ServerHandshake handshake{some_init()};
        (void)handshake.take_output();
        ASSERT_TRUE(handshake.feed(c.version + c.choice + "\x01")) << c.version;
        EXPECT_TRUE(handshake.is_done()) << c.version;
        EXPECT_EQ(handshake.take_output(), c.answer + encode(some_init())) << c.version;
    }
}

TEST(ServerHandshake, RefusesATypeThatItDidNotOffer) {
    for (char type : {'\x00', '\x02', '\x10', '\xff'}) {
        ServerHandshake handshake{some_init()};
        EXPECT_FALSE(handshake.feed("RFB 003.008\n"s + type + "\x01")) << int{type};
        EXPECT_FALSE(handshake.is_done());
        EXPECT_EQ(handshake.take_output().find(encode(some_init())), std::string::npos);
    }
}

TEST(ServerHandshake, RefusesAVersionThatIsNotRfb) {
    for (const auto* version :
         {"GET / HTTP/1.", "RFB 004.000\n", "RFB 003.000\n", "RFB 00a.008\n", "RFB 003.008\r"}) {
        ServerHandshake handshake{some_init()};
        EXPECT_FALSE(handshake.feed(version)) << version;
    }
}

TEST(ServerHandshake, KeepsMessagesBehindTheHandshake) {
    ServerHandshake handshake{some_init()};
    ASSERT_TRUE(handshake.feed("RFB 003.008\n\x01\x01message"s));
    EXPECT_EQ(handshake.take_rest(), "message");
}

TEST(ServerHandshake, TalksToOurOwnClientSideByteByByte) {
    ServerHandshake server{some_init()};
    ClientHandshake client{Secret{"unused"}, Proof::waived};
    for (int round = 0; round < 10 && !(server.is_done() && client.is_done()); ++round) {
        for (char c : server.take_output())
            ASSERT_TRUE(client.feed({&c, 1}));
        for (char c : client.take_output())
            ASSERT_TRUE(server.feed({&c, 1}));
    }
    ASSERT_TRUE(client.is_done());
    EXPECT_EQ(encode(client.server_init()), encode(some_init()));
}

} // namespace
} // namespace berth::rfb
