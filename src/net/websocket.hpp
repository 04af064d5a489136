// SPDX-License-Identifier: Apache-2.0
#pragma once
// WebSocket (RFC 6455) over a byte stream, server and client role. The only header through which
// Beast's WebSocket is reached. No compression: desktop pixels are compressed already, and
// compression on tunnels has a history of holes (rule H-34).

#include "base/limits.hpp"
#include "net/byte_stream.hpp"
#include "net/http_client.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace berth::net {

enum class FrameKind { text, binary };

struct WebSocketChunk {
    WebSocketChunk() = default;
    std::size_t size = 0;   // bytes placed into the caller's buffer
    bool is_end = false;    // the message is complete with these bytes
    FrameKind kind = FrameKind::binary;
};

struct WebSocketClose {
    WebSocketClose() = default;
    WebSocketClose(std::uint16_t code_, std::string reason_)
        : code{code_}
        , reason{std::move(reason_)} {}
    std::uint16_t code = 1005; // as received or sent; 1006 when the connection just ended
    std::string reason;
};

// One read (or wait) and one write outstanding at a time; they may overlap each other and close().
// Pings are answered while a read or wait is pending; keep-alive pings are sent every
// limits::websocket_ping and the connection ends after limits::websocket_dead of silence while
// somebody reads. To end a WebSocket call close(): the pending read ends with `ended`. Cancelling
// a read, wait or write instead leaves it usable for abort() only.
class WebSocket {
public:
    virtual ~WebSocket() = default;
    virtual const Executor& executor() const noexcept = 0;
    // Some bytes of the next message. Error `ended` after a close frame or a lost connection
    // (closed_by() says which), too_large over limits::websocket_message, protocol_violation.
    virtual Task<Result<WebSocketChunk>> read_some(boost::asio::mutable_buffer buffer) = 0;
    // Completes when bytes are there to read, without holding a buffer.
    virtual Task<Status> wait_readable() = 0;
    // One whole message; no copy of the payload in the server role.
    virtual Task<Status> write(FrameKind kind, ConstBuffers payload) = 0;
    // Sends the close frame and waits a moment for the answer; never fails visibly.
    virtual Task<void> close(WebSocketClose why) = 0;
    virtual void abort() noexcept = 0; // drops the connection at once
    virtual const WebSocketClose& closed_by() const noexcept = 0;
    // Last measured ping round trip, zero before the first.
    virtual std::chrono::microseconds round_trip() const noexcept = 0;
    // Other times than those of base/limits.hpp, from now on.
    virtual void set_keep_alive(Milliseconds ping_every, Milliseconds dead_after) = 0;
};

// Server role: the HTTP request head was already parsed elsewhere. Checks the handshake fields
// (invalid_input otherwise, nothing written) and answers 101 with `subprotocol` (may be empty).
Task<Result<std::unique_ptr<WebSocket>>> accept_websocket(
    ByteStreamPtr stream, const HttpHeaders& request_headers, std::string subprotocol,
    Deadline deadline
);
// Client role, for tests, benches and web endpoints.
Task<Result<std::unique_ptr<WebSocket>>> connect_websocket(
    ByteStreamPtr stream, std::string host, std::string target, HttpHeaders extra, Deadline deadline
);

} // namespace berth::net
