// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include <array>
#include <vector>

namespace berth {

SessionId make_session_id(RandomSource& random) {
    static constexpr char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    std::array<unsigned char, session_id_length> bytes;
    random.fill(bytes.data(), bytes.size());
    std::string text;
    for (auto byte : bytes) text += alphabet[byte & 31U];
    return SessionId{std::move(text)};
}

std::string make_token(RandomSource& random, std::size_t bytes) {
    static constexpr char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::vector<unsigned char> data(bytes);
    random.fill(data.data(), data.size());
    std::string text;
    unsigned pending = 0;
    int bits = 0;
    for (auto byte : data) {
        pending = (pending << 8U) | byte;
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            text += alphabet[(pending >> static_cast<unsigned>(bits)) & 63U];
        }
    }
    if (bits > 0) text += alphabet[(pending << static_cast<unsigned>(6 - bits)) & 63U];
    return text;
}

} // namespace berth
