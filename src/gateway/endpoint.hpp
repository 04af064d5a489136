// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a request for a tunnel must look like before anything is done with it.

#include "base/error.hpp"
#include "http/message.hpp"

#include <string>
#include <vector>

namespace berth::gateway {

// The sub-protocol that is agreed on; noVNC's own name for raw bytes in binary messages.
inline constexpr std::string_view rfb_subprotocol = "binary";
// The second one that the page offers carries the ticket: it stays out of URLs, logs and history.
inline constexpr std::string_view ticket_prefix = "berth.ticket.";

// A WebSocket handshake can be opened by any page of any origin (T-70): only an exact match counts.
// Error: forbidden.
Status check_origin(
    const http::Request& request, const std::vector<std::string>& allowed, bool allow_missing
);
// RFC 6455, 4.2.1. Error: invalid_input.
Status check_upgrade(const http::Request& request);
// The ticket out of the offered sub-protocols. Error: unauthenticated, also when `binary` or more
// than one ticket is offered.
Result<std::string> offered_ticket(const http::Request& request);

// problem+json for what is refused before the handshake. The error's text goes out: a constant of
// ours, as those of the functions above are.
http::Response refuse(const Error& error, std::string_view request_id);

} // namespace berth::gateway
