// SPDX-License-Identifier: Apache-2.0
#pragma once
// The server's side of the RFB handshake, spoken towards a browser that was let in already: it
// offers no authentication and never shows a desktop's secret (RFC 6143, 7.1 to 7.3).

#include "base/error.hpp"
#include "rfb/messages.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace berth::rfb {

class ServerHandshake {
public:
    // `init` is what the desktop announced.
    explicit ServerHandshake(const ServerInit& init);

    // Bytes in portions of any size; not called again once done. protocol_violation: not RFB 3.3,
    // 3.7 or 3.8, or a security type that was not offered. Send take_output() also then: it may
    // hold the reason.
    Status feed(std::string_view bytes);
    // Holds the version line before the first feed().
    std::string take_output();
    bool is_done() const noexcept { return state_ == State::done; }
    // Client messages that were received behind the handshake. Precondition: is_done().
    std::string take_rest();

private:
    enum class State { version, security, init, done };

    // True: another step may be possible with the bytes that are there.
    Result<bool> step();
    Result<bool> read_version();
    Result<bool> read_security();
    bool go(std::size_t used, State next);

    std::string init_bytes_;
    State state_ = State::version;
    Version version_ = Version::v3_8;
    std::string pending_;
    std::string output_;
    std::optional<Error> failure_;
};

} // namespace berth::rfb
