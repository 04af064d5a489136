// SPDX-License-Identifier: Apache-2.0
#include "gateway/splice.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>

namespace berth::gateway {
namespace {

namespace asio = boost::asio;
using net::Task;

// False: one of the streams failed.
Task<bool> carry(
    net::ByteStream& from, net::ByteStream& to, BufferPool& buffers, const Onlooker* onlooker
) {
    for (;;) {
        auto ready = co_await from.wait_readable();
        if (!ready) co_return false;
        BufferPool::Buffer buffer{buffers};
        auto received = co_await from.read_some(buffer.whole());
        if (!received) co_return false;
        if (*received == 0) co_return true;
        if (onlooker) (*onlooker)({buffer.data(), *received});
        auto sent = co_await to.write_all(asio::const_buffer(buffer.data(), *received));
        if (!sent) co_return false;
    }
}

Task<void> pump(
    net::ByteStream& from, net::ByteStream& to, BufferPool& buffers, const Onlooker* onlooker
) {
    const bool is_clean = co_await carry(from, to, buffers, onlooker);
    if (is_clean) {
        to.shutdown_write();
        co_return;
    }
    from.close();
    to.close();
}

} // namespace

Task<void>
splice(net::ByteStream& a, net::ByteStream& b, BufferPool& buffers, const Onlooker& from_a) {
    auto group = asio::experimental::make_parallel_group(
        asio::co_spawn(a.executor(), pump(a, b, buffers, &from_a), asio::deferred),
        asio::co_spawn(a.executor(), pump(b, a, buffers, nullptr), asio::deferred)
    );
    auto [order, first, second] =
        co_await group.async_wait(asio::experimental::wait_for_one_error(), asio::use_awaitable);
    a.close();
    b.close();
    if (first) std::rethrow_exception(first);
    if (second) std::rethrow_exception(second);
}

} // namespace berth::gateway
