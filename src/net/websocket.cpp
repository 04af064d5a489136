// SPDX-License-Identifier: Apache-2.0
#include "net/websocket.hpp"

#include "net/deadline.hpp"
#include "net/io_error.hpp"
#include "net/stream_adapter.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace berth::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr auto as_pair = asio::as_tuple(asio::use_awaitable);
// How long the peer may take to answer our close frame.
constexpr Seconds close_patience{2};
// Input events of a desktop (pointer 6 bytes, key 8) arrive whole while nobody holds a buffer.
constexpr std::size_t stash_size = 32;

// The stream and its keep-alive. Shared: a timer or ping that has ended may find its owner gone.
struct Socket : std::enable_shared_from_this<Socket> {
    explicit Socket(ByteStreamPtr stream)
        : executor{stream->executor()}
        , ws{std::move(stream)}
        , timer{executor} {
        ws.auto_fragment(false);
        ws.read_message_max(limits::websocket_message);
    }

    void start_keep_alive() {
        ws.control_callback([this](websocket::frame_type kind, beast::string_view payload) {
            last_heard = std::chrono::steady_clock::now();
            if (kind == websocket::frame_type::pong) measure(payload);
        });
        last_heard = std::chrono::steady_clock::now();
        arm();
    }

    void arm() {
        timer.expires_after(ping_every);
        timer.async_wait([weak = weak_from_this()](error_code ec) {
            auto self = weak.lock();
            if (!ec && self) self->tick();
        });
    }

    // Silence counts only while somebody reads: pongs that nobody fetches are not the peer's fault.
    void tick() {
        if (!ws.is_open()) return;
        auto now = std::chrono::steady_clock::now();
        if (!is_reading) last_heard = now;
        if (now - last_heard >= dead_after) {
            closed_by = WebSocketClose{1006, "no answer to pings"};
            ws.next_layer().stream().close();
            return;
        }
        if (!is_pinging) ping(now);
        arm();
    }

    // The payload is the time of sending, so that any pong tells its own round trip.
    void ping(SteadyTime now) {
        websocket::ping_data payload;
        auto stamp = now.time_since_epoch().count();
        payload.append(reinterpret_cast<const char*>(&stamp), sizeof stamp);
        is_pinging = true;
        ws.async_ping(payload, [weak = weak_from_this()](error_code) {
            if (auto self = weak.lock()) self->is_pinging = false;
        });
    }

    void measure(beast::string_view payload) {
        SteadyTime::rep stamp = 0;
        if (payload.size() != sizeof stamp) return;
        std::memcpy(&stamp, payload.data(), sizeof stamp);
        SteadyTime sent{SteadyTime::duration{stamp}};
        // The payload comes from outside: a time that cannot be is no measurement.
        if (sent > last_heard || last_heard - sent > dead_after) return;
        round_trip = std::chrono::duration_cast<std::chrono::microseconds>(last_heard - sent);
    }

    Executor executor;
    websocket::stream<StreamAdapter, false> ws;
    asio::steady_timer timer;
    SteadyTime last_heard{};
    Milliseconds ping_every = limits::websocket_ping;
    Milliseconds dead_after = limits::websocket_dead;
    std::chrono::microseconds round_trip{0};
    WebSocketClose closed_by;
    bool is_reading = false;
    bool is_pinging = false;
};

void throw_if_cancelled(const error_code& ec, const asio::cancellation_state& own) {
    if (ec == asio::error::operation_aborted && own.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error{ec};
}

// Codes that are names for situations, not for the wire (RFC 6455 7.4.1), are not sent.
websocket::close_reason to_wire(const WebSocketClose& why) {
    websocket::close_reason reason;
    bool is_sendable = why.code >= 1000 && why.code < 5000 && why.code != 1004 && why.code != 1005
        && why.code != 1006 && why.code != 1015;
    if (!is_sendable) return reason;
    reason.code = why.code;
    auto size = std::min(why.reason.size(), reason.reason.max_size());
    // Not in the middle of a UTF-8 sequence.
    while (size < why.reason.size() && size > 0 && (why.reason[size] & '\xC0') == '\x80') --size;
    reason.reason.assign(why.reason.data(), size);
    return reason;
}

class BeastWebSocket final : public WebSocket {
public:
    explicit BeastWebSocket(std::shared_ptr<Socket> socket)
        : socket_{std::move(socket)} {
        socket_->start_keep_alive();
    }

    ~BeastWebSocket() override { BeastWebSocket::abort(); }

    const Executor& executor() const noexcept override { return socket_->executor; }

    Task<Result<WebSocketChunk>> read_some(asio::mutable_buffer buffer) override {
        if (stashed_ != 0 || is_end_stashed_) co_return unstash(buffer);
        auto socket = socket_;
        auto [ec, n] = co_await begin_read(*socket, buffer);
        socket->is_reading = false;
        if (ec) {
            throw_if_cancelled(ec, co_await asio::this_coro::cancellation_state);
            co_return failed(*socket, ec);
        }
        co_return chunk_of(*socket, n, socket->ws.is_message_done());
    }

    Task<Status> wait_readable() override {
        if (stashed_ != 0 || is_end_stashed_) co_return Status{};
        auto socket = socket_;
        // Reading a little is the only way to let pings and pongs pass without waking the caller.
        auto [ec, n] = co_await begin_read(*socket, asio::buffer(stash_));
        socket->is_reading = false;
        if (ec) {
            throw_if_cancelled(ec, co_await asio::this_coro::cancellation_state);
            co_return failed(*socket, ec);
        }
        stash_begin_ = 0;
        stashed_ = n;
        is_end_stashed_ = socket->ws.is_message_done();
        co_return Status{};
    }

    Task<Status> write(FrameKind kind, ConstBuffers payload) override {
        auto socket = socket_;
        socket->ws.binary(kind == FrameKind::binary);
        auto [ec, n] = co_await socket->ws.async_write(payload, as_pair);
        if (!ec) co_return Status{};
        throw_if_cancelled(ec, co_await asio::this_coro::cancellation_state);
        co_return failed(*socket, ec);
    }

    Task<void> close(WebSocketClose why) override {
        auto socket = socket_;
        if (socket->ws.is_open()) {
            if (socket->closed_by.code == 1005) socket->closed_by = why;
            auto task = exchange_close(socket, to_wire(why));
            auto done = co_await with_deadline(std::move(task), deadline_in(close_patience));
            static_cast<void>(done); // an answer or none: the connection ends here
        }
        abort();
    }

    void abort() noexcept override {
        socket_->timer.cancel();
        socket_->ws.next_layer().stream().close();
    }

    const WebSocketClose& closed_by() const noexcept override { return socket_->closed_by; }
    std::chrono::microseconds round_trip() const noexcept override { return socket_->round_trip; }

    void set_keep_alive(Milliseconds ping_every, Milliseconds dead_after) override {
        socket_->ping_every = ping_every;
        socket_->dead_after = dead_after;
        socket_->arm();
    }

private:
    static Task<std::tuple<error_code, std::size_t>> begin_read(
        Socket& socket, asio::mutable_buffer buffer
    ) {
        // Whoever did not read for long starts with a fresh patience.
        socket.is_reading = true;
        return socket.ws.async_read_some(buffer, as_pair);
    }

    static Task<Status> exchange_close(
        std::shared_ptr<Socket> socket, websocket::close_reason reason
    ) {
        auto [ec] = co_await socket->ws.async_close(reason, as_pair);
        throw_if_cancelled(ec, co_await asio::this_coro::cancellation_state);
        co_return Status{};
    }

    static WebSocketChunk chunk_of(Socket& socket, std::size_t n, bool is_end) {
        socket.last_heard = std::chrono::steady_clock::now();
        WebSocketChunk chunk;
        chunk.size = n;
        chunk.is_end = is_end;
        chunk.kind = socket.ws.got_binary() ? FrameKind::binary : FrameKind::text;
        return chunk;
    }

    WebSocketChunk unstash(asio::mutable_buffer buffer) {
        auto n = asio::buffer_copy(buffer, asio::buffer(stash_.data() + stash_begin_, stashed_));
        stash_begin_ += n;
        stashed_ -= n;
        bool is_end = stashed_ == 0 && is_end_stashed_;
        if (is_end) is_end_stashed_ = false;
        return chunk_of(*socket_, n, is_end);
    }

    // Beast has answered a violation with a close frame of its own already.
    static Error failed(Socket& socket, const error_code& ec) {
        auto& by = socket.closed_by;
        if (ec == websocket::error::closed) {
            by = WebSocketClose{socket.ws.reason().code, std::string{socket.ws.reason().reason.c_str()}};
            if (by.code == 0) by.code = 1005;
            return Error{Errc::ended, "websocket: closed by the peer"};
        }
        if (ec == websocket::error::message_too_big) {
            by = WebSocketClose{1009, "message too big"};
            return Error{Errc::too_large, "websocket: message too big"};
        }
        if (ec == websocket::condition::protocol_violation
            || ec == websocket::error::bad_frame_payload) {
            by = WebSocketClose{1002, ec.message()};
            return Error{Errc::protocol_violation, "websocket: " + ec.message()};
        }
        if (by.code == 1005) by = WebSocketClose{1006, ec.message()};
        return Error{Errc::ended, "websocket: " + ec.message()};
    }

    std::shared_ptr<Socket> socket_;
    std::size_t stash_begin_ = 0;
    std::size_t stashed_ = 0;
    bool is_end_stashed_ = false;
    std::array<char, stash_size> stash_;
};

using HandshakeRequest = beast::http::request<beast::http::empty_body>;

// RFC 6455 4.2.1, the parts that Beast checks only after it has begun to answer.
Status check_handshake(const HttpHeaders& headers) {
    auto lists = [&](std::string_view field, std::string_view word) {
        return beast::http::token_list{beast::string_view{find_header(headers, field)}}.exists(word);
    };
    if (find_header(headers, "Host").empty())
        return Error{Errc::invalid_input, "websocket: no Host"};
    if (!lists("Connection", "upgrade") || !lists("Upgrade", "websocket"))
        return Error{Errc::invalid_input, "websocket: not an upgrade to websocket"};
    if (find_header(headers, "Sec-WebSocket-Version") != "13")
        return Error{Errc::invalid_input, "websocket: version 13 is spoken here"};
    auto key = find_header(headers, "Sec-WebSocket-Key");
    // Sixteen bytes in base64.
    bool is_key = key.size() == 24 && key.ends_with("==")
        && key.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
            == 22;
    if (!is_key) return Error{Errc::invalid_input, "websocket: bad Sec-WebSocket-Key"};
    return {};
}

HandshakeRequest handshake_request(const HttpHeaders& headers) {
    HandshakeRequest request{beast::http::verb::get, "/", 11};
    for (auto name : {"Host", "Connection", "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version"})
        request.set(name, find_header(headers, name));
    return request;
}

Task<Status> run_accept(std::shared_ptr<Socket> socket, HandshakeRequest request) {
    auto [ec] = co_await socket->ws.async_accept(request, as_pair);
    throw_if_cancelled(ec, co_await asio::this_coro::cancellation_state);
    if (ec) co_return translate_io(ec, "websocket handshake");
    co_return Status{};
}

Task<Status> run_connect(std::shared_ptr<Socket> socket, std::string host, std::string target) {
    auto [ec] = co_await socket->ws.async_handshake(host, target, as_pair);
    throw_if_cancelled(ec, co_await asio::this_coro::cancellation_state);
    if (!ec) co_return Status{};
    bool is_refused = ec.category() != boost::system::system_category();
    if (is_refused)
        co_return Error{Errc::protocol_violation, "websocket handshake: " + ec.message()};
    co_return translate_io(ec, "websocket handshake");
}

} // namespace

Task<Result<std::unique_ptr<WebSocket>>> accept_websocket(
    ByteStreamPtr stream, const HttpHeaders& request_headers, std::string subprotocol,
    Deadline deadline
) {
    auto valid = check_handshake(request_headers);
    if (!valid) co_return valid.error();
    auto request = handshake_request(request_headers);
    auto socket = std::make_shared<Socket>(std::move(stream));
    auto decorate = [subprotocol](websocket::response_type& response) {
        response.set(beast::http::field::server, "berth");
        if (!subprotocol.empty())
            response.set(beast::http::field::sec_websocket_protocol, subprotocol);
    };
    socket->ws.set_option(websocket::stream_base::decorator(std::move(decorate)));
    auto task = run_accept(socket, std::move(request));
    auto accepted = co_await with_deadline(std::move(task), deadline);
    if (!accepted) co_return accepted.error();
    socket->ws.set_option(websocket::stream_base::decorator([](websocket::response_type&) {}));
    co_return std::make_unique<BeastWebSocket>(std::move(socket));
}

Task<Result<std::unique_ptr<WebSocket>>> connect_websocket(
    ByteStreamPtr stream, std::string host, std::string target, HttpHeaders extra, Deadline deadline
) {
    auto socket = std::make_shared<Socket>(std::move(stream));
    auto decorate = [extra = std::move(extra)](websocket::request_type& request) {
        for (const auto& [name, value] : extra) request.set(name, value);
    };
    socket->ws.set_option(websocket::stream_base::decorator(std::move(decorate)));
    auto task = run_connect(socket, std::move(host), std::move(target));
    auto connected = co_await with_deadline(std::move(task), deadline);
    if (!connected) co_return connected.error();
    co_return std::make_unique<BeastWebSocket>(std::move(socket));
}

} // namespace berth::net
