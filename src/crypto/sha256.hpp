// SPDX-License-Identifier: Apache-2.0
#pragma once
// The form in which values of 256 random bits (cookies, tokens) are stored. Never for passwords:
// those need a slow hash (password_hasher.hpp).

#include <string>
#include <string_view>

namespace berth::crypto {

// 64 lower-case hex digits (FIPS 180-4).
std::string sha256_hex(std::string_view data);

} // namespace berth::crypto
