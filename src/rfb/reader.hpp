// SPDX-License-Identifier: Apache-2.0
#pragma once
// Restartable cursor over received bytes, network byte order. Ask has() first; when the rest of a
// message is missing, throw the cursor away and begin again with more bytes.

#include "base/assert.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::rfb {

class Reader {
public:
    // The bytes must outlive the cursor.
    explicit Reader(std::string_view bytes) noexcept
        : bytes_{bytes} {}

    bool has(std::size_t count) const noexcept { return bytes_.size() - used_ >= count; }
    std::size_t used() const noexcept { return used_; }

    // Taking more than has() allowed is a defect of the caller and aborts.
    std::string_view take(std::size_t count) noexcept {
        BERTH_ASSERT(has(count));
        used_ += count;
        return bytes_.substr(used_ - count, count);
    }
    std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(number(1)); }
    std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(number(2)); }
    std::uint32_t u32() noexcept { return number(4); }

private:
    std::uint32_t number(std::size_t width) noexcept {
        std::uint32_t value = 0;
        for (char c : take(width))
            value = (value << 8) | static_cast<std::uint8_t>(c);
        return value;
    }

    std::string_view bytes_;
    std::size_t used_ = 0;
};

inline void append_u8(std::string& to, std::uint8_t value) {
    to.push_back(static_cast<char>(value));
}
inline void append_u16(std::string& to, std::uint16_t value) {
    append_u8(to, static_cast<std::uint8_t>(value >> 8));
    append_u8(to, static_cast<std::uint8_t>(value & 0xff));
}
inline void append_u32(std::string& to, std::uint32_t value) {
    append_u16(to, static_cast<std::uint16_t>(value >> 16));
    append_u16(to, static_cast<std::uint16_t>(value & 0xffff));
}

} // namespace berth::rfb
