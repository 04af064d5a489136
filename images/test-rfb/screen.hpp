// SPDX-License-Identifier: Apache-2.0
// The picture: four quadrants (red, green / blue, yellow) and in the middle a cell of 64 x 64 whose colour steps
// through eight with every key or pointer event. A function of position, size and count, so nothing is stored.
#pragma once

#include <cstdint>
#include <string>

struct Size {
    unsigned width = 1024;
    unsigned height = 768;
};

struct Rect {
    unsigned x = 0, y = 0, width = 0, height = 0;
};

struct PixelFormat {
    unsigned bytes = 4;
    bool big_endian = false;
    unsigned max[3] = {255, 255, 255};
    unsigned shift[3] = {16, 8, 0};
};

inline constexpr unsigned smallest_side = 16;
inline constexpr unsigned largest_side = 4096;

/// Where the cell is.
Rect cell(Size size);

/// The colour (0xRRGGBB) at a point after `events` events.
std::uint32_t colour_at(Size size, std::uint64_t events, unsigned x, unsigned y);

/// Appends one rectangle's pixels in Raw encoding.
void append_pixels(std::string& out, const PixelFormat& format, Size size, std::uint64_t events, Rect rect);
