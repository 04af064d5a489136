// SPDX-License-Identifier: Apache-2.0
#include "net/byte_stream.hpp"

#include "net/io_error.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>

namespace berth::net {
namespace {

namespace asio = boost::asio;

constexpr auto as_pair = asio::as_tuple(asio::use_awaitable);
using IoSignature = void(boost::system::error_code, std::size_t);

auto read_op(ByteStream& stream, MutableBuffers buffers) {
    auto start = [](auto handler, ByteStream* s, MutableBuffers b) {
        s->start_read_some(b, std::move(handler));
    };
    return asio::async_initiate<decltype(as_pair), IoSignature>(start, as_pair, &stream, buffers);
}

auto write_op(ByteStream& stream, ConstBuffers buffers) {
    auto start = [](auto handler, ByteStream* s, ConstBuffers b) {
        s->start_write_some(b, std::move(handler));
    };
    return asio::async_initiate<decltype(as_pair), IoSignature>(start, as_pair, &stream, buffers);
}

auto wait_op(ByteStream& stream) {
    auto start = [](auto handler, ByteStream* s) { s->start_wait_readable(std::move(handler)); };
    return asio::async_initiate<decltype(as_pair), IoSignature>(start, as_pair, &stream);
}

// operation_aborted means either that this coroutine is cancelled or that somebody called close().
void throw_if_cancelled(
    const boost::system::error_code& ec, const asio::cancellation_state& own
) {
    if (ec == asio::error::operation_aborted && own.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error{ec};
}

// Drops the first n bytes of the sequence; yields how many whole buffers are gone.
std::size_t drop_front(std::span<asio::const_buffer> buffers, std::size_t n) {
    std::size_t i = 0;
    while (i < buffers.size() && n >= buffers[i].size()) n -= buffers[i++].size();
    if (i < buffers.size()) buffers[i] += n;
    return i;
}

Task<Status> write_rest(ByteStream& stream, std::span<asio::const_buffer> rest) {
    rest = rest.subspan(drop_front(rest, 0)); // empty ones in front
    while (!rest.empty()) {
        auto [ec, n] = co_await write_op(stream, rest);
        if (ec) {
            throw_if_cancelled(ec, co_await asio::this_coro::cancellation_state);
            co_return translate_io(ec, "write");
        }
        rest = rest.subspan(drop_front(rest, n));
    }
    co_return Status{};
}

} // namespace

Task<Result<std::size_t>> ByteStream::read_some(asio::mutable_buffer buffer) {
    auto [ec, n] = co_await read_op(*this, MutableBuffers{&buffer, 1});
    if (!ec) co_return n;
    if (ec == asio::error::eof) co_return std::size_t{0};
    throw_if_cancelled(ec, co_await asio::this_coro::cancellation_state);
    co_return translate_io(ec, "read");
}

Task<Status> ByteStream::write_all(ConstBuffers buffers) {
    constexpr std::size_t on_stack = 8;
    if (buffers.size() <= on_stack) {
        std::array<asio::const_buffer, on_stack> copy;
        std::copy(buffers.begin(), buffers.end(), copy.begin());
        co_return co_await write_rest(*this, std::span{copy}.first(buffers.size()));
    }
    std::vector<asio::const_buffer> copy{buffers.begin(), buffers.end()};
    co_return co_await write_rest(*this, std::span{copy});
}

Task<Status> ByteStream::write_all(asio::const_buffer buffer) {
    while (buffer.size() != 0) {
        auto [ec, n] = co_await write_op(*this, ConstBuffers{&buffer, 1});
        if (ec) {
            throw_if_cancelled(ec, co_await asio::this_coro::cancellation_state);
            co_return translate_io(ec, "write");
        }
        buffer += n;
    }
    co_return Status{};
}

Task<Status> ByteStream::wait_readable() {
    auto [ec, n] = co_await wait_op(*this);
    if (!ec || ec == asio::error::eof) co_return Status{};
    throw_if_cancelled(ec, co_await asio::this_coro::cancellation_state);
    co_return translate_io(ec, "wait");
}

Task<Status> ByteStream::read_exactly(asio::mutable_buffer buffer) {
    while (buffer.size() != 0) {
        auto got = co_await read_some(buffer);
        if (!got) co_return got.error();
        if (*got == 0) co_return Error{Errc::protocol_violation, "the stream ended early"};
        buffer += *got;
    }
    co_return Status{};
}

} // namespace berth::net
