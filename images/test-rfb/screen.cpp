// SPDX-License-Identifier: Apache-2.0
#include "screen.hpp"

#include <algorithm>

namespace {

constexpr std::uint32_t quadrants[4] = {0xc03030, 0x30a030, 0x3050c0, 0xd0c030};
constexpr std::uint32_t cell_colours[8] = {0xffffff, 0x000000, 0xff00ff, 0x00ffff,
                                           0xff8000, 0x8000ff, 0x808080, 0x004000};

std::uint32_t packed(const PixelFormat& format, std::uint32_t colour) {
    std::uint32_t value = 0;
    for (unsigned channel = 0; channel < 3; ++channel) {
        const auto level = (colour >> (16 - 8 * channel)) & 0xff;
        value |= ((level * format.max[channel] + 127) / 255) << format.shift[channel];
    }
    return value;
}

} // namespace

Rect cell(Size size) {
    const auto side = std::min({64U, size.width / 2, size.height / 2});
    return Rect{(size.width - side) / 2, (size.height - side) / 2, side, side};
}

std::uint32_t colour_at(Size size, std::uint64_t events, unsigned x, unsigned y) {
    const auto middle = cell(size);
    // Unsigned: left of or above the cell wraps to a huge number.
    if (x - middle.x < middle.width && y - middle.y < middle.height)
        return cell_colours[events % 8];
    return quadrants[(y >= size.height / 2 ? 2 : 0) + (x >= size.width / 2 ? 1 : 0)];
}

void append_pixels(std::string& out, const PixelFormat& format, Size size, std::uint64_t events, Rect rect) {
    out.reserve(out.size() + std::size_t{rect.width} * rect.height * format.bytes);
    for (unsigned y = rect.y; y < rect.y + rect.height; ++y) {
        for (unsigned x = rect.x; x < rect.x + rect.width; ++x) {
            const auto value = packed(format, colour_at(size, events, x, y));
            for (unsigned byte = 0; byte < format.bytes; ++byte) {
                const auto place = format.big_endian ? format.bytes - 1 - byte : byte;
                out += static_cast<char>(value >> (8 * place));
            }
        }
    }
}
