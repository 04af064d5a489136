// SPDX-License-Identifier: Apache-2.0
#pragma once
// The messages of the handshake (RFC 6143, 7.1 to 7.3) as values: decode and encode.

#include "base/error.hpp"
#include "base/limits.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::rfb {

enum class Version { v3_3, v3_7, v3_8 };

inline constexpr std::size_t version_size = 12;
// "RFB 003.008\n". Any 3.3 to 3.6 is spoken as 3.3 and anything above 3.8 within 3 as 3.8; text
// that is not RFB, a major version other than 3 and a minor one under 3 are refused.
std::optional<Version> parse_version(std::string_view text) noexcept;
std::string_view text_of(Version version) noexcept;

inline constexpr std::uint8_t security_none = 1;
inline constexpr std::uint8_t security_vnc = 2;

// A desktop that announces more pixels than this per side is refused: noVNC would allocate them.
inline constexpr std::uint16_t largest_side = 16384;

inline constexpr std::size_t pixel_format_size = 16;

struct ServerInit {
    std::uint16_t width = 0;
    std::uint16_t height = 0;
    std::array<char, pixel_format_size> pixel_format{}; // as received, bits per pixel checked
    std::string name; // hostile text: control characters were replaced, length is bounded
};

inline constexpr std::size_t server_init_head = 24; // everything before the name
// Whole length of the ServerInit that begins with `head`; error when a bound is broken.
// Precondition: at least server_init_head bytes.
Result<std::size_t> server_init_size(std::string_view head);
// Precondition: exactly server_init_size() bytes, which was no error.
ServerInit decode_server_init(std::string_view bytes);
std::string encode(const ServerInit& init);

} // namespace berth::rfb
