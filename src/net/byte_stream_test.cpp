// SPDX-License-Identifier: Apache-2.0
#include "net/byte_stream.hpp"

#include "net/deadline.hpp"
#include "net/dialer.hpp"
#include "net/task_scope.hpp"
#include "net/test_peer.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace berth::net {
namespace {

namespace asio = boost::asio;

struct Pair {
    Pair() {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        a = adopt_descriptor(context.get_executor(), ends[0]).value();
        b = adopt_descriptor(context.get_executor(), ends[1]).value();
    }
    asio::io_context context;
    ByteStreamPtr a, b;
};

Task<void> write_parts(ByteStream* stream, std::vector<asio::const_buffer> parts) {
    auto sent = co_await stream->write_all(ConstBuffers{parts});
    EXPECT_TRUE(sent) << describe(sent.error());
    stream->shutdown_write();
}

Task<std::string> read_all(ByteStream& stream) {
    std::string all;
    char piece[1000];
    while (true) {
        auto n = co_await stream.read_some(asio::buffer(piece));
        if (!n || *n == 0) break;
        all.append(piece, *n);
    }
    co_return all;
}

TEST(ByteStream, WritesAllOfManyBuffers) {
    std::string big(700000, 'b');
    for (std::size_t count : {0u, 1u, 3u, 8u, 9u, 100u}) {
        Pair p;
        std::vector<asio::const_buffer> parts;
        std::string expected;
        for (std::size_t i = 0; i < count; ++i) {
            std::string_view text = i % 3 == 2 ? std::string_view{big} : i % 3 == 1 ? "" : "small";
            parts.emplace_back(text.data(), text.size());
            expected += text;
        }
        TaskScope scope{p.context.get_executor(), "test"};
        scope.spawn(write_parts(p.a.get(), parts));
        EXPECT_TRUE(test::run_task(p.context, read_all(*p.b)) == expected) << count;
        test::run_task(p.context, scope.join());
    }
}

TEST(ByteStream, ReadExactlyNamesAnEarlyEnd) {
    Pair p;
    test::run_task(p.context, send_text(*p.a, "abc"));
    p.a->close();
    char buffer[4];
    auto got = test::run_task(p.context, p.b->read_exactly(asio::buffer(buffer)));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), Errc::protocol_violation);
}

TEST(ByteStream, WritingToNobodyIsALostHost) {
    Pair p;
    p.b->close();
    char byte = 'x';
    auto sent = test::run_task(p.context, p.a->write_all(asio::buffer(&byte, 1)));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code(), Errc::host_unreachable);
}

Task<void> read_into(ByteStream* stream, std::string* how) {
    char byte = 0;
    try {
        auto got = co_await stream->read_some(asio::buffer(&byte, 1));
        *how = got ? "bytes" : std::string{name_of(got.error().code())};
    } catch (const boost::system::system_error&) {
        *how = "cancelled";
        throw;
    }
}

TEST(ByteStream, CloseEndsAPendingReadAsAnErrorCancelAsAnException) {
    Pair p;
    std::string how;
    TaskScope scope{p.context.get_executor(), "test"};
    scope.spawn(read_into(p.a.get(), &how));
    p.context.poll();
    p.a->close();
    test::run_task(p.context, scope.join());
    EXPECT_EQ(how, "ended");
    scope.spawn(read_into(p.b.get(), &how));
    p.b->shutdown_write();
    Pair q;
    scope.spawn(read_into(q.a.get(), &how));
    test::run_task(p.context, scope.stop());
    TaskScope other{q.context.get_executor(), "test"};
    other.spawn(read_into(q.a.get(), &how));
    q.context.poll();
    test::run_task(q.context, other.stop());
    EXPECT_EQ(how, "cancelled");
}

Task<void> wait_into(ByteStream* stream, int* woken) {
    auto waited = co_await stream->wait_readable();
    *woken = waited ? 1 : -1;
}

TEST(ByteStream, WaitsWithoutTakingAnything) {
    Pair p;
    int woken = 0;
    TaskScope scope{p.context.get_executor(), "test"};
    scope.spawn(wait_into(p.a.get(), &woken));
    p.context.poll();
    EXPECT_EQ(woken, 0);
    test::run_task(p.context, send_text(*p.b, "x"));
    test::run_task(p.context, scope.join());
    EXPECT_EQ(woken, 1);
    char byte = 0;
    EXPECT_TRUE(test::run_task(p.context, p.a->read_exactly(asio::buffer(&byte, 1))));
    EXPECT_EQ(byte, 'x');
    p.b->close();
    test::run_task(p.context, wait_into(p.a.get(), &woken)); // the end is worth waking for
    EXPECT_EQ(woken, 1);
}

TEST(ByteStream, AWaitCanBeCancelled) {
    Pair p;
    int woken = 0;
    TaskScope scope{p.context.get_executor(), "test"};
    scope.spawn(wait_into(p.a.get(), &woken));
    p.context.poll();
    test::run_task(p.context, scope.stop());
    EXPECT_EQ(woken, 0);
}

TEST(ByteStream, KnowsWhenItIsStale) {
    Pair p, q;
    EXPECT_FALSE(p.a->is_stale());
    p.b->close();
    EXPECT_TRUE(p.a->is_stale());
    test::run_task(q.context, send_text(*q.b, "unasked"));
    EXPECT_TRUE(q.a->is_stale());
    q.a->close();
    EXPECT_TRUE(q.a->is_stale());
}

TEST(ByteStream, ADescriptorMovesToAnotherThread) {
    Pair p;
    auto descriptor = p.a->release_descriptor();
    ASSERT_GE(descriptor, 0);
    std::string got;
    std::thread other{[&] {
        asio::io_context context;
        auto stream = adopt_descriptor(context.get_executor(), descriptor);
        ASSERT_TRUE(stream);
        got = test::run_task(context, read_until(**stream, "!"));
    }};
    test::run_task(p.context, send_text(*p.b, "moved!"));
    other.join();
    EXPECT_EQ(got, "moved!");
}

TEST(ByteStream, RefusesToAdoptWhatIsNoSocket) {
    asio::io_context context;
    EXPECT_FALSE(adopt_descriptor(context.get_executor(), -1));
    auto file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_FALSE(adopt_descriptor(context.get_executor(), file));
    ::close(file);
}

Task<void> echo(ByteStreamPtr stream, int) {
    auto got = co_await read_until(*stream, "!");
    co_await send_text(*stream, std::move(got));
}

Task<std::string> say(ByteStream& stream) {
    co_await send_text(stream, "hello!");
    co_return co_await read_until(stream, "!");
}

Result<ByteStreamPtr> dial(asio::io_context& context, Dialer& dialer, Milliseconds span = Seconds{10}) {
    return test::run_task(context, dialer.dial(context.get_executor(), deadline_in(span)));
}

TEST(TcpDialer, ReachesAnAddressAndAName) {
    asio::io_context context;
    TestPeer peer{context, echo};
    for (auto host : {"127.0.0.1", "localhost"}) {
        auto dialer = make_tcp_dialer(host, peer.port());
        auto stream = dial(context, *dialer);
        ASSERT_TRUE(stream) << describe(stream.error());
        EXPECT_EQ((*stream)->peer(), "127.0.0.1");
        EXPECT_EQ(test::run_task(context, say(**stream)), "hello!");
    }
}

TEST(TcpDialer, SaysWhatItTried) {
    asio::io_context context;
    asio::ip::tcp::acceptor bound{context};
    bound.open(asio::ip::tcp::v4());
    bound.bind({asio::ip::make_address("127.0.0.1"), 0}); // ours, but nobody listens
    auto dialer = make_tcp_dialer("127.0.0.1", bound.local_endpoint().port());
    auto stream = dial(context, *dialer);
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Errc::host_unreachable);
    EXPECT_TRUE(stream.error().operator_text().starts_with(dialer->describe()));
    EXPECT_EQ(make_tcp_dialer("::1", 1)->describe(), "tcp://[::1]:1");
}

TEST(TcpDialer, AnUnknownNameIsALostHost) {
    asio::io_context context;
    auto dialer = make_tcp_dialer("no-such-host.invalid", 1);
    auto stream = dial(context, *dialer);
    ASSERT_FALSE(stream);
    EXPECT_TRUE(
        stream.error().code() == Errc::host_unreachable || stream.error().code() == Errc::timed_out
    ) << describe(stream.error());
}

struct UnixListener {
    UnixListener(asio::io_context& context, int backlog)
        : path{std::filesystem::temp_directory_path() / ("berth-net-" + std::to_string(::getpid()))}
        , acceptor{context} {
        std::filesystem::remove(path);
        asio::local::stream_protocol::endpoint at{path.string()};
        acceptor.open(at.protocol());
        acceptor.bind(at);
        acceptor.listen(backlog);
    }
    ~UnixListener() { std::filesystem::remove(path); }
    std::filesystem::path path;
    asio::local::stream_protocol::acceptor acceptor;
};

TEST(UnixDialer, ReachesASocket) {
    asio::io_context context;
    UnixListener listener{context, 10};
    auto dialer = make_unix_dialer(listener.path.string());
    auto stream = dial(context, *dialer);
    ASSERT_TRUE(stream) << describe(stream.error());
    EXPECT_EQ((*stream)->peer(), "unix");
}

TEST(UnixDialer, WaitsWhileTheListenersQueueIsFull) {
    asio::io_context context;
    UnixListener listener{context, 0};
    auto dialer = make_unix_dialer(listener.path.string());
    auto first = dial(context, *dialer);
    ASSERT_TRUE(first);
    auto second = dial(context, *dialer, Milliseconds{30});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Errc::timed_out);
    asio::steady_timer later{context, Milliseconds{20}};
    later.async_wait([&](boost::system::error_code) { listener.acceptor.accept(); });
    auto third = dial(context, *dialer);
    EXPECT_TRUE(third) << describe(third.error());
}

TEST(UnixDialer, NamesWhatCannotBe) {
    asio::io_context context;
    auto missing = make_unix_dialer("/nonexistent/x.sock");
    auto overlong = make_unix_dialer("/" + std::string(200, 'x'));
    for (auto* dialer : {missing.get(), overlong.get()}) {
        auto stream = dial(context, *dialer);
        ASSERT_FALSE(stream);
        EXPECT_EQ(stream.error().code(), Errc::host_unreachable);
    }
}

} // namespace
} // namespace berth::net
