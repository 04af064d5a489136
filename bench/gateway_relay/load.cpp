// SPDX-License-Identifier: Apache-2.0
#include "bench/gateway_relay/parts.hpp"
#include "net/dialer.hpp"
#include "net/websocket.hpp"
#include "rfb/client_handshake.hpp"
#include "rfb/reader.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <vector>

namespace berth::bench {
namespace {

namespace asio = boost::asio;
using net::Task;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

void must(bool is_good, const std::string& what) {
    if (!is_good) throw std::runtime_error(what);
}

// A WebSocket, or the bare connection, as the same thing.
class Peer {
public:
    explicit Peer(net::ByteStreamPtr stream)
        : stream_{std::move(stream)} {}
    explicit Peer(std::unique_ptr<net::WebSocket> socket)
        : socket_{std::move(socket)} {}

    Task<void> send(std::string_view bytes) {
        const asio::const_buffer whole(bytes.data(), bytes.size());
        const net::ConstBuffers payload{&whole, 1};
        auto status =
            stream_ ? stream_->write_all(whole) : socket_->write(net::FrameKind::binary, payload);
        auto sent = co_await std::move(status);
        must(sent.has_value(), "send");
    }
    Task<std::size_t> read(asio::mutable_buffer into) {
        std::size_t size = 0;
        if (stream_) {
            auto got = co_await stream_->read_some(into);
            must(got && *got > 0, "read");
            size = *got;
        } else {
            auto got = co_await socket_->read_some(into);
            must(got.has_value(), "read");
            size = got->size;
        }
        co_return size;
    }

private:
    net::ByteStreamPtr stream_;
    std::unique_ptr<net::WebSocket> socket_;
};

Task<std::unique_ptr<Peer>> connect(const Load& load) {
    const auto executor = co_await asio::this_coro::executor;
    auto dialer = net::make_tcp_dialer("127.0.0.1", load.port);
    auto stream = co_await dialer->dial(executor, deadline_in(20s));
    must(stream.has_value(), "dial");
    std::unique_ptr<Peer> peer;
    if (load.is_raw) {
        peer = std::make_unique<Peer>(std::move(*stream));
    } else {
        net::HttpHeaders headers;
        headers.emplace_back("Sec-WebSocket-Protocol", "binary, berth.ticket.bench");
        auto socket = co_await net::connect_websocket(
            std::move(*stream), "127.0.0.1", load.target, std::move(headers), deadline_in(20s)
        );
        must(socket.has_value(), "websocket");
        peer = std::make_unique<Peer>(std::move(*socket));
    }
    rfb::ClientHandshake handshake{Secret{secret}, rfb::Proof::waived};
    std::vector<char> in(4096);
    while (!handshake.is_done()) {
        const auto got = co_await peer->read(asio::buffer(in));
        must(handshake.feed({in.data(), got}).has_value(), "handshake");
        const auto answer = handshake.take_output();
        if (!answer.empty()) co_await peer->send(answer);
    }
    co_return peer;
}

std::string request(bool is_small, int mib) {
    std::string bytes;
    rfb::append_u8(bytes, 3);
    rfb::append_u8(bytes, is_small ? 1 : 0);
    rfb::append_u32(bytes, 0);
    rfb::append_u16(bytes, static_cast<std::uint16_t>(mib));
    rfb::append_u16(bytes, 0);
    return bytes;
}

Task<void> take(Peer& peer, std::size_t size, std::vector<char>& buffer) {
    while (size > 0)
        size -= std::min(size, co_await peer.read(asio::buffer(buffer)));
}

Task<void> exchange(Peer& peer, int count, std::vector<double>& micros) {
    const auto ask = request(true, 0);
    std::vector<char> buffer(4096);
    for (int i = 0; i < count; ++i) {
        const auto begin = Clock::now();
        co_await peer.send(ask);
        co_await take(peer, small_answer, buffer);
        micros.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    }
}

Task<void> open_all(const Load& load, std::vector<std::unique_ptr<Peer>>& peers) {
    for (int i = 0; i < load.viewers; ++i) {
        auto peer = co_await connect(load);
        peers.push_back(std::move(peer));
    }
}

Task<void> bulk(Peer& peer, int mib) {
    const auto ask = request(false, mib);
    std::vector<char> buffer(256 * 1024);
    co_await peer.send(ask);
    co_await take(peer, std::size_t(mib) << 20, buffer);
}

void on_end(const std::exception_ptr& failure) {
    if (failure) std::rethrow_exception(failure);
}

void print_exchanges(std::vector<double> micros, double seconds) {
    std::ranges::sort(micros);
    const auto at = [&](double part) {
        return micros[static_cast<std::size_t>(part * static_cast<double>(micros.size() - 1))];
    };
    std::printf(
        "{\"exchanges\": %zu, \"seconds\": %.3f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
        micros.size(),
        seconds,
        at(0.5),
        at(0.99)
    );
}

} // namespace

int run_load(const Load& load) try {
    asio::io_context context{1};
    std::vector<std::unique_ptr<Peer>> peers;
    bool is_open = false;
    asio::co_spawn(context, open_all(load, peers), [&](const std::exception_ptr& failure) {
        on_end(failure);
        is_open = true;
    });
    // The WebSockets' keep-alive timers keep the context busy: not until it runs out of work.
    while (!is_open)
        context.run_one();
    if (load.is_idle) {
        std::puts("ready");
        std::fflush(stdout);
        return std::getchar() == EOF ? 0 : 0;
    }
    context.restart(); // bare connections have no timers: it ran out of work
    int running = 0;
    const auto ended = [&](const std::exception_ptr& failure) {
        on_end(failure);
        --running;
    };
    const auto begin = Clock::now();
    std::vector<double> micros;
    for (auto& peer : peers) {
        ++running;
        if (load.bulk_mib > 0)
            asio::co_spawn(context, bulk(*peer, load.bulk_mib), ended);
        else
            asio::co_spawn(context, exchange(*peer, load.exchanges, micros), ended);
    }
    while (running > 0)
        context.run_one();
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    if (load.bulk_mib == 0)
        print_exchanges(std::move(micros), seconds);
    else
        std::printf("{\"mib\": %d, \"seconds\": %.4f}\n", load.bulk_mib * load.viewers, seconds);
    std::fflush(stdout);
    std::quick_exit(0);
} catch (const std::exception& failure) {
    std::fprintf(stderr, "load: %s\n", failure.what());
    return 1;
}

} // namespace berth::bench
