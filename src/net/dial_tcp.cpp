// SPDX-License-Identifier: Apache-2.0
#include "net/dial_tcp.hpp"

#include "net/deadline.hpp"
#include "net/io_error.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <tuple>

namespace berth::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// getaddrinfo cannot be interrupted and Asio 1.81 gives its operation no cancellation. So we wait
// for a timer instead; the lookup keeps this alive and ends when it ends.
struct Lookup {
    explicit Lookup(const Executor& executor)
        : resolver{executor}
        , is_done{executor, asio::steady_timer::time_point::max()} {}

    tcp::resolver resolver;
    asio::steady_timer is_done;
    bool has_ended = false;
    error_code ec;
    TcpAddresses endpoints;
};

Task<Result<TcpAddresses>> resolve(std::string host, std::uint16_t port) {
    TcpAddresses found;
    error_code ec;
    auto address = asio::ip::make_address(host, ec);
    if (!ec) {
        found.emplace_back(address, port);
        co_return found;
    }
    auto lookup = std::make_shared<Lookup>(co_await asio::this_coro::executor);
    auto on_end = [lookup, port](error_code code, const tcp::resolver::results_type& results) {
        lookup->has_ended = true;
        lookup->ec = code;
        for (const auto& entry : results)
            lookup->endpoints.emplace_back(entry.endpoint().address(), port);
        lookup->is_done.cancel();
    };
    lookup->resolver.async_resolve(host, "", std::move(on_end));
    while (!lookup->has_ended) {
        std::ignore = co_await lookup->is_done.async_wait(asio::as_tuple(asio::use_awaitable));
        auto own = co_await asio::this_coro::cancellation_state;
        if (own.cancelled() != asio::cancellation_type::none)
            throw boost::system::system_error{asio::error::operation_aborted};
    }
    if (lookup->ec) co_return translate_io(lookup->ec, "resolve " + host);
    co_return std::move(lookup->endpoints);
}

Task<Status> connect_one(StreamSocket& socket, const tcp::endpoint& to) {
    auto [ec] = co_await socket.async_connect(to, asio::as_tuple(asio::use_awaitable));
    if (!ec) co_return Status{};
    auto own = co_await asio::this_coro::cancellation_state;
    if (own.cancelled() != asio::cancellation_type::none) throw boost::system::system_error{ec};
    co_return translate_io(ec, "connect to " + to.address().to_string());
}

Deadline share_of(Deadline deadline, std::size_t attempts_left) {
    auto now = std::chrono::steady_clock::now();
    if (deadline == Deadline::max() || attempts_left < 2) return deadline;
    return now + (deadline - now) / static_cast<int>(attempts_left);
}

class TcpDialer final : public Dialer {
public:
    TcpDialer(std::string host, std::uint16_t port)
        : host_{std::move(host)}
        , port_{port} {}

    std::string describe() const override {
        bool is_ipv6 = host_.find(':') != std::string::npos;
        return "tcp://" + (is_ipv6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
    }

    Task<Result<ByteStreamPtr>> dial(Executor executor, Deadline deadline) override {
        auto socket = co_await connect_tcp(executor, host_, port_, deadline);
        if (!socket) co_return Error{socket.error()}.with_context(describe());
        co_return make_socket_stream(std::move(*socket));
    }

private:
    std::string host_;
    std::uint16_t port_;
};

} // namespace

Task<Result<TcpAddresses>> resolve_tcp(std::string host, std::uint16_t port, Deadline deadline) {
    auto resolving = resolve(std::move(host), port);
    auto addresses = co_await with_deadline(std::move(resolving), deadline);
    if (addresses && addresses->empty())
        co_return Error{Errc::host_unreachable, "the name has no address"};
    co_return addresses;
}

Task<Result<StreamSocket>>
connect_tcp(Executor executor, TcpAddresses addresses, Deadline deadline) {
    Error last{Errc::host_unreachable, "there is no address to connect to"};
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        StreamSocket socket{executor};
        auto connecting = connect_one(socket, addresses[i]);
        auto until = share_of(deadline, addresses.size() - i);
        auto connected = co_await with_deadline(std::move(connecting), until);
        if (connected) co_return socket;
        last = connected.error();
    }
    co_return last;
}

Task<Result<StreamSocket>>
connect_tcp(Executor executor, std::string host, std::uint16_t port, Deadline deadline) {
    auto addresses = co_await resolve_tcp(std::move(host), port, deadline);
    if (!addresses) co_return addresses.error();
    co_return co_await connect_tcp(std::move(executor), std::move(*addresses), deadline);
}

std::unique_ptr<Dialer> make_tcp_dialer(std::string host, std::uint16_t port) {
    return std::make_unique<TcpDialer>(std::move(host), port);
}

} // namespace berth::net
