// SPDX-License-Identifier: Apache-2.0
#include "gateway/close_codes.hpp"
#include "gateway/relay.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <deque>
#include <numeric>
#include <sys/socket.h>

namespace berth::gateway {
namespace {

namespace asio = boost::asio;
using net::Task;

const std::string key = {'\x04', '\x01', 0, 0, 0, 0, 0, 'a'};
const std::string request = {'\x03', '\x01', 0, 0, 0, 0, 5, 0, 5, 0};

// A browser whose reading and sending the test decides.
class FakeBrowser final : public net::WebSocket {
public:
    explicit FakeBrowser(net::Executor executor)
        : executor_{std::move(executor)}
        , changed_{executor_, asio::steady_timer::time_point::max()} {}

    const net::Executor& executor() const noexcept override { return executor_; }

    Task<Result<net::WebSocketChunk>> read_some(asio::mutable_buffer buffer) override {
        while (outgoing.empty() && !is_gone)
            co_await changed();
        if (is_gone) co_return Error{last, "gone"};
        auto& front = outgoing.front();
        net::WebSocketChunk chunk;
        chunk.size = asio::buffer_copy(buffer, asio::buffer(front));
        chunk.kind = kind;
        front.erase(0, chunk.size);
        chunk.is_end = front.empty();
        if (chunk.is_end) outgoing.pop_front();
        co_return chunk;
    }
    Task<Status> wait_readable() override {
        while (outgoing.empty() && !is_gone)
            co_await changed();
        if (is_gone) co_return Error{last, "gone"};
        co_return Status{};
    }
    Task<Status> write(net::FrameKind, net::ConstBuffers payload) override {
        asio::const_buffer bytes = payload[0];
        ++writes;
        while (!is_reading && !is_gone)
            co_await changed();
        if (is_gone) co_return Error{Errc::ended, "gone"};
        received.append(static_cast<const char*>(bytes.data()), bytes.size());
        co_return Status{};
    }
    Task<void> close(net::WebSocketClose why) override {
        closed = std::move(why);
        abort();
        co_return;
    }
    void abort() noexcept override {
        is_gone = true;
        wake();
    }
    const net::WebSocketClose& closed_by() const noexcept override { return closed; }
    std::chrono::microseconds round_trip() const noexcept override { return {}; }
    void set_keep_alive(Milliseconds, Milliseconds) override {}

    void send(std::string message) {
        outgoing.push_back(std::move(message));
        wake();
    }
    void wake() noexcept { changed_.cancel(); }

    std::deque<std::string> outgoing;
    net::FrameKind kind = net::FrameKind::binary;
    std::string received;
    int writes = 0;
    bool is_reading = true;
    bool is_gone = false;
    Errc last = Errc::ended; // what reading answers then
    net::WebSocketClose closed;

private:
    Task<void> changed() {
        co_await changed_.async_wait(asio::as_tuple(asio::use_awaitable));
        const auto own = co_await asio::this_coro::cancellation_state;
        if (own.cancelled() != asio::cancellation_type::none)
            throw boost::system::system_error{asio::error::operation_aborted};
    }
    net::Executor executor_;
    asio::steady_timer changed_;
};

class RelayTest : public testing::Test {
protected:
    RelayTest() {
        int pair[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) throw std::runtime_error("pair");
        desktop = net::adopt_descriptor(context.get_executor(), pair[0]).value();
        peer = net::adopt_descriptor(context.get_executor(), pair[1]).value();
    }
    ~RelayTest() override {
        if (!is_done) browser.abort();
        if (relay) test::run_until(context, [&] { return is_done; });
    }

    void start(rfb::FilterPolicy policy = {}, std::string down = {}, std::string up = {}) {
        RelayHooks hooks{[this] { ++inputs; }, [this] { ++endings; }};
        relay.emplace(*desktop, browser, buffers, policy, std::move(hooks));
        asio::co_spawn(
            context,
            relay->run(std::move(down), std::move(up)),
            [this](std::exception_ptr e) {
                failure = e;
                is_done = true;
            }
        );
    }
    template <class Condition>
    bool until(Condition condition) {
        return test::run_until(context, condition);
    }
    void desktop_sends(std::string bytes) {
        auto write = [](net::ByteStream* to, std::string text) -> Task<void> {
            (void)co_await to->write_all(asio::buffer(text));
        };
        asio::co_spawn(context, write(peer.get(), std::move(bytes)), [](std::exception_ptr) {});
    }
    std::string desktop_gets(std::size_t size) {
        std::string text(size, '\0');
        auto read = [](net::ByteStream* from, std::string* into) -> Task<Status> {
            co_return co_await from->read_exactly(asio::buffer(*into));
        };
        EXPECT_TRUE(test::run_task(context, read(peer.get(), &text)));
        return text;
    }

    asio::io_context context{1};
    net::ByteStreamPtr desktop, peer;
    FakeBrowser browser{context.get_executor()};
    RelayBuffers buffers;
    std::optional<Relay> relay;
    int inputs = 0;
    int endings = 0;
    bool is_done = false;
    std::exception_ptr failure;
};

TEST_F(RelayTest, CarriesBothWaysInOrder) {
    std::string pixels(3 * limits::relay_buffer + 17, '\0');
    std::iota(pixels.begin(), pixels.end(), '\0');
    start({}, "first", key);
    desktop_sends(pixels);
    browser.send(request + key);
    EXPECT_EQ(desktop_gets(26), key + request + key);
    ASSERT_TRUE(until([&] { return browser.received.size() == pixels.size() + 5; }));
    EXPECT_EQ(browser.received, "first" + pixels);
}

TEST_F(RelayTest, HoldsNoBufferWhileNothingMoves) {
    start();
    desktop_sends("pixels");
    browser.send(request);
    ASSERT_TRUE(until([&] { return browser.received == "pixels"; }));
    EXPECT_EQ(desktop_gets(request.size()), request);
    ASSERT_TRUE(until([&] { return buffers.down.in_use() == 0 && buffers.up.in_use() == 0; }));
}

// T-43
TEST_F(RelayTest, StopsReadingTheDesktopWhileTheBrowserIsSlow) {
    browser.is_reading = false;
    start();
    const std::size_t total = 32 * 1024 * 1024;
    bool is_all_sent = false;
    auto flood = [](net::ByteStream* to, std::size_t size, bool* done) -> Task<void> {
        const std::string bytes(size, 'x');
        (void)co_await to->write_all(asio::buffer(bytes));
        *done = true;
    };
    asio::co_spawn(context, flood(peer.get(), total, &is_all_sent), [](std::exception_ptr) {});
    ASSERT_TRUE(until([&] { return browser.writes == 1; }));
    // Whatever could move has moved when nothing is ready any more.
    while (context.poll_one() != 0) {
    }
    EXPECT_FALSE(is_all_sent);
    EXPECT_EQ(browser.writes, 1);
    EXPECT_EQ(buffers.down.in_use(), 1u);
    browser.is_reading = true;
    browser.wake();
    ASSERT_TRUE(until([&] { return browser.received.size() == total; }));
}

TEST_F(RelayTest, DropsInputOfAWatchingViewer) {
    start({.allows_input = false, .allows_clipboard = true});
    browser.send(key + request + key);
    browser.send(key);
    browser.send(request);
    EXPECT_EQ(desktop_gets(20), request + request);
    EXPECT_EQ(inputs, 0);
}

TEST_F(RelayTest, ReportsInputAtMostOnceASecond) {
    start();
    for (int i = 0; i < 50; ++i)
        browser.send(key);
    desktop_gets(50 * key.size());
    EXPECT_EQ(inputs, 1);
}

TEST_F(RelayTest, EndsOnWhatIsNoMessage) {
    start();
    browser.send("\x7f");
    ASSERT_TRUE(until([&] { return is_done; }));
    EXPECT_EQ(browser.closed.code, close_protocol);
    EXPECT_EQ(endings, 1);
}

TEST_F(RelayTest, EndsOnAMessageOfText) {
    start();
    browser.kind = net::FrameKind::text;
    browser.send(request);
    ASSERT_TRUE(until([&] { return is_done; }));
    EXPECT_EQ(browser.closed.code, 1003);
}

TEST_F(RelayTest, EndsOnWhatIsNoFrame) {
    start();
    browser.last = Errc::protocol_violation;
    browser.abort();
    ASSERT_TRUE(until([&] { return is_done; }));
    EXPECT_EQ(relay->why().code, close_protocol);
}

TEST_F(RelayTest, TellsTheBrowserThatTheDesktopIsGone) {
    start();
    desktop_sends("last words");
    ASSERT_TRUE(until([&] { return browser.received == "last words"; }));
    peer->close();
    ASSERT_TRUE(until([&] { return is_done; }));
    EXPECT_EQ(browser.closed.code, close_ended);
    EXPECT_EQ(browser.closed.reason, "crashed");
}

TEST_F(RelayTest, LetsTheDesktopGoWhenTheBrowserIsGone) {
    start();
    browser.abort();
    ASSERT_TRUE(until([&] { return is_done; }));
    std::array<char, 4> in{};
    auto end = test::run_task(context, peer->read_some(asio::buffer(in)));
    ASSERT_TRUE(end);
    EXPECT_EQ(*end, 0u);
}

TEST_F(RelayTest, LetsTheDesktopGoWhenASlowBrowserIsGone) {
    browser.is_reading = false;
    start();
    desktop_sends("pixels");
    ASSERT_TRUE(until([&] { return browser.writes == 1; }));
    browser.abort();
    ASSERT_TRUE(until([&] { return is_done; }));
}

TEST_F(RelayTest, EndsWithTheFirstReasonGiven) {
    start();
    until([&] { return context.poll_one() == 0; });
    relay->end({close_ended, "time"});
    relay->end({close_sign_in, "late"});
    ASSERT_TRUE(until([&] { return is_done; }));
    EXPECT_EQ(browser.closed.code, close_ended);
    EXPECT_EQ(browser.closed.reason, "time");
    EXPECT_EQ(relay->why().reason, "time");
}

TEST_F(RelayTest, EndsAStuckBrowserOnceItsOwnerAbortsIt) {
    browser.is_reading = false;
    start();
    desktop_sends("pixels");
    ASSERT_TRUE(until([&] { return browser.writes == 1; }));
    relay->end({close_ended, "time"});
    EXPECT_EQ(endings, 1);
    while (context.poll_one() != 0) {
    }
    EXPECT_FALSE(is_done);
    browser.abort();
    ASSERT_TRUE(until([&] { return is_done; }));
    EXPECT_EQ(relay->why().reason, "time");
}

TEST_F(RelayTest, PassesCancellationThrough) {
    auto cancelled = [](Relay* r) -> Task<bool> {
        try {
            std::string nothing;
            co_await r->run(nothing, nothing);
        } catch (const boost::system::system_error& e) {
            co_return e.code() == asio::error::operation_aborted;
        }
        co_return false;
    };
    RelayHooks hooks{[] {}, [] {}};
    relay.emplace(*desktop, browser, buffers, rfb::FilterPolicy{}, std::move(hooks));
    asio::cancellation_signal signal;
    bool was_cancelled = false;
    asio::co_spawn(
        context,
        cancelled(&*relay),
        asio::bind_cancellation_slot(
            signal.slot(),
            [&](std::exception_ptr, bool value) {
                was_cancelled = value;
                is_done = true;
            }
        )
    );
    while (context.poll_one() != 0) {
    }
    signal.emit(asio::cancellation_type::all);
    ASSERT_TRUE(until([&] { return is_done; }));
    EXPECT_TRUE(was_cancelled);
}

} // namespace
} // namespace berth::gateway
