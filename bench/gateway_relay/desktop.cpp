// SPDX-License-Identifier: Apache-2.0
#include "bench/gateway_relay/parts.hpp"
#include "net/byte_stream.hpp"
#include "rfb/des_auth.hpp"
#include "rfb/messages.hpp"
#include "rfb/reader.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>

namespace berth::bench {
namespace {

namespace asio = boost::asio;
using net::Task;
using tcp = asio::ip::tcp;

const std::string pixels(256 * 1024, 'p');

Task<Status> send(net::ByteStream& stream, std::string_view bytes) {
    co_return co_await stream.write_all(asio::const_buffer(bytes.data(), bytes.size()));
}

Task<Status> greet(net::ByteStream& stream) {
    std::array<char, 16> in{};
    static_cast<void>(co_await send(stream, "RFB 003.008\n"));
    static_cast<void>(co_await stream.read_exactly(asio::buffer(in, 12)));
    static_cast<void>(co_await send(stream, "\x01\x02"));
    static_cast<void>(co_await stream.read_exactly(asio::buffer(in, 1)));
    static_cast<void>(co_await send(stream, "0123456789abcdef"));
    static_cast<void>(co_await stream.read_exactly(asio::buffer(in)));
    std::string answer;
    rfb::append_u32(answer, 0);
    static_cast<void>(co_await send(stream, answer));
    static_cast<void>(co_await stream.read_exactly(asio::buffer(in, 1)));
    rfb::ServerInit init;
    init.width = init.height = 64;
    init.pixel_format = {0x20, 0x18, 0, 1};
    const auto bytes = rfb::encode(init);
    co_return co_await send(stream, bytes);
}

Task<void> serve(net::ByteStreamPtr stream) {
    auto status = co_await greet(*stream);
    std::array<char, request_size> request{};
    while (status) {
        status = co_await stream->read_exactly(asio::buffer(request));
        if (!status) break;
        rfb::Reader reader{{request.data(), request.size()}};
        reader.take(1);
        const bool is_small = reader.u8() == 1;
        reader.take(4);
        std::size_t left = is_small ? small_answer : std::size_t{reader.u16()} << 20;
        while (status && left > 0) {
            const auto part = std::min(left, pixels.size());
            status = co_await send(*stream, std::string_view{pixels}.substr(0, part));
            left -= part;
        }
    }
}

Task<void> accept_all(tcp::acceptor& acceptor) {
    for (;;) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        auto stream = net::adopt_descriptor(acceptor.get_executor(), socket.release());
        if (!stream) continue;
        asio::co_spawn(acceptor.get_executor(), serve(std::move(*stream)), [](std::exception_ptr) {
        });
    }
}

} // namespace

int run_desktop(std::uint16_t port) {
    asio::io_context context{1};
    tcp::acceptor acceptor{context, tcp::endpoint{asio::ip::address_v4::loopback(), port}};
    acceptor.listen(4096);
    asio::co_spawn(context, accept_all(acceptor), [](std::exception_ptr) {});
    context.run();
    return 0;
}

} // namespace berth::bench
