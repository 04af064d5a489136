// SPDX-License-Identifier: Apache-2.0
#pragma once
// Name resolution and connect: for the TCP and the TLS dialer, and for who tells them apart.

#include "net/dialer.hpp"
#include "net/socket_stream.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <vector>

namespace berth::net {

using TcpAddresses = std::vector<boost::asio::ip::tcp::endpoint>;

// All addresses of the name, at least one; an address stands for itself. A lookup that is given up
// ends by itself later. Errors: host_unreachable, timed_out.
Task<Result<TcpAddresses>> resolve_tcp(std::string host, std::uint16_t port, Deadline deadline);
// Tries them in order; each gets its share of the time that is left.
Task<Result<StreamSocket>>
connect_tcp(Executor executor, TcpAddresses addresses, Deadline deadline);
// Both.
Task<Result<StreamSocket>>
connect_tcp(Executor executor, std::string host, std::uint16_t port, Deadline deadline);

} // namespace berth::net
