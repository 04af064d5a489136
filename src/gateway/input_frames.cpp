// SPDX-License-Identifier: Apache-2.0
#include "gateway/input_frames.hpp"

#include <algorithm>

namespace berth::gateway {
namespace {

constexpr unsigned char control_bit = 0x08; // of the opcode
constexpr unsigned char mask_bit = 0x80;

std::size_t length_bytes(unsigned char second) {
    switch (second & 0x7f) {
    case 126:
        return 2;
    case 127:
        return 8;
    default:
        return 0;
    }
}

} // namespace

bool InputFrames::pass(std::string_view bytes) {
    bool is_input = false;
    while (!bytes.empty()) {
        std::size_t passed = 1;
        if (payload_ == 0) {
            take_head(static_cast<unsigned char>(bytes.front()));
        } else {
            passed = static_cast<std::size_t>(std::min<std::uint64_t>(payload_, bytes.size()));
            payload_ -= passed;
        }
        bytes.remove_prefix(passed);
        is_input |= is_message_;
    }
    return is_input;
}

void InputFrames::take_head(unsigned char byte) {
    head_[taken_++] = byte;
    if (taken_ == 1) {
        is_message_ = (byte & control_bit) == 0;
        return;
    }
    const auto extra = length_bytes(head_[1]);
    if (taken_ < 2 + extra + ((head_[1] & mask_bit) != 0 ? 4U : 0U)) return;
    taken_ = 0;
    payload_ = extra == 0 ? head_[1] & 0x7fU : 0;
    for (std::size_t i = 2; i < 2 + extra; ++i) payload_ = payload_ << 8U | head_[i];
}

} // namespace berth::gateway
