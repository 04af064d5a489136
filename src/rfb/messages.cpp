// SPDX-License-Identifier: Apache-2.0
#include "rfb/messages.hpp"

#include "rfb/reader.hpp"

#include <algorithm>

namespace berth::rfb {
namespace {

std::optional<int> three_digits(std::string_view text) noexcept {
    int value = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

Error refused(std::string text) {
    return Error{Errc::protocol_violation, std::move(text)};
}

} // namespace

std::optional<Version> parse_version(std::string_view text) noexcept {
    if (text.size() != version_size || !text.starts_with("RFB ") || text[7] != '.' ||
        text[11] != '\n')
        return std::nullopt;
    const auto major = three_digits(text.substr(4, 3));
    const auto minor = three_digits(text.substr(8, 3));
    if (!major || !minor || *major != 3 || *minor < 3) return std::nullopt;
    if (*minor < 7) return Version::v3_3;
    return *minor == 7 ? Version::v3_7 : Version::v3_8;
}

std::string_view text_of(Version version) noexcept {
    switch (version) {
    case Version::v3_3:
        return "RFB 003.003\n";
    case Version::v3_7:
        return "RFB 003.007\n";
    case Version::v3_8:
        return "RFB 003.008\n";
    }
    return "RFB 003.008\n";
}

Result<std::size_t> server_init_size(std::string_view head) {
    Reader reader{head};
    const auto width = reader.u16();
    const auto height = reader.u16();
    const auto format = reader.take(pixel_format_size);
    const auto name_size = reader.u32();
    if (width == 0 || height == 0) return refused("the desktop has no pixels");
    if (width > largest_side || height > largest_side)
        return refused("the desktop announces more pixels than allowed");
    const auto bits = static_cast<std::uint8_t>(format[0]);
    const auto depth = static_cast<std::uint8_t>(format[1]);
    if ((bits != 8 && bits != 16 && bits != 32) || depth == 0 || depth > bits)
        return refused("the desktop announces an impossible pixel format");
    if (name_size > limits::rfb_name) return refused("the desktop's name is too long");
    return server_init_head + name_size;
}

ServerInit decode_server_init(std::string_view bytes) {
    Reader reader{bytes};
    ServerInit init;
    init.width = reader.u16();
    init.height = reader.u16();
    std::ranges::copy(reader.take(pixel_format_size), init.pixel_format.begin());
    init.name = reader.take(reader.u32());
    std::ranges::replace_if(
        init.name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?'
    );
    return init;
}

std::string encode(const ServerInit& init) {
    std::string bytes;
    bytes.reserve(server_init_head + init.name.size());
    append_u16(bytes, init.width);
    append_u16(bytes, init.height);
    bytes.append(init.pixel_format.data(), init.pixel_format.size());
    append_u32(bytes, static_cast<std::uint32_t>(init.name.size()));
    bytes += init.name;
    return bytes;
}

} // namespace berth::rfb
