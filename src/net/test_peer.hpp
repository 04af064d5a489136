// SPDX-License-Identifier: Apache-2.0
#pragma once
// The other side in net's tests: a listener on a free loopback port with a script per connection.

#include "net/byte_stream.hpp"
#include "net/socket_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <string>
#include <string_view>

namespace berth::net {

class TestPeer {
public:
    // `number` counts the connections from 0. A plain function: it has nothing to dangle.
    using Script = Task<void> (*)(ByteStreamPtr stream, int number);

    TestPeer(boost::asio::io_context& context, Script script)
        : context_{context}
        , acceptor_{context, {boost::asio::ip::make_address("127.0.0.1"), 0}}
        , script_{script} {
        boost::asio::co_spawn(context, accept_all(this), [](const std::exception_ptr&) {});
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    int accepted() const { return accepted_; }

private:
    static Task<void> accept_all(TestPeer* self) {
        while (true) {
            auto socket = co_await self->acceptor_.async_accept(boost::asio::use_awaitable);
            auto stream = make_socket_stream(std::move(socket));
            auto task = self->script_(std::move(stream), self->accepted_++);
            boost::asio::co_spawn(self->context_, std::move(task), [](const std::exception_ptr&) {});
        }
    }

    boost::asio::io_context& context_;
    boost::asio::ip::tcp::acceptor acceptor_;
    Script script_;
    int accepted_ = 0;
};

// Bytes up to and including the mark, and whatever came with it; empty when the stream ended first.
inline Task<std::string> read_until(ByteStream& stream, std::string mark) {
    std::string got;
    char piece[4096];
    while (got.find(mark) == std::string::npos) {
        auto n = co_await stream.read_some(boost::asio::buffer(piece));
        if (!n || *n == 0) co_return std::string{};
        got.append(piece, *n);
    }
    co_return got;
}

inline Task<void> send_text(ByteStream& stream, std::string text) {
    auto sent = co_await stream.write_all(boost::asio::buffer(text));
    static_cast<void>(sent); // the test looks at the other side
}

// Until the other side closes.
inline Task<void> drain(ByteStream& stream) {
    char piece[4096];
    while (true) {
        auto n = co_await stream.read_some(boost::asio::buffer(piece));
        if (!n || *n == 0) break;
    }
}

} // namespace berth::net
