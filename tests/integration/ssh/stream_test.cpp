// SPDX-License-Identifier: Apache-2.0
// The contract of net::ByteStream over an SSH channel.
#include "net/deadline.hpp"
#include "tests/integration/ssh/lab.hpp"

#include <array>
#include <random>

namespace berth::test {
namespace {

using net::ByteStream;
using net::ByteStreamPtr;
using net::Task;
using namespace std::chrono_literals;

class Stream : public SshLab {
protected:
    ByteStreamPtr open(Server& server) {
        auto stream = dial_port(server.port());
        EXPECT_TRUE(stream) << describe(stream.error());
        return stream ? std::move(*stream) : nullptr;
    }
};

TEST_F(Stream, EndsLikeItsPeer) {
    start();
    if (IsSkipped()) return;
    Server server{Service::greet, ""};
    auto stream = open(server);
    ASSERT_TRUE(stream);
    EXPECT_EQ(read_all(*stream), "hello");
    EXPECT_TRUE(stream->is_stale());
}

TEST_F(Stream, ClosesOneHalfAndReadsOn) {
    start();
    if (IsSkipped()) return;
    Server server{Service::check, ""};
    auto stream = open(server);
    ASSERT_TRUE(stream);
    ASSERT_TRUE(run(send_pattern(*stream, 300'000)));
    stream->shutdown_write();
    stream->shutdown_write();
    EXPECT_EQ(read_all(*stream), "300000");
    char byte = 'x';
    EXPECT_FALSE(run(stream->write_all(boost::asio::buffer(&byte, 1))));
}

TEST_F(Stream, NeverCompletesInsideTheCallThatStarts) {
    start();
    if (IsSkipped()) return;
    Server server{Service::greet, ""};
    auto stream = open(server);
    ASSERT_TRUE(stream);
    ASSERT_TRUE(run(stream->wait_readable()));
    char byte = 0;
    bool has_read = false, has_waited = false, has_written = false;
    boost::asio::mutable_buffer into{&byte, 1};
    boost::asio::const_buffer from{&byte, 1};
    stream->start_read_some({&into, 1}, [&](auto, std::size_t) { has_read = true; });
    EXPECT_FALSE(has_read);
    stream->start_wait_readable([&](auto, std::size_t) { has_waited = true; });
    EXPECT_FALSE(has_waited);
    stream->start_write_some({&from, 1}, [&](auto, std::size_t) { has_written = true; });
    EXPECT_FALSE(has_written);
    EXPECT_TRUE(run_until(context_, [&] { return has_read && has_waited && has_written; }));
    EXPECT_EQ(byte, 'h');
}

TEST_F(Stream, ClosingEndsWhatIsPending) {
    start();
    if (IsSkipped()) return;
    Server server{Service::silent, ""};
    auto stream = open(server);
    ASSERT_TRUE(stream);
    char byte = 0;
    int ended = 0;
    boost::asio::mutable_buffer into{&byte, 1};
    auto note = [&](boost::system::error_code ec, std::size_t) { ended += ec == boost::asio::error::operation_aborted; };
    stream->start_read_some({&into, 1}, note);
    stream->start_wait_readable(note);
    stream->close();
    stream->close();
    EXPECT_EQ(ended, 0);
    EXPECT_TRUE(run_until(context_, [&] { return ended == 2; }));
    auto after = run(stream->read_some(into));
    ASSERT_FALSE(after);
    EXPECT_EQ(after.error().code(), Errc::ended);
    EXPECT_TRUE(run_until(context_, [&] { return server.open() == 0 || link().report().channels == 0; }));
}

TEST_F(Stream, MayBeDestroyedWithAReadPending) {
    start();
    if (IsSkipped()) return;
    Server server{Service::silent, ""};
    auto stream = open(server);
    ASSERT_TRUE(stream);
    char byte = 0;
    bool has_ended = false;
    boost::asio::mutable_buffer into{&byte, 1};
    stream->start_read_some({&into, 1}, [&](boost::system::error_code ec, std::size_t) {
        has_ended = ec == boost::asio::error::operation_aborted;
    });
    stream.reset();
    EXPECT_TRUE(run_until(context_, [&] { return has_ended && link().report().channels == 0; }));
}

TEST_F(Stream, AReadIsCancelledAndTheSessionLives) {
    start();
    if (IsSkipped()) return;
    Server silent{Service::silent, ""}, echo{Service::echo, ""};
    auto stream = open(silent), other = open(echo);
    ASSERT_TRUE(stream && other);
    char byte = 0;
    auto reading = stream->read_some(boost::asio::buffer(&byte, 1));
    auto read = run(net::with_deadline(std::move(reading), deadline_in(50ms)));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), Errc::timed_out);
    EXPECT_EQ(exchange(*other, "still here"), "still here");
}

// ---- many and much --------------------------------------------------------------------------------------

Task<void> talk(ssh::HostLink& link, std::uint16_t port, int number, Deadline deadline, int& good) {
    auto executor = co_await boost::asio::this_coro::executor;
    auto stream = co_await link.dial_port(port, executor, deadline);
    if (!stream) co_return;
    std::string text = "number " + std::to_string(number) + std::string(static_cast<std::size_t>(number) * 37, 'x');
    for (int i = 0; i < 3; ++i) {
        auto answer = co_await converse(**stream, text);
        if (answer != text) co_return;
    }
    ++good;
}

TEST_F(Stream, AHundredAtOnce) {
    start();
    if (IsSkipped()) return;
    Server echo{Service::echo, ""};
    net::TaskScope scope{executor(), "hundred"};
    int good = 0;
    for (int i = 0; i < 100; ++i) scope.spawn(talk(link(), echo.port(), i, deadline_in(20s), good));
    run(scope.join());
    EXPECT_EQ(good, 100);
    EXPECT_EQ(link().report().connections, 1);
    EXPECT_TRUE(run_until(context_, [&] { return echo.open() == 0; })) << echo.open() << " left open over there";
}

TEST_F(Stream, AReaderThatStopsHoldsTheSenderAndNobodyElse) {
    start();
    if (IsSkipped()) return;
    Server source{Service::source, ""}, echo{Service::echo, ""};
    auto stream = open(source), other = open(echo);
    ASSERT_TRUE(stream && other);
    // Until nothing more goes: windows and socket buffers are full.
    std::uint64_t sent = 1, before = 0;
    for (int i = 0; i < 100 && sent != before; ++i) {
        before = sent;
        run(net::sleep_for(200ms));
        sent = source.sent();
    }
    EXPECT_EQ(sent, before);
    EXPECT_LT(sent, 24U << 20);
    EXPECT_EQ(exchange(*other, "goes through"), "goes through");
    EXPECT_TRUE(run(check_pattern(*stream, 8 << 20)));
}

TEST_F(Stream, AWriterWaitsForItsPeer) {
    start();
    if (IsSkipped()) return;
    Server silent{Service::silent, ""}, echo{Service::echo, ""};
    auto stream = open(silent), other = open(echo);
    ASSERT_TRUE(stream && other);
    auto sending = send_pattern(*stream, 200 << 20);
    auto sent = run(net::with_deadline(std::move(sending), deadline_in(1s)));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code(), Errc::timed_out);
    EXPECT_EQ(exchange(*other, "goes through"), "goes through");
}

Task<void> upload(ByteStream& stream, std::uint64_t size, int& good) {
    auto sent = co_await send_pattern(stream, size);
    stream.shutdown_write();
    std::array<char, 32> answer{};
    auto n = co_await stream.read_some(boost::asio::buffer(answer));
    good += sent && n && std::string(answer.data(), *n) == std::to_string(size);
}

Task<void> download(ByteStream& stream, std::uint64_t size, int& good) {
    bool is_right = co_await check_pattern(stream, size);
    good += is_right;
}

TEST_F(Stream, KeysAreExchangedAnewUnderLoad) {
    start("RekeyLimit 1M");
    if (IsSkipped()) return;
    auto settings = config();
    settings.rekey_bytes = 2 << 20;
    make_link(settings);
    Server source{Service::source, ""}, check{Service::check, ""};
    constexpr std::uint64_t size = 6 << 20;
    std::vector<ByteStreamPtr> streams;
    net::TaskScope scope{executor(), "rekey"};
    int good = 0;
    for (int i = 0; i < 3; ++i) {
        streams.push_back(open(source));
        ASSERT_TRUE(streams.back());
        scope.spawn(download(*streams.back(), size, good));
        streams.push_back(open(check));
        ASSERT_TRUE(streams.back());
        scope.spawn(upload(*streams.back(), size, good));
    }
    run(scope.join(), 45s);
    EXPECT_EQ(good, 6);
    EXPECT_EQ(link().report().state, "idle"); // the control connection was never needed
}

// ---- other threads --------------------------------------------------------------------------------------

TEST_F(Stream, LivesOnTheThreadThatItIsFor) {
    start();
    if (IsSkipped()) return;
    Server echo{Service::echo, ""};
    auto first = another_thread(), second = another_thread();
    auto a = run(link().dial_port(echo.port(), first, soon()));
    auto b = run(link().dial_port(echo.port(), second, soon()));
    auto c = run(link().dial_port(echo.port(), second, soon()));
    ASSERT_TRUE(a && b && c) << describe(a ? b.error() : a.error());
    EXPECT_EQ((*a)->executor(), first);
    EXPECT_EQ(link().report().connections, 2); // one for each thread
    EXPECT_EQ(run(net::run_on(first, converse(**a, "first"))), "first");
    EXPECT_EQ(run(net::run_on(second, converse(**b, "second"))), "second");
    a->reset(); // destroyed here, closed over there
    EXPECT_TRUE(run_until(context_, [&] { return echo.open() == 2; })) << echo.open();
    run(link().stop());
    EXPECT_TRUE(run_until(context_, [&] { return echo.open() == 0; })) << echo.open();
}

// A start waits for no second handshake: the probe's few bytes go where the engine's do.
TEST_F(Stream, ControlTrafficNeedsNoConnectionOfItsOwn) {
    start();
    if (IsSkipped()) return;
    auto settings = config();
    make_link(settings);
    Server echo{Service::echo, ""};
    ASSERT_TRUE(dial()); // to the engine
    auto little = run(link().dial_port(echo.port(), executor(), soon(), net::Traffic::control));
    ASSERT_TRUE(little) << describe(little.error());
    EXPECT_EQ(exchange(**little, "ready?"), "ready?");
    EXPECT_EQ(link().report().connections, 1);
    ASSERT_TRUE(dial_port(echo.port())); // a desktop
    EXPECT_EQ(link().report().connections, 2);
    auto other = another_thread();
    ASSERT_TRUE(run(link().dial_port(echo.port(), other, soon(), net::Traffic::control)));
    EXPECT_EQ(link().report().connections, 3); // the control session lives on core
}

// ---- cancellation -----------------------------------------------------------------------------------------

struct Storm {
    ssh::HostLink& link;
    std::uint16_t port;
    std::atomic<int> finished = 0, cut = 0, failed = 0;
};

Task<Status> one_request(Storm& storm, net::Executor executor, Deadline deadline, std::string text) {
    auto stream = co_await storm.link.dial_port(storm.port, executor, deadline);
    if (!stream) co_return stream.error();
    auto talking = converse(**stream, text);
    auto here = co_await boost::asio::this_coro::executor;
    std::string answer;
    // No co_await between '?' and ':': g++ 12 destroys what comes out of it twice.
    if (executor == here) answer = co_await std::move(talking);
    else answer = co_await net::run_on(executor, std::move(talking));
    if (answer != text) co_return Error{Errc::host_unreachable, answer};
    co_return Status{};
}

Task<void> worker(Storm& storm, net::Executor executor, unsigned seed, int rounds) {
    std::minstd_rand random{seed};
    for (int i = 0; i < rounds; ++i) {
        std::string text(1 + random() % 20'000, 'a');
        // At once, somewhere on the way, or not at all: on a busy machine nothing ends within the second.
        constexpr std::array<unsigned, 2> longest{3'000, 60'000};
        auto kind = random() % 4;
        auto limit = std::chrono::microseconds{kind < 3 ? random() % longest[kind % 2] : 10'000'000};
        auto request = one_request(storm, executor, deadline_in(10s), std::move(text));
        auto until = std::chrono::steady_clock::now() + limit;
        auto done = co_await net::with_deadline(std::move(request), until);
        if (done) ++storm.finished;
        else if (done.error().code() == Errc::timed_out) ++storm.cut;
        else ++storm.failed;
    }
}

Task<void> spoil(Sshd& sshd, int times) {
    for (int i = 0; i < times; ++i) {
        co_await net::sleep_for(250ms);
        sshd.kill_connections();
    }
}

TEST_F(Stream, SurvivesAStormOfCancellations) {
    start("MaxStartups 100");
    if (IsSkipped()) return;
    auto settings = config();
    make_link(settings);
    Server echo{Service::echo, ""};
    auto other = another_thread();
    ASSERT_TRUE(dial_port(echo.port()));
    auto descriptors = open_descriptors();
    constexpr int rounds = 50;
    Storm storm{link(), echo.port()};
    net::TaskScope scope{executor(), "storm"};
    for (unsigned i = 0; i < 40; ++i) {
        auto where = i % 4 == 0 ? other : executor();
        scope.spawn(worker(storm, where, i + 1, rounds));
    }
    scope.spawn(spoil(*sshd_, 8));
    run(scope.join(), 55s);
    EXPECT_EQ(storm.finished + storm.cut + storm.failed, 40 * rounds);
    EXPECT_GT(storm.finished, 100);
    EXPECT_GT(storm.cut, 250);
    // Nothing is left: not here, not over there.
    EXPECT_TRUE(run_until(context_, [&] { return link().report().channels == 0; })) << link().report().channels;
    EXPECT_TRUE(run_until(context_, [&] { return echo.open() == 0; })) << echo.open() << " left open over there";
    auto stream = dial_port(echo.port());
    ASSERT_TRUE(stream) << describe(stream.error());
    EXPECT_EQ(exchange(**stream, "after the storm"), "after the storm");
    EXPECT_LE(open_descriptors(), descriptors + 8);
}

} // namespace
} // namespace berth::test
