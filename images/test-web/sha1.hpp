// SPDX-License-Identifier: Apache-2.0
// What the WebSocket handshake needs (RFC 6455 section 4.2.2), and nothing else.
#pragma once

#include <string>

/// The Sec-WebSocket-Accept value for a Sec-WebSocket-Key.
std::string websocket_accept(const std::string& key);
