// SPDX-License-Identifier: Apache-2.0
#include "crypto/sha256.hpp"

#include <sodium.h>

#include <array>

namespace berth::crypto {

std::string sha256_hex(std::string_view data) {
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256(
        digest.data(), reinterpret_cast<const unsigned char*>(data.data()), data.size()
    );
    std::array<char, 2 * crypto_hash_sha256_BYTES + 1> text{};
    sodium_bin2hex(text.data(), text.size(), digest.data(), digest.size());
    return std::string{text.data()};
}

} // namespace berth::crypto
