// SPDX-License-Identifier: Apache-2.0
#include "rfb/client_filter.hpp"

#include "base/limits.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace berth::rfb {
namespace {

// Message types from client to server.
constexpr std::uint8_t set_pixel_format = 0;
constexpr std::uint8_t set_encodings = 2;
constexpr std::uint8_t framebuffer_update_request = 3;
constexpr std::uint8_t key_event = 4;
constexpr std::uint8_t pointer_event = 5;
constexpr std::uint8_t client_cut_text = 6;
constexpr std::uint8_t enable_continuous_updates = 150;
constexpr std::uint8_t client_fence = 248;
constexpr std::uint8_t xvp = 250;
constexpr std::uint8_t set_desktop_size = 251;
constexpr std::uint8_t qemu = 255;

constexpr std::uint8_t qemu_key = 0;
constexpr std::uint8_t qemu_audio = 1;

constexpr std::uint32_t extended_mouse_buttons = 0xfffffec4; // pseudo-encoding -316
constexpr std::uint8_t wide_pointer_mark = 0x80;
constexpr std::size_t longest_fence = 64;    // of the specification
constexpr std::size_t most_encodings = 1024; // noVNC sends about 25

Error violation(std::string text) {
    return Error{Errc::protocol_violation, std::move(text)};
}

} // namespace

bool ClientFilter::take_input_seen() noexcept {
    return std::exchange(input_seen_, false);
}

// The type alone decides, so that the first bytes of a message need not be held back.
bool ClientFilter::may_pass(std::uint8_t type) const noexcept {
    switch (type) {
    case key_event:
    case pointer_event:
    case xvp:
    case set_desktop_size:
    case qemu:
        return policy_.allows_input;
    case client_cut_text:
        return policy_.allows_input && policy_.allows_clipboard;
    default:
        return true;
    }
}

bool ClientFilter::is_input() const noexcept {
    return head_[0] == key_event || head_[0] == pointer_event ||
           (head_[0] == qemu && head_[1] == qemu_key);
}

std::uint32_t ClientFilter::number_at(std::size_t offset, std::size_t width) const noexcept {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i)
        value = (value << 8) | head_[offset + i];
    return value;
}

// `head` bytes are needed to know that the message has `whole` bytes.
Result<bool> ClientFilter::expect(std::size_t head, std::uint64_t whole) {
    if (head_size_ < head) return false;
    body_left_ = whole - head_size_;
    return true;
}

// True when the head says how long the message is; body_left_ is set then.
Result<bool> ClientFilter::head_complete() {
    switch (head_[0]) {
    case set_pixel_format:
        return expect(1, 20);
    case framebuffer_update_request:
        return expect(1, 10);
    case key_event:
        return expect(1, 8);
    case enable_continuous_updates:
        return expect(1, 10);
    case xvp:
        return expect(1, 4);
    case set_encodings: {
        const auto count = head_size_ < 4 ? 0 : number_at(2, 2);
        if (count > most_encodings) return violation("SetEncodings lists too many encodings");
        return expect(4, 4 + std::uint64_t{count} * 4);
    }
    case pointer_event: {
        // With the mark a client that announced the extension sends one more byte of buttons.
        const bool is_wide = head_size_ >= 2 && has_wide_pointer_ && (head_[1] & wide_pointer_mark);
        return expect(2, is_wide ? 7 : 6);
    }
    case client_cut_text: {
        if (head_size_ < 8) return false;
        // A negative length marks the extended clipboard; its amount is the length.
        const auto length = static_cast<std::int32_t>(number_at(4, 4));
        const auto amount = length < 0 ? -std::int64_t{length} : std::int64_t{length};
        if (amount > static_cast<std::int64_t>(limits::rfb_cut_text))
            return violation("ClientCutText is too long");
        if (length < 0 && amount < 4) return violation("extended ClientCutText has no flags");
        return expect(8, 8 + static_cast<std::uint64_t>(amount));
    }
    case client_fence: {
        const auto length = head_size_ < 9 ? 0 : number_at(8, 1);
        if (length > longest_fence) return violation("ClientFence is too long");
        return expect(9, 9 + std::uint64_t{length});
    }
    case set_desktop_size: {
        const auto screens = head_size_ < 8 ? 0 : number_at(6, 1);
        return expect(8, 8 + std::uint64_t{screens} * 16);
    }
    case qemu:
        if (head_size_ < 2) return false;
        if (head_[1] == qemu_key) return expect(2, 12);
        if (head_[1] != qemu_audio) return violation("unknown QEMU message");
        if (head_size_ < 4) return false;
        if (number_at(2, 2) > 2) return violation("unknown QEMU audio operation");
        return expect(4, number_at(2, 2) == 2 ? 10 : 4); // 2 = set format, the others are bare
    default:
        return violation("unknown message type " + std::to_string(head_[0]));
    }
}

void ClientFilter::follow_body(std::span<const char> bytes) noexcept {
    body_left_ -= bytes.size();
    if (head_[0] == set_encodings) {
        for (char c : bytes) {
            word_ = (word_ << 8) | static_cast<std::uint8_t>(c);
            if (++word_bytes_ < 4) continue;
            word_bytes_ = 0;
            if (word_ == extended_mouse_buttons) has_wide_pointer_ = true;
        }
    }
    if (body_left_ == 0) head_size_ = 0;
}

Result<std::size_t> ClientFilter::pass(std::span<char> portion) {
    std::size_t kept = 0;
    std::size_t at = 0;
    const auto keep = [&](std::size_t from, std::size_t count) {
        if (!passes_) return;
        if (kept != from) std::memmove(portion.data() + kept, portion.data() + from, count);
        kept += count;
    };
    while (at < portion.size()) {
        if (body_left_ > 0) {
            const auto count =
                static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, portion.size() - at));
            follow_body(portion.subspan(at, count));
            keep(at, count);
            at += count;
            continue;
        }
        head_[head_size_++] = static_cast<std::uint8_t>(portion[at]);
        if (head_size_ == 1) {
            passes_ = may_pass(head_[0]);
            word_bytes_ = 0;
            if (head_[0] == set_encodings) has_wide_pointer_ = false;
        }
        const auto complete = head_complete();
        if (!complete) return complete.error();
        keep(at, 1);
        ++at;
        if (!*complete) continue;
        // Dropped input is no activity: a watcher must not keep a desktop alive by moving.
        if (passes_ && is_input()) input_seen_ = true;
        if (body_left_ == 0) head_size_ = 0;
    }
    return kept;
}

} // namespace berth::rfb
