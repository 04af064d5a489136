// SPDX-License-Identifier: Apache-2.0
#include "net/websocket.hpp"

#include "net/deadline.hpp"
#include "net/http_client.hpp"
#include "net/task_scope.hpp"
#include "net/test_peer.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include <sys/socket.h>

namespace berth::net {
namespace {

namespace asio = boost::asio;
using WebSocketPtr = std::unique_ptr<WebSocket>;

const HttpHeaders good_fields{
    {"Host", "desk"},
    {"Connection", "keep-alive, Upgrade"},
    {"Upgrade", "WebSocket"},
    {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
    {"Sec-WebSocket-Version", "13"},
};

std::pair<ByteStreamPtr, ByteStreamPtr> stream_pair(const Executor& executor) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    auto a = adopt_descriptor(executor, ends[0]);
    auto b = adopt_descriptor(executor, ends[1]);
    return {std::move(*a), std::move(*b)};
}

Task<void> accept_into(ByteStreamPtr stream, HttpHeaders fields, WebSocketPtr* out) {
    auto accepted = co_await accept_websocket(std::move(stream), fields, "binary", deadline_in(Seconds{5}));
    if (accepted) *out = std::move(*accepted);
}

Task<void> connect_into(ByteStreamPtr stream, WebSocketPtr* out) {
    HttpHeaders extra;
    extra.emplace_back("Sec-WebSocket-Protocol", "binary");
    auto connected = co_await connect_websocket(
        std::move(stream), "desk", "/view", std::move(extra), deadline_in(Seconds{5})
    );
    EXPECT_TRUE(connected) << describe(connected.error());
    if (connected) *out = std::move(*connected);
}

// The request head is read here, as http/connection does.
Task<void> serve_into(ByteStreamPtr stream, WebSocketPtr* out) {
    auto head = co_await read_until(*stream, "\r\n\r\n");
    auto fields = good_fields;
    auto at = head.find("Sec-WebSocket-Key: ") + 19;
    for (auto& [name, value] : fields) {
        if (name == "Sec-WebSocket-Key") value = head.substr(at, 24);
    }
    co_await accept_into(std::move(stream), std::move(fields), out);
}

// Server and client over a socket pair.
struct Pair {
    Pair() {
        auto [a, b] = stream_pair(context.get_executor());
        TaskScope scope{context.get_executor(), "test"};
        scope.spawn(serve_into(std::move(a), &server));
        scope.spawn(connect_into(std::move(b), &client));
        test::run_task(context, scope.join());
    }
    asio::io_context context;
    WebSocketPtr server, client;
};

// Our server, and bytes by hand on the other side.
struct Raw {
    Raw() {
        auto [a, b] = stream_pair(context.get_executor());
        peer = std::move(b);
        auto run = [](Raw* self, ByteStreamPtr stream) -> Task<void> {
            co_await accept_into(std::move(stream), good_fields, &self->server);
            self->head = co_await read_until(*self->peer, "\r\n\r\n");
        };
        test::run_task(context, run(this, std::move(a)));
    }
    asio::io_context context;
    ByteStreamPtr peer;
    WebSocketPtr server;
    std::string head;
};

// A masked frame with the zero key, which changes nothing.
std::string masked(unsigned char first, std::string_view payload) {
    std::string frame(1, static_cast<char>(first));
    frame += static_cast<char>(0x80 | payload.size());
    frame += std::string(4, '\0');
    return frame += payload;
}

Task<std::string> receive(WebSocket& socket, std::size_t piece = 4096) {
    std::string message;
    std::string buffer(piece, '\0');
    while (true) {
        auto got = co_await socket.read_some(asio::buffer(buffer));
        if (!got) co_return "error " + std::string{name_of(got.error().code())};
        message.append(buffer.data(), got->size);
        if (got->is_end) co_return message + (got->kind == FrameKind::text ? " (text)" : "");
    }
}

Task<Status> send(WebSocket& socket, FrameKind kind, std::string text) {
    std::array<asio::const_buffer, 1> parts{asio::buffer(text)};
    co_return co_await socket.write(kind, ConstBuffers{parts});
}

// Until the other side closes or breaks; what was received last.
Task<std::string> receive_to_the_end(WebSocket& socket) {
    std::string last;
    while (!last.starts_with("error")) last = co_await receive(socket);
    co_return last;
}

TEST(WebSocketHandshake, AnswersAsTheStandardSays) {
    Raw raw;
    ASSERT_TRUE(raw.server);
    EXPECT_TRUE(raw.head.starts_with("HTTP/1.1 101 "));
    EXPECT_NE(raw.head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);
    EXPECT_NE(raw.head.find("Sec-WebSocket-Protocol: binary"), std::string::npos);
    EXPECT_EQ(raw.head.find("Beast"), std::string::npos);
}

TEST(WebSocketHandshake, RefusesWithoutAWord) {
    const HttpHeaders bad{
        {"Host", ""},
        {"Connection", "close"},
        {"Upgrade", "h2c"},
        {"Sec-WebSocket-Key", "short"},
        {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=\r"},
        {"Sec-WebSocket-Version", "8"},
    };
    for (const auto& [name, value] : bad) {
        asio::io_context context;
        auto [a, b] = stream_pair(context.get_executor());
        auto fields = good_fields;
        for (auto& field : fields) {
            if (field.first == name) field.second = value;
        }
        auto task = accept_websocket(std::move(a), fields, "", deadline_in(Seconds{5}));
        auto accepted = test::run_task(context, std::move(task));
        ASSERT_FALSE(accepted) << name;
        EXPECT_EQ(accepted.error().code(), Errc::invalid_input);
        char byte = 0;
        auto got = test::run_task(context, b->read_some(asio::buffer(&byte, 1)));
        ASSERT_TRUE(got);
        EXPECT_EQ(*got, 0u);
    }
}

TEST(WebSocketHandshake, AServerThatSaysNothingIsLate) {
    asio::io_context context;
    auto [a, b] = stream_pair(context.get_executor());
    auto task = connect_websocket(std::move(a), "h", "/", HttpHeaders{}, deadline_in(Milliseconds{10}));
    auto connected = test::run_task(context, std::move(task));
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().code(), Errc::timed_out);
}

Task<void> answer_no(ByteStreamPtr stream) {
    co_await read_until(*stream, "\r\n\r\n");
    co_await send_text(*stream, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    co_await drain(*stream);
}

TEST(WebSocketHandshake, ARefusalIsAViolationForTheClient) {
    asio::io_context context;
    auto [a, b] = stream_pair(context.get_executor());
    asio::co_spawn(context, answer_no(std::move(b)), [](const std::exception_ptr&) {});
    auto task = connect_websocket(std::move(a), "h", "/", HttpHeaders{}, deadline_in(Seconds{5}));
    auto connected = test::run_task(context, std::move(task));
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().code(), Errc::protocol_violation);
}

TEST(WebSocket, CarriesMessagesBothWays) {
    Pair p;
    ASSERT_TRUE(p.server && p.client);
    EXPECT_TRUE(test::run_task(p.context, send(*p.server, FrameKind::text, "down")));
    EXPECT_EQ(test::run_task(p.context, receive(*p.client)), "down (text)");
    EXPECT_TRUE(test::run_task(p.context, send(*p.client, FrameKind::binary, "up")));
    EXPECT_EQ(test::run_task(p.context, receive(*p.server)), "up");
    EXPECT_TRUE(test::run_task(p.context, send(*p.client, FrameKind::binary, "")));
    EXPECT_EQ(test::run_task(p.context, receive(*p.server)), "");
}

Task<void> send_large(WebSocket* socket, std::string* text) {
    auto half = text->size() / 2;
    std::array<asio::const_buffer, 3> parts{
        asio::buffer(text->data(), half), asio::const_buffer{}, asio::buffer(*text) + half};
    auto sent = co_await socket->write(FrameKind::binary, ConstBuffers{parts});
    EXPECT_TRUE(sent) << describe(sent.error());
}

Task<void> receive_into(WebSocket* socket, std::size_t piece, std::string* out) {
    *out = co_await receive(*socket, piece);
}

TEST(WebSocket, CarriesLargeMessagesBothWaysAtOnce) {
    Pair p;
    std::string text;
    for (int i = 0; i < 150000; ++i) text += std::to_string(i % 1000000);
    ASSERT_LT(text.size(), limits::websocket_message);
    for (std::size_t piece : {std::size_t{1500}, std::size_t{128} * 1024, std::size_t{3}}) {
        if (piece == 3) text.resize(20000);
        std::string down, up;
        TaskScope scope{p.context.get_executor(), "test"};
        scope.spawn(send_large(p.server.get(), &text));
        scope.spawn(send_large(p.client.get(), &text));
        scope.spawn(receive_into(p.server.get(), piece, &up));
        scope.spawn(receive_into(p.client.get(), piece, &down));
        test::run_task(p.context, scope.join());
        EXPECT_TRUE(up == text && down == text) << piece;
    }
}

TEST(WebSocket, JoinsTheFramesOfAMessage) {
    Raw raw;
    auto frames = masked(0x02, "he") + masked(0x89, "") + masked(0x00, "") + masked(0x80, "llo");
    test::run_task(raw.context, send_text(*raw.peer, frames));
    EXPECT_EQ(test::run_task(raw.context, receive(*raw.server)), "hello");
}

Task<void> wait_into(WebSocket* socket, int* woken) {
    auto waited = co_await socket->wait_readable();
    *woken = waited ? 1 : -1;
}

TEST(WebSocket, PingsDoNotWakeWhoWaitsForBytes) {
    Raw raw;
    int woken = 0;
    TaskScope scope{raw.context.get_executor(), "test"};
    scope.spawn(wait_into(raw.server.get(), &woken));
    test::run_task(raw.context, send_text(*raw.peer, masked(0x89, "are you there")));
    auto pong = test::run_task(raw.context, read_until(*raw.peer, "are you there"));
    EXPECT_EQ(pong.substr(0, 2), "\x8a\x0d");
    EXPECT_EQ(woken, 0);
    test::run_task(raw.context, send_text(*raw.peer, masked(0x82, "0123456789") + masked(0x82, "second")));
    test::run_task(raw.context, scope.join());
    EXPECT_EQ(woken, 1);
    test::run_task(raw.context, wait_into(raw.server.get(), &woken)); // still there: no waiting
    EXPECT_EQ(test::run_task(raw.context, receive(*raw.server, 4)), "0123456789");
    EXPECT_EQ(test::run_task(raw.context, receive(*raw.server)), "second");
}

TEST(WebSocket, WaitingLosesNothingOfALongMessage) {
    Raw raw;
    int woken = 0;
    std::string text(100, 'x');
    test::run_task(raw.context, send_text(*raw.peer, masked(0x82, text) + masked(0x82, "") + masked(0x82, "z")));
    for (const auto& expected : {text, std::string{}, std::string{"z"}}) {
        test::run_task(raw.context, wait_into(raw.server.get(), &woken));
        EXPECT_EQ(woken, 1);
        EXPECT_EQ(test::run_task(raw.context, receive(*raw.server, 7)), expected);
    }
}

Task<void> close_as(WebSocket* socket, WebSocketClose why) {
    co_await socket->close(std::move(why));
}

TEST(WebSocket, TellsWhyItWasClosed) {
    Pair p;
    TaskScope scope{p.context.get_executor(), "test"};
    WebSocketClose why{4001, "session ended"};
    scope.spawn(close_as(p.server.get(), why));
    EXPECT_EQ(test::run_task(p.context, receive_to_the_end(*p.client)), "error ended");
    test::run_task(p.context, scope.join());
    EXPECT_EQ(p.client->closed_by().code, 4001);
    EXPECT_EQ(p.client->closed_by().reason, "session ended");
    EXPECT_EQ(p.server->closed_by().code, 4001);
}

Task<void> read_to_end_into(WebSocket* socket, std::string* out) {
    *out = co_await receive_to_the_end(*socket);
}

TEST(WebSocket, CloseEndsThePendingReadOnBothSides) {
    Pair p;
    TaskScope scope{p.context.get_executor(), "test"};
    std::string server_end, client_end;
    scope.spawn(read_to_end_into(p.server.get(), &server_end));
    scope.spawn(read_to_end_into(p.client.get(), &client_end));
    p.context.poll();
    WebSocketClose why{1000, std::string(200, 'a') + "\xc3\xa4"}; // longer than a close frame
    test::run_task(p.context, close_as(p.client.get(), why));
    test::run_task(p.context, scope.join());
    EXPECT_EQ(server_end, "error ended");
    EXPECT_EQ(client_end, "error ended");
    EXPECT_EQ(p.server->closed_by().code, 1000);
    EXPECT_EQ(p.server->closed_by().reason, std::string(123, 'a'));
}

TEST(WebSocket, ClosingDoesNotWaitForeverForTheAnswer) {
    Raw raw; // never answers
    WebSocketClose why{1001, "going"};
    test::run_task(raw.context, close_as(raw.server.get(), why), Seconds{10});
    auto frame = test::run_task(raw.context, read_until(*raw.peer, "going"));
    EXPECT_EQ(frame.substr(0, 4), "\x88\x07\x03\xe9");
}

TEST(WebSocket, ALostConnectionIs1006) {
    Raw raw;
    raw.peer->close();
    EXPECT_EQ(test::run_task(raw.context, receive(*raw.server)), "error ended");
    EXPECT_EQ(raw.server->closed_by().code, 1006);
    EXPECT_FALSE(test::run_task(raw.context, send(*raw.server, FrameKind::binary, "x")));
    WebSocketClose why{1000, ""};
    test::run_task(raw.context, close_as(raw.server.get(), why));
}

TEST(WebSocket, RefusesAMessageOverTheBound) {
    Raw raw;
    std::string frame{"\x82\xff\0\0\0\0\0\x10\0\x01\0\0\0\0", 14}; // 1 MiB + 1, masked
    test::run_task(raw.context, send_text(*raw.peer, frame));
    // Our answer needs the peer to go on reading: it closes.
    TaskScope scope{raw.context.get_executor(), "test"};
    std::string end;
    scope.spawn(receive_into(raw.server.get(), 4096, &end));
    auto close = test::run_task(raw.context, read_until(*raw.peer, "\x03\xf1")); // 1009
    EXPECT_EQ(close.substr(0, 1), "\x88");
    raw.peer->close();
    test::run_task(raw.context, scope.join());
    EXPECT_EQ(end, "error too_large");
    EXPECT_EQ(raw.server->closed_by().code, 1009);
}

TEST(WebSocket, NamesAViolation) {
    const std::string frames[]{
        std::string{"\x82\x01x", 3},       // not masked
        masked(0xc2, "x"),                 // reserved bit
        masked(0x83, "x"),                 // reserved opcode
        masked(0x80, "x"),                 // continuation of nothing
        masked(0x09, "x"),                 // fragmented ping
        masked(0x81, "\xff\xfe"),          // not UTF-8
        masked(0x88, "\x03"),              // half a close code
    };
    for (const auto& frame : frames) {
        Raw raw;
        test::run_task(raw.context, send_text(*raw.peer, frame));
        raw.peer->shutdown_write();
        auto end = test::run_task(raw.context, receive_to_the_end(*raw.server));
        EXPECT_EQ(end, "error protocol_violation") << int{static_cast<unsigned char>(frame[0])};
        EXPECT_EQ(raw.server->closed_by().code, 1002);
    }
}

TEST(WebSocket, GivesUpAPeerThatAnswersNoPings) {
    Raw raw;
    raw.server->set_keep_alive(Milliseconds{5}, Milliseconds{40});
    EXPECT_EQ(test::run_task(raw.context, receive(*raw.server)), "error ended");
    EXPECT_EQ(raw.server->closed_by().code, 1006);
}

TEST(WebSocket, WhoDoesNotReadDoesNotBlameThePeer) {
    Raw raw;
    raw.server->set_keep_alive(Milliseconds{2}, Milliseconds{10});
    test::run_task(raw.context, sleep_for(Milliseconds{60}));
    test::run_task(raw.context, send_text(*raw.peer, masked(0x82, "late")));
    EXPECT_EQ(test::run_task(raw.context, receive(*raw.server)), "late");
}

TEST(WebSocket, MeasuresTheRoundTrip) {
    Pair p;
    EXPECT_EQ(p.server->round_trip().count(), 0);
    p.server->set_keep_alive(Milliseconds{5}, Seconds{60});
    TaskScope scope{p.context.get_executor(), "test"};
    std::string server_end, client_end;
    scope.spawn(read_to_end_into(p.server.get(), &server_end));
    scope.spawn(read_to_end_into(p.client.get(), &client_end));
    EXPECT_TRUE(test::run_until(p.context, [&] { return p.server->round_trip().count() > 0; }));
    EXPECT_LT(p.server->round_trip(), Seconds{1});
    WebSocketClose why{1000, ""};
    test::run_task(p.context, close_as(p.client.get(), why));
    test::run_task(p.context, scope.join());
}

TEST(WebSocket, AnInventedPongMeasuresNothing) {
    Raw raw;
    test::run_task(raw.context, send_text(*raw.peer, masked(0x8a, "12345678") + masked(0x82, "x")));
    EXPECT_EQ(test::run_task(raw.context, receive(*raw.server)), "x");
    EXPECT_EQ(raw.server->round_trip().count(), 0);
}

TEST(WebSocket, ACancelledReaderUnwinds) {
    Raw raw;
    int woken = 0;
    std::string end;
    {
        TaskScope scope{raw.context.get_executor(), "test"};
        scope.spawn(wait_into(raw.server.get(), &woken));
        raw.context.poll();
        test::run_task(raw.context, scope.stop());
    }
    EXPECT_EQ(woken, 0);
    raw.server->abort();
    EXPECT_EQ(test::run_task(raw.context, receive(*raw.server)), "error ended");
}

TEST(WebSocket, MayBeDestroyedWhileItPings) {
    Raw raw;
    raw.server->set_keep_alive(Milliseconds{1}, Seconds{60});
    test::run_task(raw.context, sleep_for(Milliseconds{10}));
    raw.server.reset();
    test::run_task(raw.context, sleep_for(Milliseconds{5}));
}

} // namespace
} // namespace berth::net
