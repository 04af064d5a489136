// SPDX-License-Identifier: Apache-2.0
#include "http/body_stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <charconv>

namespace berth::http {
namespace {

namespace asio = boost::asio;

// Pipelined requests behind a stream are not served: the connection ends with the stream.
constexpr std::size_t ignored_input = 16 * 1024;

net::Task<void> until_client_leaves(net::ByteStream& stream) {
    std::array<char, 512> scratch;
    std::size_t seen = 0;
    while (seen < ignored_input) {
        // Waiting first keeps the buffer out of the kernel's hands while nothing happens.
        const auto readable = co_await stream.wait_readable();
        if (!readable) co_return;
        const auto got = co_await stream.read_some(asio::buffer(scratch));
        if (!got || *got == 0) co_return;
        seen += *got;
    }
}

net::Task<void> produce(Producer& producer, BodyWriter& body) { co_await producer(body); }

} // namespace

net::Task<Status> BodyStream::write(std::string_view text) {
    // An empty chunk would end the body.
    if (text.empty()) co_return Status{};
    std::array<asio::const_buffer, 3> pieces;
    char size_line[20];
    if (!is_chunked_) {
        pieces[0] = asio::const_buffer{text.data(), text.size()};
        co_return co_await send(net::ConstBuffers{pieces.data(), 1});
    }
    auto* end = std::to_chars(size_line, size_line + 16, text.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    pieces[0] = asio::const_buffer{size_line, static_cast<std::size_t>(end - size_line)};
    pieces[1] = asio::const_buffer{text.data(), text.size()};
    pieces[2] = asio::const_buffer{"\r\n", 2};
    co_return co_await send(pieces);
}

net::Task<Status> BodyStream::finish() {
    if (!is_chunked_) co_return Status{};
    const std::array pieces{asio::const_buffer{"0\r\n\r\n", 5}};
    co_return co_await send(pieces);
}

net::Task<Status> BodyStream::send(net::ConstBuffers pieces) {
    if (is_gone_) co_return Error{Errc::ended, "the client is gone"};
    watch_.enter(Phase::writing, deadline_in(write_stall_));
    const auto written = co_await stream_.write_all(pieces);
    watch_.enter(Phase::streaming);
    if (written) co_return Status{};
    is_gone_ = true;
    co_return Error{Errc::ended, "the client is gone"};
}

net::Task<ProducerEnd> run_producer(net::ByteStream& stream, BodyWriter& body, Producer producer) {
    const auto executor = co_await asio::this_coro::executor;
    auto producing = asio::co_spawn(executor, produce(producer, body), asio::deferred);
    auto watching = asio::co_spawn(executor, until_client_leaves(stream), asio::deferred);
    auto both = asio::experimental::make_parallel_group(std::move(producing), std::move(watching))
                    .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const auto [order, failure, watch_failure] = co_await std::move(both);
    const bool is_produced = order[0] == 0;
    if (is_produced && failure) std::rethrow_exception(failure);
    co_return is_produced ? ProducerEnd::finished : ProducerEnd::client_left;
}

} // namespace berth::http
