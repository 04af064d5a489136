// SPDX-License-Identifier: Apache-2.0
#pragma once
// VNC authentication (RFC 6143, 7.2.2): the challenge encrypted with single DES in ECB mode. Weak
// by today's measure; here it only proves that a desktop knows the session's secret.

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::rfb {

inline constexpr std::size_t challenge_size = 16;

// The 16-byte answer. Of the secret only the first eight bytes count; a shorter one is filled with
// zero bytes. Precondition: the challenge has challenge_size bytes.
std::string answer_challenge(std::string_view secret, std::string_view challenge);

} // namespace berth::rfb
