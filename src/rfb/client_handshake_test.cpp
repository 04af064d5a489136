// SPDX-License-Identifier: Apache-2.0
#include "rfb/client_handshake.hpp"
#include "rfb/des_auth.hpp"
#include "rfb/reader.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

namespace berth::rfb {
namespace {

using namespace std::string_literals;

const std::string challenge = "0123456789abcdef";

std::string u32(std::uint32_t value) {
    std::string bytes;
    append_u32(bytes, value);
    return bytes;
}

std::string u16(std::uint16_t value) {
    std::string bytes;
    append_u16(bytes, value);
    return bytes;
}

const std::string good_format = "\x20\x18\x00\x01\x00\xff\x00\xff\x00\xff\x10\x08\x00\x00\x00\x00"s;

std::string init(std::uint16_t width = 800, std::uint16_t height = 600, std::string name = "desk") {
    return u16(width) + u16(height) + good_format + u32(static_cast<std::uint32_t>(name.size())) +
           name;
}

// What a desktop of that version sends, when everything is right.
std::string good_server(int minor) {
    const auto version = "RFB 003.00" + std::to_string(minor) + "\n";
    const auto types = minor == 3 ? u32(2) : "\x01\x02"s;
    return version + types + challenge + u32(0) + init();
}

TEST(ClientHandshake, SpeaksEveryVersionUpToTheFirstMessage) {
    for (int minor : {3, 7, 8}) {
        ClientHandshake handshake{Secret{"secret"}};
        ASSERT_TRUE(handshake.feed(good_server(minor))) << minor;
        ASSERT_TRUE(handshake.is_done()) << minor;
        EXPECT_EQ(
            handshake.take_output(),
            "RFB 003.00" + std::to_string(minor) + "\n" + (minor == 3 ? "" : "\x02") +
                answer_challenge("secret", challenge) + "\x01"
        );
        EXPECT_EQ(handshake.server_init().width, 800);
        EXPECT_EQ(handshake.server_init().height, 600);
        EXPECT_EQ(handshake.server_init().name, "desk");
    }
}

TEST(ClientHandshake, KeepsBytesBehindTheHandshake) {
    ClientHandshake handshake{Secret{"secret"}};
    ASSERT_TRUE(handshake.feed(good_server(8) + "more"));
    EXPECT_EQ(handshake.take_rest(), "more");
}

TEST(ClientHandshake, PrefersTheSecretOverNothing) {
    ClientHandshake handshake{Secret{"secret"}, Proof::waived};
    ASSERT_TRUE(handshake.feed("RFB 003.008\n\x03\x01\x02\x10"s));
    EXPECT_EQ(handshake.take_output(), "RFB 003.008\n\x02");
}

TEST(ClientHandshake, TakesNothingAsProofOnlyWhenWaived) {
    for (int minor : {3, 7, 8}) {
        const auto server = "RFB 003.00" + std::to_string(minor) + "\n" +
                            (minor == 3 ? u32(1) : "\x01\x01"s) + (minor == 8 ? u32(0) : "") +
                            init();
        ClientHandshake waived{Secret{"secret"}, Proof::waived};
        ASSERT_TRUE(waived.feed(server)) << minor;
        EXPECT_TRUE(waived.is_done()) << minor;
        ClientHandshake required{Secret{"secret"}};
        EXPECT_FALSE(required.feed(server)) << minor;
    }
}

TEST(ClientHandshake, NeverSendsTheSecretItself) {
    ClientHandshake handshake{Secret{"canary99"}};
    ASSERT_TRUE(handshake.feed(good_server(8)));
    EXPECT_EQ(handshake.take_output().find("canary99"), std::string::npos);
}

TEST(ClientHandshake, SaysWhyTheDesktopRefused) {
    ClientHandshake handshake{Secret{"secret"}};
    const auto status =
        handshake.feed("RFB 003.008\n\x01\x02"s + challenge + u32(1) + u32(9) + "bad\nword!");
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), Errc::protocol_violation);
    EXPECT_NE(status.error().operator_text().find("bad?word!"), std::string::npos);
}

TEST(ClientHandshake, ReplacesControlCharactersOfTheName) {
    ClientHandshake handshake{Secret{"secret"}};
    ASSERT_TRUE(handshake.feed(
        "RFB 003.008\n\x01\x02"s + challenge + u32(0) + init(1, 1, "a\x1b[2J\n\x7f"s)
    ));
    EXPECT_EQ(handshake.server_init().name, "a?[2J??");
}

TEST(ClientHandshake, TakesWhatIsExactlyAtTheBound) {
    ClientHandshake handshake{Secret{"secret"}};
    const auto name = std::string(limits::rfb_name, 'n');
    ASSERT_TRUE(handshake.feed(
        "RFB 003.008\n\x01\x02"s + challenge + u32(0) + init(largest_side, largest_side, name)
    ));
    EXPECT_TRUE(handshake.is_done());
    EXPECT_EQ(handshake.server_init().name, name);
}

// ---- hostile desktops (T-30) --------------------------------------------------------------------

struct Hostile {
    std::string what;
    std::string bytes;
};

const auto v8 = "RFB 003.008\n"s;
const auto v7 = "RFB 003.007\n"s;
const auto v3 = "RFB 003.003\n"s;

void add_versions_and_types(std::vector<Hostile>& all) {
    // Versions that are none.
    for (const auto* text :
         {"HTTP/1.1 400 Bad Request\r\n",
          "SSH-2.0-OpenSSH\r\n",
          "\x16\x03\x01\x02",
          "rfb 003.008\n",
          "RFB-003.008\n",
          "RFB 003,008\n",
          "RFB 003.008\r",
          "RFB 000.000\n",
          "RFB 002.009\n",
          "RFB 003.002\n",
          "RFB 004.001\n",
          "RFB 005.000\n",
          "RFB 999.999\n",
          "RFB -03.008\n",
          "RFB   3.  8\n",
          "RFB 3.8\n\n\n\n\n",
          "RFB 0x3.008\n",
          "RFB \xff\xff\xff.\xff\xff\xff\n"})
        all.push_back({"version "s + text, text});
    all.push_back({"version of zero bytes", std::string(12, '\0')});
    all.push_back({"version without end", "RFB 003.008 "});

    // Security types.
    all.push_back({"3.8 only None", v8 + "\x01\x01"});
    all.push_back({"3.7 only None", v7 + "\x01\x01"});
    all.push_back({"3.3 None", v3 + u32(1)});
    all.push_back({"3.8 type zero", v8 + "\x01\x00"s});
    all.push_back({"3.8 only TLS", v8 + "\x01\x12"});
    all.push_back({"3.8 only Apple", v8 + "\x02\x1e\x23"});
    all.push_back({"3.8 255 unknown types", v8 + "\xff" + std::string(255, '\x7f')});
    all.push_back({"3.3 unknown type", v3 + u32(16)});
    all.push_back({"3.3 huge type", v3 + u32(0xffffffff)});
    all.push_back({"3.3 type with high bits", v3 + u32(0x02000002)});
}

void add_refusals(std::vector<Hostile>& all) {
    for (const auto& version : {v8, v7}) {
        all.push_back({"no types, empty reason", version + "\0"s + u32(0)});
        all.push_back({"no types, reason", version + "\0"s + u32(2) + "no"});
        all.push_back({"no types, reason too long", version + "\0"s + u32(limits::rfb_reason + 1)});
        all.push_back({"no types, 4 GiB of reason", version + "\0"s + u32(0xffffffff)});
        all.push_back({"no types, reason of 2 GiB", version + "\0"s + u32(0x80000000)});
    }
    all.push_back({"3.3 refusal with huge reason", v3 + u32(0) + u32(0x7fffffff)});
    all.push_back({"3.3 refusal", v3 + u32(0) + u32(4) + "full"});

    // Results of the authentication.
    const auto challenged = v8 + "\x01\x02" + challenge;
    all.push_back({"3.8 rejected", challenged + u32(1) + u32(3) + "bad"});
    all.push_back({"3.8 too many tries", challenged + u32(2) + u32(3) + "bad"});
    all.push_back({"3.8 unknown result", challenged + u32(0xffffffff) + u32(3) + "bad"});
    all.push_back({"3.8 rejected, 4 GiB of reason", challenged + u32(1) + u32(0xffffffff)});
    all.push_back(
        {"3.8 rejected, reason over the bound", challenged + u32(1) + u32(limits::rfb_reason + 1)}
    );
    all.push_back({"3.7 rejected", v7 + "\x01\x02" + challenge + u32(1)});
    all.push_back({"3.3 rejected", v3 + u32(2) + challenge + u32(1)});
}

void add_first_messages(std::vector<Hostile>& all) {
    const auto proved = v8 + "\x01\x02" + challenge + u32(0);
    all.push_back({"no width", proved + init(0, 600)});
    all.push_back({"no height", proved + init(800, 0)});
    all.push_back({"no pixel", proved + init(0, 0)});
    all.push_back({"width over the bound", proved + init(largest_side + 1, 1)});
    all.push_back({"height over the bound", proved + init(1, largest_side + 1)});
    all.push_back({"32767 squared", proved + init(32767, 32767)});
    all.push_back({"65535 squared", proved + init(65535, 65535)});
    const auto sized = proved + u16(1) + u16(1);
    all.push_back({"name over the bound", sized + good_format + u32(limits::rfb_name + 1)});
    all.push_back({"4 GiB of name", sized + good_format + u32(0xffffffff)});
    all.push_back({"2 GiB of name", sized + good_format + u32(0x80000000)});
    for (int bits : {0, 1, 7, 24, 33, 64, 255}) {
        auto format = good_format;
        format[0] = static_cast<char>(bits);
        all.push_back({"bits per pixel " + std::to_string(bits), sized + format + u32(0)});
    }
    auto deep = good_format;
    deep[1] = 33;
    all.push_back({"deeper than its pixels", sized + deep + u32(0)});
    deep[1] = 0;
    all.push_back({"no depth", sized + deep + u32(0)});
}

std::vector<Hostile> hostile_desktops() {
    std::vector<Hostile> all;
    add_versions_and_types(all);
    add_refusals(all);
    add_first_messages(all);
    return all;
}

TEST(ClientHandshake, RefusesEveryHostileDesktop) {
    const auto all = hostile_desktops();
    EXPECT_GE(all.size(), 50u);
    for (const auto& desktop : all) {
        ClientHandshake handshake{Secret{"secret"}};
        const auto status = handshake.feed(desktop.bytes);
        ASSERT_FALSE(status) << desktop.what;
        EXPECT_EQ(status.error().code(), Errc::protocol_violation) << desktop.what;
        EXPECT_FALSE(handshake.is_done()) << desktop.what;
        EXPECT_FALSE(handshake.feed(good_server(8))) << "recovered after " << desktop.what;
    }
}

TEST(ClientHandshake, TellsAWebServerAtItsFirstByte) {
    ClientHandshake handshake{Secret{"secret"}};
    EXPECT_FALSE(handshake.feed("H"));
}

TEST(ClientHandshake, WaitsWhileTheDesktopIsSilent) {
    const auto server = good_server(8);
    for (std::size_t length = 0; length < server.size(); ++length) {
        ClientHandshake handshake{Secret{"secret"}};
        ASSERT_TRUE(handshake.feed(server.substr(0, length))) << length;
        EXPECT_FALSE(handshake.is_done()) << length;
        EXPECT_NE(handshake.waiting_for(), "done");
    }
}

TEST(ClientHandshake, DoesNotCareHowTheBytesArriveEvenFromHostileDesktops) {
    auto inputs = hostile_desktops();
    for (int minor : {3, 7, 8})
        inputs.push_back({"good", good_server(minor)});
    rc::check("portions of any size give the same", [&] {
        const auto& input = inputs[*rc::gen::inRange<std::size_t>(0, inputs.size())];
        ClientHandshake whole{Secret{"secret"}};
        ClientHandshake portioned{Secret{"secret"}};
        const auto expected = whole.feed(input.bytes);
        Status seen;
        std::string output;
        for (std::size_t at = 0; at < input.bytes.size() && seen && !portioned.is_done();) {
            const auto size = *rc::gen::inRange<std::size_t>(1, 9);
            seen = portioned.feed(std::string_view{input.bytes}.substr(at, size));
            output += portioned.take_output();
            at += size;
        }
        RC_ASSERT(seen.has_value() == expected.has_value());
        RC_ASSERT(portioned.is_done() == whole.is_done());
        RC_ASSERT(output == whole.take_output());
        if (!expected) RC_ASSERT(describe(seen.error()) == describe(expected.error()));
    });
}

} // namespace
} // namespace berth::rfb
