// SPDX-License-Identifier: Apache-2.0
#include "rfb/des_auth.hpp"

#include <gtest/gtest.h>

#include <string>

namespace berth::rfb {
namespace {

std::string from_hex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16));
    return bytes;
}

// VNC takes the bits of each key byte in the other order.
std::string vnc_key(std::string_view des_key) {
    std::string key = from_hex(des_key);
    for (auto& c : key) {
        unsigned mirrored = 0;
        for (unsigned bit = 0; bit < 8; ++bit)
            if (static_cast<unsigned char>(c) & (1u << bit)) mirrored |= 0x80u >> bit;
        c = static_cast<char>(mirrored);
    }
    return key;
}

struct Vector {
    const char* key;
    const char* plain;
    const char* cipher;
};

// The first is FIPS 46's classic worked example, the others are from NBS Special Publication
// 500-20.
constexpr Vector known[] = {
    {"133457799BBCDFF1", "0123456789ABCDEF", "85E813540F0AB405"},
    {"0101010101010101", "95F8A5E5DD31D900", "8000000000000000"},
    {"0101010101010101", "DD7F121CA5015619", "4000000000000000"},
    {"8001010101010101", "0000000000000000", "95A8D72813DAA94D"},
    {"7CA110454A1A6E57", "01A1D6D039776742", "690F5B0D9A26939B"},
    {"0131D9619DC1376E", "5CD54CA83DEF57DA", "7A389D10354BD271"},
    {"0000000000000000", "0000000000000000", "8CA64DE9C1B123A7"},
};

TEST(VncAuthentication, AnswersKnownVectors) {
    for (const auto& vector : known) {
        const auto block = from_hex(vector.plain);
        const auto cipher = from_hex(vector.cipher);
        EXPECT_EQ(answer_challenge(vnc_key(vector.key), block + block), cipher + cipher)
            << vector.key;
    }
}

TEST(VncAuthentication, UsesOnlyTheFirstEightBytesOfTheSecret) {
    const std::string challenge = from_hex("000102030405060708090a0b0c0d0e0f");
    EXPECT_EQ(answer_challenge("12345678", challenge), answer_challenge("123456789", challenge));
    EXPECT_NE(answer_challenge("12345678", challenge), answer_challenge("1234567", challenge));
}

TEST(VncAuthentication, FillsAShortSecretWithZeroBytes) {
    const std::string challenge = from_hex("000102030405060708090a0b0c0d0e0f");
    using namespace std::string_literals;
    EXPECT_EQ(answer_challenge("abc", challenge), answer_challenge("abc\0\0\0\0\0"s, challenge));
}

} // namespace
} // namespace berth::rfb
