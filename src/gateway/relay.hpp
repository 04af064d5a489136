// SPDX-License-Identifier: Apache-2.0
#pragma once
// Moves bytes between a browser and a desktop: two pumps, each of which reads only after its last
// write has ended, so that a slow side slows the other one down and memory stays flat.

#include "gateway/buffer_pool.hpp"
#include "net/byte_stream.hpp"
#include "net/websocket.hpp"
#include "rfb/client_filter.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace berth::gateway {

// Buffers of one thread's relays.
struct RelayBuffers {
    BufferPool down{limits::relay_buffer, 8}; // desktop to browser
    BufferPool up{4 * 1024, 64};              // browser to desktop: keys and pointer are small
};

struct RelayHooks {
    std::function<void()> input_seen; // at most once a second
    // The end has begun, once. The owner has to abort the browser when it takes too long: a browser
    // that does not read may hold a write, and so the close frame behind it, for ever.
    std::function<void()> ending;
};

// Used on the executor of both streams only.
class Relay {
public:
    // The streams and buffers outlive the relay.
    Relay(
        net::ByteStream& desktop,
        net::WebSocket& browser,
        RelayBuffers& buffers,
        rfb::FilterPolicy policy,
        RelayHooks hooks
    );

    // Until either side ends or end() is called; the desktop's stream is closed then, and the
    // browser has got its close frame, or its connection was dropped. The first portions were
    // received behind the handshakes. Cancellation ends both pumps at once and passes through.
    net::Task<void> run(std::string first_down, std::string first_up);

    // Lets run() end with this close frame. The first reason counts.
    void end(net::WebSocketClose why);
    // Why run() ended; 1006 while it runs or when the browser just vanished.
    const net::WebSocketClose& why() const noexcept { return why_; }

private:
    net::Task<void> pump_down(std::string first);
    net::Task<void> pump_up(std::string first);
    net::Task<net::WebSocketClose> carry_down();
    net::Task<net::WebSocketClose> carry_up(std::string first);
    net::Task<Status> send_down(boost::asio::const_buffer bytes);
    net::Task<Status> send_up(std::span<char> portion);
    void sample_input();

    net::ByteStream& desktop_;
    net::WebSocket& browser_;
    RelayBuffers& buffers_;
    rfb::ClientFilter filter_;
    RelayHooks hooks_;
    std::chrono::steady_clock::time_point next_report_{};
    net::WebSocketClose why_{1006, ""};
    bool is_ending_ = false;
};

} // namespace berth::gateway
