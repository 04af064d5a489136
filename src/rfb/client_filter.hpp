// SPDX-License-Identifier: Apache-2.0
#pragma once
// Follows the messages a browser sends to a desktop (RFC 6143, 7.5, and the registered extensions),
// enforces what this viewer may do and notices input. It keeps no message: bytes pass through
// in place, whatever the borders of the portions are.

#include "base/error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace berth::rfb {

struct FilterPolicy {
    bool allows_input = true;     // keys, pointer, resize, power; else dropped
    bool allows_clipboard = true; // text from the browser into the desktop; else dropped
};

class ClientFilter {
public:
    explicit ClientFilter(FilterPolicy policy) noexcept
        : policy_{policy} {}

    // Moves the bytes that may pass to the front and returns how many they are; the rest of the
    // portion is undefined. Where nothing is dropped, nothing is moved. protocol_violation: unknown
    // type or a length over its bound; then nothing of the portion may be forwarded, and the
    // connection has to end.
    Result<std::size_t> pass(std::span<char> portion);

    // Whether a key or the pointer was used since the last question.
    bool take_input_seen() noexcept;

private:
    // Invariant: either a head is being collected (body_left_ == 0), or a body is being followed.
    Result<bool> head_complete();
    Result<bool> expect(std::size_t head, std::uint64_t whole);
    void follow_body(std::span<const char> bytes) noexcept;
    bool may_pass(std::uint8_t type) const noexcept;
    bool is_input() const noexcept;
    std::uint32_t number_at(std::size_t offset, std::size_t width) const noexcept;

    FilterPolicy policy_;
    std::array<std::uint8_t, 12> head_{};
    std::size_t head_size_ = 0;
    std::uint64_t body_left_ = 0;
    std::uint32_t word_ = 0; // last four bytes of a SetEncodings body
    std::uint8_t word_bytes_ = 0;
    bool has_wide_pointer_ = false; // the client announced ExtendedMouseButtons
    bool passes_ = true;            // the message under way
    bool input_seen_ = false;
};

} // namespace berth::rfb
