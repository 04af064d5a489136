// SPDX-License-Identifier: Apache-2.0
#include "net/socket_stream.hpp"

#include "net/few_buffers.hpp"
#include "net/io_error.hpp"

#include <boost/asio/associator.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace berth::net {
namespace {

// Adds the length that a wait does not report.
struct Waited {
    void operator()(boost::system::error_code ec) { std::move(handler)(ec, std::size_t{0}); }
    IoHandler handler;
};

} // namespace
} // namespace berth::net

// Executor, allocator and cancellation slot are those of the handler inside.
template <template <class, class> class Associator, class Default>
struct boost::asio::associator<Associator, berth::net::Waited, Default>
    : Associator<berth::net::IoHandler, Default> {
    static typename Associator<berth::net::IoHandler, Default>::type
    get(const berth::net::Waited& waited, const Default& fallback = Default()) noexcept {
        return Associator<berth::net::IoHandler, Default>::get(waited.handler, fallback);
    }
};

namespace berth::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

class SocketStream final : public ByteStream {
public:
    explicit SocketStream(StreamSocket socket)
        : socket_{std::move(socket)}
        , executor_{socket_.get_executor()} {}

    const Executor& executor() const noexcept override { return executor_; }

    // Asio knows recv and send for one buffer, recvmsg and sendmsg for several.
    void start_read_some(MutableBuffers buffers, IoHandler handler) override {
        if (buffers.size() == 1) return socket_.async_read_some(buffers[0], std::move(handler));
        socket_.async_read_some(FewBuffers<asio::mutable_buffer>{buffers}, std::move(handler));
    }

    void start_write_some(ConstBuffers buffers, IoHandler handler) override {
        if (buffers.size() == 1) return socket_.async_write_some(buffers[0], std::move(handler));
        socket_.async_write_some(FewBuffers<asio::const_buffer>{buffers}, std::move(handler));
    }

    void start_wait_readable(IoHandler handler) override {
        socket_.async_wait(StreamSocket::wait_read, Waited{std::move(handler)});
    }

    void shutdown_write() noexcept override {
        error_code ignored;
        socket_.shutdown(StreamSocket::shutdown_send, ignored);
    }

    void close() noexcept override {
        error_code ignored;
        socket_.close(ignored);
    }

    std::string peer() const override { return peer_of(socket_); }

    bool is_stale() const noexcept override {
        char byte = 0;
        auto descriptor = const_cast<StreamSocket&>(socket_).native_handle();
        auto n = ::recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        return n >= 0 || (errno != EAGAIN && errno != EINTR);
    }

    int release_descriptor() noexcept override {
        try {
            error_code ec;
            auto descriptor = socket_.release(ec);
            return ec ? -1 : descriptor;
        } catch (...) {
            return -1;
        }
    }

private:
    StreamSocket socket_;
    Executor executor_;
};

} // namespace

std::string peer_of(const StreamSocket& socket) {
    error_code ec;
    auto generic = socket.remote_endpoint(ec);
    if (ec) return "unknown";
    auto family = generic.protocol().family();
    if (family == AF_UNIX) return "unix";
    if (family != AF_INET && family != AF_INET6) return "unknown";
    asio::ip::tcp::endpoint endpoint;
    endpoint.resize(generic.size());
    std::memcpy(endpoint.data(), generic.data(), generic.size());
    return endpoint.address().to_string();
}

void make_prompt(StreamSocket& socket) {
    error_code ignored;
    int on = 1;
    // Refused on a unix socket, which has nothing to delay.
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    socket.native_non_blocking(true, ignored);
}

ByteStreamPtr make_socket_stream(StreamSocket socket) {
    make_prompt(socket);
    return std::make_unique<SocketStream>(std::move(socket));
}

Result<ByteStreamPtr> adopt_descriptor(Executor executor, int descriptor) {
    int family = 0;
    socklen_t size = sizeof family;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0)
        return Error{Errc::internal, "adopt: not a socket"};
    StreamSocket socket{executor};
    error_code ec;
    int protocol = family == AF_UNIX ? 0 : IPPROTO_TCP;
    socket.assign(asio::generic::stream_protocol{family, protocol}, descriptor, ec);
    if (ec) return translate_io(ec, "adopt");
    return make_socket_stream(std::move(socket));
}

} // namespace berth::net
