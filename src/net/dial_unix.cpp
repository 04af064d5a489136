// SPDX-License-Identifier: Apache-2.0
#include "net/deadline.hpp"
#include "net/dialer.hpp"
#include "net/io_error.hpp"
#include "net/socket_stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <cerrno>

#include <sys/socket.h>
#include <sys/un.h>

namespace berth::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// A connect to a unix socket never is "in progress": it succeeds, fails, or says "again" when the
// listener's queue is full, and then nothing announces a free place. So: ask again soon.
constexpr Milliseconds full_queue_pause{5};

Task<Status> connect_unix(StreamSocket& socket, asio::local::stream_protocol::endpoint to) {
    error_code ec;
    socket.open(asio::generic::stream_protocol{AF_UNIX, 0}, ec);
    if (!ec) socket.native_non_blocking(true, ec);
    if (ec) co_return translate_io(ec, "socket");
    while (::connect(socket.native_handle(), to.data(), static_cast<socklen_t>(to.size())) != 0) {
        auto code = errno;
        if (code != EAGAIN && code != EINTR) {
            ec.assign(code, boost::system::system_category());
            co_return translate_io(ec, "connect");
        }
        co_await sleep_for(full_queue_pause);
    }
    co_return Status{};
}

class UnixDialer final : public Dialer {
public:
    explicit UnixDialer(std::string path)
        : path_{std::move(path)} {}

    std::string describe() const override { return "unix://" + path_; }

    Task<Result<ByteStreamPtr>> dial(Executor executor, Deadline deadline) override {
        constexpr auto longest = sizeof(sockaddr_un::sun_path) - 1;
        if (path_.size() > longest)
            co_return Error{Errc::host_unreachable, describe() + ": the path is too long"};
        StreamSocket socket{executor};
        auto connecting = connect_unix(socket, asio::local::stream_protocol::endpoint{path_});
        auto connected = co_await with_deadline(std::move(connecting), deadline);
        if (!connected) co_return Error{connected.error()}.with_context(describe());
        co_return make_socket_stream(std::move(socket));
    }

private:
    std::string path_;
};

} // namespace

std::unique_ptr<Dialer> make_unix_dialer(std::string path) {
    return std::make_unique<UnixDialer>(std::move(path));
}

} // namespace berth::net
