// SPDX-License-Identifier: Apache-2.0
#pragma once
// What names and passwords must look like, and in which form they are compared.

#include "base/error.hpp"
#include "base/secret.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::identity {

inline constexpr std::size_t password_shortest = 8;  // characters
inline constexpr std::size_t password_longest = 256; // bytes: argon2id hashes what it is given

// Lower case, ASCII: the form in which account names are compared.
std::string lower(std::string_view text);
// Errors: invalid_input with the field /username or /password.
Status check_username(std::string_view username);
Status check_password(const Secret& password, std::string_view field = "/password");
// The part of an address that one attacker has for nothing: IPv4 whole, IPv6 its /64. Text that is
// no address stays as it is (the local socket), cut to 64 characters.
std::string address_block(std::string_view address);

} // namespace berth::identity
