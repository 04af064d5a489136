// SPDX-License-Identifier: Apache-2.0
#include "rfb/des_auth.hpp"

#include "base/assert.hpp"

#include <nettle/des.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace berth::rfb {
namespace {

// VNC's first implementation numbered the bits of a key byte from the wrong end; all others follow.
std::uint8_t reversed(std::uint8_t byte) noexcept {
    std::uint8_t result = 0;
    for (int bit = 0; bit < 8; ++bit) {
        result = static_cast<std::uint8_t>((result << 1) | (byte & 1));
        byte = static_cast<std::uint8_t>(byte >> 1);
    }
    return result;
}

} // namespace

std::string answer_challenge(std::string_view secret, std::string_view challenge) {
    BERTH_ASSERT(challenge.size() == challenge_size);
    std::array<std::uint8_t, DES_KEY_SIZE> key{};
    const auto length = std::min<std::size_t>(secret.size(), key.size());
    for (std::size_t i = 0; i < length; ++i)
        key[i] = reversed(static_cast<std::uint8_t>(secret[i]));

    des_ctx context{};
    // The result only says whether the key is a weak one; the key schedule is complete either way.
    static_cast<void>(des_set_key(&context, key.data()));
    std::array<std::uint8_t, challenge_size> in{};
    std::array<std::uint8_t, challenge_size> out{};
    std::memcpy(in.data(), challenge.data(), in.size());
    des_encrypt(&context, out.size(), out.data(), in.data());
    explicit_bzero(&context, sizeof context);
    explicit_bzero(key.data(), key.size());
    return std::string{out.begin(), out.end()};
}

} // namespace berth::rfb
