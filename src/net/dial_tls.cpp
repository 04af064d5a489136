// SPDX-License-Identifier: Apache-2.0
#include "net/deadline.hpp"
#include "net/dial_tcp.hpp"
#include "net/few_buffers.hpp"
#include "net/io_error.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <openssl/ssl.h>

namespace berth::net {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using TlsSocket = ssl::stream<StreamSocket>;

class TlsStream final : public ByteStream {
public:
    explicit TlsStream(TlsSocket socket)
        : socket_{std::move(socket)}
        , executor_{socket_.get_executor()} {}

    const Executor& executor() const noexcept override { return executor_; }

    void start_read_some(MutableBuffers buffers, IoHandler handler) override {
        if (has_stash_ && asio::buffer_size(buffers) != 0) {
            asio::buffer_copy(buffers, asio::buffer(&stash_, 1));
            has_stash_ = false;
            return complete(std::move(handler), 1);
        }
        socket_.async_read_some(FewBuffers<asio::mutable_buffer>{buffers}, std::move(handler));
    }

    void start_write_some(ConstBuffers buffers, IoHandler handler) override {
        socket_.async_write_some(FewBuffers<asio::const_buffer>{buffers}, std::move(handler));
    }

    // Decrypted bytes may lie in memory while the socket is silent, so we read one and keep it.
    void start_wait_readable(IoHandler handler) override {
        if (has_stash_) return complete(std::move(handler), 0);
        auto slot = asio::get_associated_cancellation_slot(handler);
        auto keep = [this, handler = std::move(handler)](error_code ec, std::size_t n) mutable {
            // An aborted wait may run after the stream is gone.
            if (ec != asio::error::operation_aborted) has_stash_ = n == 1;
            std::move(handler)(ec, std::size_t{0});
        };
        socket_.async_read_some(
            asio::buffer(&stash_, 1), asio::bind_cancellation_slot(slot, std::move(keep))
        );
    }

    // TLS has a half-close (close_notify), but OpenSSL's waits for the other side's; our peers
    // (the Engine) accept the end of the whole connection instead.
    void shutdown_write() noexcept override {}

    void close() noexcept override {
        error_code ignored;
        socket_.next_layer().close(ignored);
    }

    std::string peer() const override { return peer_of(socket_.next_layer()); }

private:
    void complete(IoHandler handler, std::size_t n) {
        // Through our executor first: never inside the call that started it.
        auto done = [handler = std::move(handler), n]() mutable {
            asio::dispatch(asio::append(std::move(handler), error_code{}, n));
        };
        asio::post(executor_, std::move(done));
    }

    TlsSocket socket_;
    Executor executor_;
    char stash_ = 0;
    bool has_stash_ = false;
};

Result<ssl::context> load(const TlsFiles& files) {
    ssl::context context{ssl::context::tls_client};
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    context.set_verify_mode(ssl::verify_peer);
    error_code ec;
    if (files.ca.empty()) context.set_default_verify_paths(ec);
    else context.load_verify_file(files.ca, ec);
    if (ec) return Error{Errc::host_unreachable, "CA file " + files.ca + ": " + ec.message()};
    if (!files.cert.empty()) {
        context.use_certificate_chain_file(files.cert, ec);
        if (ec) return Error{Errc::host_unreachable, "certificate " + files.cert + ": " + ec.message()};
        context.use_private_key_file(files.key, ssl::context::pem, ec);
        if (ec) return Error{Errc::host_unreachable, "key " + files.key + ": " + ec.message()};
    }
    return context;
}

Task<Status> shake_hands(TlsSocket& socket) {
    auto [ec] = co_await socket.async_handshake(
        ssl::stream_base::client, asio::as_tuple(asio::use_awaitable)
    );
    if (!ec) co_return Status{};
    auto own = co_await asio::this_coro::cancellation_state;
    if (own.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error{asio::error::operation_aborted};
    co_return translate_io(ec, "TLS handshake");
}

class TlsDialer final : public Dialer {
public:
    TlsDialer(std::string host, std::uint16_t port, TlsFiles files)
        : host_{std::move(host)}
        , port_{port}
        , files_{std::move(files)} {}

    std::string describe() const override {
        bool is_ipv6 = host_.find(':') != std::string::npos;
        return "tls://" + (is_ipv6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
    }

    Task<Result<ByteStreamPtr>> dial(Executor executor, Deadline deadline) override {
        auto stream = co_await dial_tls(executor, deadline);
        if (!stream) co_return Error{stream.error()}.with_context(describe());
        co_return stream;
    }

private:
    Task<Result<ByteStreamPtr>> dial_tls(Executor executor, Deadline deadline) {
        auto context = load(files_); // each time: certificates are renewed while we run
        if (!context) co_return context.error();
        auto tcp = co_await connect_tcp(executor, host_, port_, deadline);
        if (!tcp) co_return tcp.error();
        make_prompt(*tcp);
        TlsSocket socket{std::move(*tcp), *context};
        error_code not_a_name;
        asio::ip::make_address(host_, not_a_name);
        // SNI carries names only (RFC 6066 3).
        if (not_a_name) {
            // What SSL_set_tlsext_host_name stands for, without its old-style cast.
            SSL_ctrl(
                socket.native_handle(),
                SSL_CTRL_SET_TLSEXT_HOSTNAME,
                TLSEXT_NAMETYPE_host_name,
                host_.data()
            );
        }
        if (files_.verify_host) socket.set_verify_callback(ssl::host_name_verification{host_});
        auto shaking = shake_hands(socket);
        auto shaken = co_await with_deadline(std::move(shaking), deadline);
        if (!shaken) co_return shaken.error();
        co_return std::make_unique<TlsStream>(std::move(socket));
    }

    std::string host_;
    std::uint16_t port_;
    TlsFiles files_;
};

} // namespace

std::unique_ptr<Dialer> make_tls_dialer(std::string host, std::uint16_t port, TlsFiles files) {
    return std::make_unique<TlsDialer>(std::move(host), port, std::move(files));
}

} // namespace berth::net
