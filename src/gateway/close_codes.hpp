// SPDX-License-Identifier: Apache-2.0
#pragma once
// Why a tunnel ends, in the words of its WebSocket close frame. The web page decides by the code
// whether it tries again, and shows a sentence by code and text.

#include "base/error.hpp"
#include "net/websocket.hpp"
#include "session/session.hpp"

namespace berth::gateway {

inline constexpr std::uint16_t close_normal = 1000;
inline constexpr std::uint16_t close_protocol = 1002;
inline constexpr std::uint16_t close_not_binary = 1003;
inline constexpr std::uint16_t close_too_long = 1009;
inline constexpr std::uint16_t close_restarting = 1012;
inline constexpr std::uint16_t close_busy = 1013;
inline constexpr std::uint16_t close_sign_in = 4401;
inline constexpr std::uint16_t close_forbidden = 4403;
inline constexpr std::uint16_t close_not_found = 4404;
inline constexpr std::uint16_t close_idle = 4408;
inline constexpr std::uint16_t close_ended = 4410;
inline constexpr std::uint16_t close_paused = 4423;
inline constexpr std::uint16_t close_too_many = 4429;
inline constexpr std::uint16_t close_host = 4502;

// The session was taken back: 4408 for idle, else 4410 with the reason as one word.
net::WebSocketClose close_for(session::EndReason reason);
// Admission or opening failed. The texts are constant: an operator's text never reaches a browser.
net::WebSocketClose close_for(Errc code);
// Whether the browser's side broke RFB or WebSocket.
bool is_violation(std::uint16_t code);

} // namespace berth::gateway
