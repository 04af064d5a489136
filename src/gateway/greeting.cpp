// SPDX-License-Identifier: Apache-2.0
#include "gateway/greeting.hpp"

#include "net/deadline.hpp"
#include "rfb/client_handshake.hpp"
#include "rfb/server_handshake.hpp"

#include <array>

namespace berth::gateway {
namespace {

namespace asio = boost::asio;
using net::Task;

constexpr std::size_t portion = 1024;

Task<Result<Greeted>> talk_to_desktop(net::ByteStream& desktop, const Secret& secret) {
    rfb::ClientHandshake handshake{secret};
    std::array<char, portion> buffer{};
    while (!handshake.is_done()) {
        auto received = co_await desktop.read_some(asio::buffer(buffer));
        if (!received) co_return received.error();
        if (*received == 0)
            co_return Error{
                Errc::not_ready,
                "the desktop closed the connection, " + std::string{handshake.waiting_for()}};
        auto status = handshake.feed({buffer.data(), *received});
        if (!status) co_return status.error();
        const auto answer = handshake.take_output();
        if (answer.empty()) continue;
        auto sent = co_await desktop.write_all(asio::buffer(answer));
        if (!sent) co_return sent.error();
    }
    Greeted greeted;
    greeted.init = handshake.server_init();
    greeted.rest = handshake.take_rest();
    co_return greeted;
}

Task<Status> send(net::WebSocket& browser, std::string bytes) {
    if (bytes.empty()) co_return Status{};
    const asio::const_buffer whole = asio::buffer(bytes);
    const net::ConstBuffers payload{&whole, 1};
    co_return co_await browser.write(net::FrameKind::binary, payload);
}

Task<Result<std::string>> talk_to_browser(net::WebSocket& browser, const rfb::ServerInit& init) {
    rfb::ServerHandshake handshake{init};
    std::array<char, portion> buffer{};
    for (;;) {
        auto sent = co_await send(browser, handshake.take_output());
        if (!sent) co_return sent.error();
        if (handshake.is_done()) co_return handshake.take_rest();
        auto chunk = co_await browser.read_some(asio::buffer(buffer));
        if (!chunk) co_return chunk.error();
        if (chunk->kind != net::FrameKind::binary)
            co_return Error{Errc::protocol_violation, "the browser sent text"};
        auto status = handshake.feed({buffer.data(), chunk->size});
        if (status) continue;
        // Holds the reason; the tunnel ends whether or not it arrives.
        static_cast<void>(co_await send(browser, handshake.take_output()));
        co_return status.error();
    }
}

} // namespace

Task<Result<Greeted>>
greet_desktop(net::ByteStream& desktop, const Secret& secret, Deadline deadline) {
    auto talk = talk_to_desktop(desktop, secret);
    co_return co_await net::with_deadline(std::move(talk), deadline);
}

Task<Result<std::string>>
greet_browser(net::WebSocket& browser, const rfb::ServerInit& init, Deadline deadline) {
    auto talk = talk_to_browser(browser, init);
    co_return co_await net::with_deadline(std::move(talk), deadline);
}

} // namespace berth::gateway
