// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tells a person's doing from the browser's own in the bytes of a WebSocket that go by: messages are
// input; pings, pongs and the close frame are not. Judges nothing: what breaks the framing
// (RFC 6455 5.2) is for the other end to refuse.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace berth::gateway {

class InputFrames {
public:
    // The next bytes from the browser, cut anywhere. True: some of them belong to a message.
    bool pass(std::string_view bytes);

private:
    void take_head(unsigned char byte);

    std::array<unsigned char, 14> head_{};
    std::size_t taken_ = 0;     // of the head
    std::uint64_t payload_ = 0; // that is still to come
    bool is_message_ = false;   // the present frame
};

} // namespace berth::gateway
