// SPDX-License-Identifier: Apache-2.0
#pragma once
// A byte stream over a plain stream socket. Private to net: the others see ByteStream.

#include "net/byte_stream.hpp"

#include <boost/asio/generic/stream_protocol.hpp>

namespace berth::net {

using StreamSocket = boost::asio::generic::stream_protocol::socket;

// The socket is connected. TCP_NODELAY is set on TCP.
ByteStreamPtr make_socket_stream(StreamSocket socket);
// TCP_NODELAY, where there is such a thing, and no blocking calls.
void make_prompt(StreamSocket& socket);
// "127.0.0.1", "::1" or "unix".
std::string peer_of(const StreamSocket& socket);

} // namespace berth::net
