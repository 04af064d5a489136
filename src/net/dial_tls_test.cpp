// SPDX-License-Identifier: Apache-2.0
// The TLS dialer against a real server: who is believed, who is refused, and what a stream does.
#include "net/dialer.hpp"
#include "net/http_client.hpp"
#include "net/task_scope.hpp"
#include "net/test_peer.hpp"
#include "net/tls_lab.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/write.hpp>

#include <gtest/gtest.h>

#include <filesystem>

namespace berth::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Sends back what comes, until the client ends.
Task<void> echo(TlsPeer::Socket& socket) {
    char piece[16 * 1024];
    auto token = asio::as_tuple(asio::use_awaitable);
    while (true) {
        auto [ec, n] = co_await socket.async_read_some(asio::buffer(piece), token);
        if (ec) co_return;
        auto [failed, sent] = co_await asio::async_write(socket, asio::buffer(piece, n), token);
        if (failed || sent != n) co_return;
    }
}

// A word, and a proper end of it.
Task<void> say_bye(TlsPeer::Socket& socket) {
    auto token = asio::as_tuple(asio::use_awaitable);
    auto [failed, sent] = co_await asio::async_write(socket, asio::buffer("bye", 3), token);
    EXPECT_TRUE(!failed && sent == 3);
    auto [ec] = co_await socket.async_shutdown(token);
    static_cast<void>(ec); // waits for the client's own end, which may be a cut
}

// A word, and the connection is cut: whoever is in between can do that.
Task<void> cut_off(TlsPeer::Socket& socket) {
    auto token = asio::as_tuple(asio::use_awaitable);
    auto [failed, sent] = co_await asio::async_write(socket, asio::buffer("by", 2), token);
    EXPECT_TRUE(!failed && sent == 2);
    error_code ignored;
    socket.next_layer().close(ignored);
}

// Answers only when the client has said "end" in words: its half-close does not get through.
Task<void> answer_late(TlsPeer::Socket& socket) {
    auto token = asio::as_tuple(asio::use_awaitable);
    std::string got;
    while (got.find("end") == std::string::npos) {
        char piece[64];
        auto [ec, n] = co_await socket.async_read_some(asio::buffer(piece), token);
        if (ec) co_return;
        got.append(piece, n);
    }
    auto [failed, sent] = co_await asio::async_write(socket, asio::buffer("late", 4), token);
    EXPECT_TRUE(!failed && sent == 4);
    auto [ec] = co_await socket.async_shutdown(token);
    static_cast<void>(ec);
}

Task<void> serve_http(TlsPeer::Socket& socket) {
    auto token = asio::as_tuple(asio::use_awaitable);
    std::string got;
    while (true) {
        char piece[4096];
        auto [ec, n] = co_await socket.async_read_some(asio::buffer(piece), token);
        if (ec) co_return;
        got.append(piece, n);
        if (!got.ends_with("\r\n\r\n")) continue;
        got.clear();
        const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        auto [failed, sent] = co_await asio::async_write(socket, asio::buffer(answer), token);
        if (failed || sent != answer.size()) co_return;
    }
}

// An authority whose word the client takes, a server with a certificate of it, and a way there.
class TlsDialer : public ::testing::Test {
protected:
    void serve(const std::string& alt_names, TlsPeer::Script script = echo) {
        options_.files = authority_.issue(alt_names);
        serve_as_set(script);
    }
    void serve_as_set(TlsPeer::Script script = echo) { peer_.emplace(context_, options_, script); }

    TlsFiles files() const {
        TlsFiles files;
        files.ca = authority_.ca_file();
        return files;
    }
    Result<ByteStreamPtr> dial(const std::string& host, TlsFiles files) {
        auto dialer = make_tls_dialer(host, peer_->port(), std::move(files));
        return test::run_task(context_, dialer->dial(context_.get_executor(), deadline_in(Seconds{10})));
    }
    // A connection that must succeed.
    ByteStreamPtr connect(const std::string& host = "127.0.0.1") {
        auto stream = dial(host, files());
        if (!stream) throw std::runtime_error(berth::describe(stream.error()));
        return std::move(*stream);
    }
    static void expect_refused(const Result<ByteStreamPtr>& stream, const std::string& why) {
        ASSERT_FALSE(stream);
        const auto error = stream.error();
        EXPECT_EQ(error.code(), Errc::host_unreachable);
        EXPECT_NE(error.operator_text().find(why), std::string::npos) << error.operator_text();
    }
    std::string read_to_end(ByteStream& stream, Status* how = nullptr) {
        return test::run_task(context_, read_all(&stream, how));
    }

    static Task<std::string> read_all(ByteStream* stream, Status* how) {
        std::string all;
        char piece[16 * 1024];
        while (true) {
            auto n = co_await stream->read_some(asio::buffer(piece));
            if (!n && how != nullptr) *how = n.error();
            if (!n || *n == 0) co_return all;
            all.append(piece, *n);
        }
    }

    TestAuthority authority_{"berth test authority"};
    asio::io_context context_;
    TlsPeer::Options options_;
    std::optional<TlsPeer> peer_;
};

const std::string not_believed = "certificate verify failed";

// ---- who is believed ----------------------------------------------------------------------------

TEST_F(TlsDialer, BelievesAKnownAuthorityAndTheRightName) {
    serve("DNS:localhost");
    auto stream = connect("localhost");
    EXPECT_EQ(stream->peer(), "127.0.0.1");
    EXPECT_EQ(stream->release_descriptor(), -1) << "there is more to it than a socket";
    test::run_task(context_, send_text(*stream, "hello"));
    EXPECT_EQ(test::run_task(context_, read_until(*stream, "hello")), "hello");
    EXPECT_EQ(peer_->server_name(), "localhost");
    EXPECT_FALSE(peer_->has_client_certificate());
}

TEST_F(TlsDialer, AnAddressIsProvedByTheCertificateTooAndNotSentAsName) {
    serve("IP:127.0.0.1");
    auto stream = connect("127.0.0.1");
    test::run_task(context_, send_text(*stream, "hello"));
    EXPECT_EQ(test::run_task(context_, read_until(*stream, "hello")), "hello");
    EXPECT_EQ(peer_->handshakes(), 1);
    EXPECT_EQ(peer_->server_name(), "");
    expect_refused(dial("localhost", files()), not_believed);
}

TEST_F(TlsDialer, RefusesAnotherNameUnlessToldNotToLook) {
    serve("DNS:elsewhere.example");
    expect_refused(dial("localhost", files()), not_believed);
    expect_refused(dial("127.0.0.1", files()), not_believed);
    EXPECT_EQ(peer_->handshakes(), 0);
    auto lenient = files();
    lenient.verify_host = false;
    EXPECT_TRUE(dial("localhost", lenient));
}

TEST_F(TlsDialer, RefusesAnUnknownAuthorityEvenIfTheNameIsNotLookedAt) {
    serve("DNS:localhost");
    const TestAuthority other{"somebody else"};
    TlsFiles theirs;
    theirs.ca = other.ca_file();
    expect_refused(dial("localhost", theirs), not_believed);
    theirs.verify_host = false;
    expect_refused(dial("localhost", theirs), not_believed);
    expect_refused(dial("localhost", TlsFiles{}), not_believed); // the system's authorities
    EXPECT_EQ(peer_->handshakes(), 0);
}

TEST_F(TlsDialer, RefusesAnExpiredCertificate) {
    options_.files = authority_.issue("DNS:localhost", -60);
    serve_as_set();
    expect_refused(dial("localhost", files()), not_believed);
}

TEST_F(TlsDialer, RefusesAnOldProtocol) {
    options_.newest = TLS1_1_VERSION;
    serve("DNS:localhost");
    expect_refused(dial("localhost", files()), "TLS handshake");
    EXPECT_EQ(peer_->handshakes(), 0);
    options_.newest = TLS1_2_VERSION;
    serve("DNS:localhost");
    EXPECT_TRUE(dial("localhost", files()));
}

TEST_F(TlsDialer, NamesTheFileThatCannotBeRead) {
    serve("DNS:localhost");
    auto broken = files();
    broken.ca = authority_.directory() + "/none.pem";
    expect_refused(dial("localhost", broken), "none.pem");
    broken = files();
    broken.cert = authority_.directory() + "/no-cert.pem";
    expect_refused(dial("localhost", broken), "no-cert.pem");
    broken.cert = authority_.issue("DNS:me").cert;
    broken.key = authority_.issue("DNS:me").key; // of another certificate
    expect_refused(dial("localhost", broken), broken.key);
    EXPECT_EQ(peer_->accepted(), 0) << "looked at before anything is sent";
}

TEST_F(TlsDialer, ReadsItsFilesAtEachDialBecauseTheyAreRenewed) {
    serve("DNS:localhost");
    auto mine = files();
    mine.ca = authority_.directory() + "/renewed.pem";
    auto dialer = make_tls_dialer("localhost", peer_->port(), mine);
    auto try_once = [&] {
        auto task = dialer->dial(context_.get_executor(), deadline_in(Seconds{10}));
        return test::run_task(context_, std::move(task)).has_value();
    };
    EXPECT_FALSE(try_once());
    std::filesystem::copy_file(authority_.ca_file(), mine.ca);
    EXPECT_TRUE(try_once());
}

// ---- client certificates --------------------------------------------------------------------------

TEST_F(TlsDialer, ShowsItsOwnCertificateWhenItIsDemanded) {
    options_.client_ca = authority_.ca_file();
    serve("DNS:localhost");
    auto mine = files();
    const auto own = authority_.issue("DNS:berth");
    mine.cert = own.cert;
    mine.key = own.key;
    auto stream = dial("localhost", mine);
    ASSERT_TRUE(stream) << berth::describe(stream.error());
    test::run_task(context_, send_text(**stream, "it is me"));
    EXPECT_EQ(test::run_task(context_, read_until(**stream, "me")), "it is me");
    EXPECT_TRUE(peer_->has_client_certificate());
}

TEST_F(TlsDialer, WithoutTheDemandedCertificateNothingIsExchanged) {
    options_.client_ca = authority_.ca_file();
    options_.newest = TLS1_2_VERSION;
    serve("DNS:localhost");
    expect_refused(dial("localhost", files()), "TLS handshake");
    // In TLS 1.3 the client's part ends first: the refusal comes with the first answer.
    options_.newest = TLS1_3_VERSION;
    serve("DNS:localhost");
    auto stream = dial("localhost", files());
    if (stream) {
        Status how;
        EXPECT_EQ(read_to_end(**stream, &how), "");
        ASSERT_FALSE(how);
        EXPECT_EQ(how.error().code(), Errc::host_unreachable);
    }
    EXPECT_EQ(peer_->handshakes(), 0);
}

// ---- time -----------------------------------------------------------------------------------------

// Takes the greeting and says nothing.
Task<void> stay_silent(ByteStreamPtr stream, int) { co_await drain(*stream); }

TEST_F(TlsDialer, AServerThatNeverAnswersIsATimeOut) {
    TestPeer silent{context_, stay_silent};
    auto dialer = make_tls_dialer("localhost", silent.port(), files());
    const auto begin = std::chrono::steady_clock::now();
    auto task = dialer->dial(context_.get_executor(), deadline_in(Milliseconds{200}));
    auto stream = test::run_task(context_, std::move(task));
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Errc::timed_out);
    EXPECT_NE(stream.error().operator_text().find("tls://localhost:"), std::string::npos);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, Seconds{5});
    EXPECT_EQ(silent.accepted(), 1);
}

Task<void> dial_for_ever(Dialer* dialer, bool* is_cancelled) {
    auto executor = co_await asio::this_coro::executor;
    try {
        auto stream = co_await dialer->dial(executor, Deadline::max());
        static_cast<void>(stream);
    } catch (const boost::system::system_error& error) {
        *is_cancelled = error.code() == asio::error::operation_aborted;
        throw;
    }
}

TEST_F(TlsDialer, CancellingAHandshakeUnwinds) {
    TestPeer silent{context_, stay_silent};
    auto dialer = make_tls_dialer("127.0.0.1", silent.port(), files());
    bool is_cancelled = false;
    TaskScope scope{context_.get_executor(), "test"};
    scope.spawn(dial_for_ever(dialer.get(), &is_cancelled));
    ASSERT_TRUE(test::run_until(context_, [&] { return silent.accepted() == 1; }));
    test::run_task(context_, scope.stop());
    EXPECT_TRUE(is_cancelled);
}

// ---- the stream -----------------------------------------------------------------------------------

Task<void> write_big(ByteStream* stream, const std::string* text) {
    auto sent = co_await stream->write_all(asio::buffer(*text));
    EXPECT_TRUE(sent) << berth::describe(sent.error());
}

Task<std::string> read_size(ByteStream* stream, std::size_t size) {
    std::string all(size, '\0');
    auto got = co_await stream->read_exactly(asio::buffer(all));
    EXPECT_TRUE(got) << berth::describe(got.error());
    co_return all;
}

TEST_F(TlsDialer, MovesMuchInBothDirectionsAtOnce) {
    serve("IP:127.0.0.1");
    auto stream = connect();
    std::string big(8 * 1024 * 1024, '\0');
    for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 2654435761U >> 13);
    TaskScope scope{context_.get_executor(), "test"};
    scope.spawn(write_big(stream.get(), &big));
    EXPECT_TRUE(test::run_task(context_, read_size(stream.get(), big.size())) == big);
    test::run_task(context_, scope.join());
}

TEST_F(TlsDialer, WaitingForBytesLosesNone) {
    serve("IP:127.0.0.1");
    auto stream = connect();
    for (int i = 0; i < 3; ++i) {
        test::run_task(context_, send_text(*stream, "abc"));
        for (int again = 0; again < 2; ++again) {
            auto waited = test::run_task(context_, stream->wait_readable());
            ASSERT_TRUE(waited) << berth::describe(waited.error());
        }
        EXPECT_EQ(test::run_task(context_, read_until(*stream, "abc")), "abc");
    }
}

TEST_F(TlsDialer, TheEndOfTheOtherSideIsAnEndACutIsAFailure) {
    serve("IP:127.0.0.1", say_bye);
    Status how;
    EXPECT_EQ(read_to_end(*connect(), &how), "bye");
    EXPECT_TRUE(how) << berth::describe(how.error());
    serve("IP:127.0.0.1", cut_off);
    EXPECT_EQ(read_to_end(*connect(), &how), "by");
    ASSERT_FALSE(how) << "a shortened answer must not look like a whole one";
    EXPECT_EQ(how.error().code(), Errc::host_unreachable);
}

TEST_F(TlsDialer, EndingOurSideLeavesTheAnswerReadable) {
    serve("IP:127.0.0.1", answer_late);
    auto stream = connect();
    test::run_task(context_, send_text(*stream, "the end"));
    stream->shutdown_write();
    stream->shutdown_write();
    Status how;
    EXPECT_EQ(read_to_end(*stream, &how), "late");
    EXPECT_TRUE(how);
}

TEST_F(TlsDialer, ClosingEndsWhatIsPending) {
    serve("IP:127.0.0.1");
    auto stream = connect();
    Status how;
    bool is_done = false;
    TaskScope scope{context_.get_executor(), "test"};
    auto reading = [](ByteStream* from, Status* end, bool* done) -> Task<void> {
        auto text = co_await read_all(from, end);
        EXPECT_EQ(text, "");
        *done = true;
    };
    scope.spawn(reading(stream.get(), &how, &is_done));
    context_.poll();
    stream->close();
    stream->close();
    ASSERT_TRUE(test::run_until(context_, [&] { return is_done; }));
    ASSERT_FALSE(how);
    EXPECT_EQ(how.error().code(), Errc::ended);
    test::run_task(context_, scope.join());
}

TEST_F(TlsDialer, CarriesTheHttpClientWhichKeepsTheConnection) {
    serve("DNS:localhost", serve_http);
    auto dialer = make_tls_dialer("localhost", peer_->port(), files());
    HttpClient client{context_.get_executor(), *dialer, HttpClient::Config{}};
    for (int i = 0; i < 3; ++i) {
        HttpRequest request{"GET", "/"};
        auto task = client.exchange(std::move(request), deadline_in(Seconds{10}));
        auto reply = test::run_task(context_, std::move(task));
        ASSERT_TRUE(reply) << berth::describe(reply.error());
        EXPECT_EQ(reply->body, "hello");
    }
    EXPECT_EQ(peer_->accepted(), 1);
}

} // namespace
} // namespace berth::net
