// SPDX-License-Identifier: Apache-2.0
#pragma once
// Name resolution and connect, shared by the TCP and the TLS dialer. Private to net.

#include "net/dialer.hpp"
#include "net/socket_stream.hpp"

#include <string>

namespace berth::net {

// Tries every address of the host in order; each gets its share of the time that is left.
Task<Result<StreamSocket>> connect_tcp(
    Executor executor, std::string host, std::uint16_t port, Deadline deadline
);

} // namespace berth::net
