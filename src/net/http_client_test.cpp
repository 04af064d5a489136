// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.hpp"

#include "net/task_scope.hpp"
#include "net/test_peer.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

namespace berth::net {
namespace {

namespace asio = boost::asio;

constexpr auto end_of_head = "\r\n\r\n";
constexpr auto hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

// A peer, a dialer to it and a client.
struct Fixture {
    explicit Fixture(TestPeer::Script script, std::size_t kept = 4)
        : peer{context, script}
        , dialer{make_tcp_dialer("127.0.0.1", peer.port())}
        , client{context.get_executor(), *dialer, config(kept)} {}

    static HttpClient::Config config(std::size_t kept) {
        HttpClient::Config c;
        c.host_header = "peer";
        c.kept_connections = kept;
        return c;
    }

    Result<HttpReply> exchange(HttpRequest request, std::size_t max_body = 1024 * 1024) {
        auto task = client.exchange(std::move(request), deadline_in(Seconds{10}), max_body);
        return test::run_task(context, std::move(task));
    }
    Result<HttpReply> get(std::string target = "/") {
        return exchange(HttpRequest{"GET", std::move(target)});
    }
    // The code of the failure; internal when there is none, which no test here expects.
    Errc failure_of(HttpRequest request, std::size_t max_body = 1024 * 1024) {
        auto reply = exchange(std::move(request), max_body);
        return reply ? Errc::internal : reply.error().code();
    }

    asio::io_context context;
    TestPeer peer;
    std::unique_ptr<Dialer> dialer;
    HttpClient client;
};

// Answers every request with `hello`.
Task<void> serve_hello(ByteStreamPtr stream, int) {
    while (true) {
        auto request = co_await read_until(*stream, end_of_head);
        if (request.empty()) break;
        co_await send_text(*stream, hello);
    }
}

Task<void> answer_all(ByteStreamPtr stream, std::string text) {
    while (true) {
        auto request = co_await read_until(*stream, end_of_head);
        if (request.empty()) break;
        co_await send_text(*stream, text);
    }
}

Task<void> answer_once(ByteStreamPtr stream, std::string text) {
    co_await read_until(*stream, end_of_head);
    co_await send_text(*stream, text);
}

// Byte by byte: every way a message can be cut into reads.
Task<void> answer_in_bytes(ByteStreamPtr stream, std::string text) {
    while (true) {
        auto request = co_await read_until(*stream, end_of_head);
        if (request.empty()) break;
        for (char c : text) {
            std::string one(1, c);
            co_await send_text(*stream, std::move(one));
        }
    }
}

template <const char* Text>
Task<void> serve_text(ByteStreamPtr stream, int) {
    return answer_all(std::move(stream), Text);
}

template <const char* Text>
Task<void> serve_text_and_close(ByteStreamPtr stream, int) {
    return answer_once(std::move(stream), Text);
}

template <const char* Text>
Task<void> serve_slowly(ByteStreamPtr stream, int) {
    return answer_in_bytes(std::move(stream), Text);
}

Task<void> serve_echo_of_head(ByteStreamPtr stream, int) {
    auto head = co_await read_until(*stream, end_of_head);
    auto reply = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(head.size()) + "\r\n\r\n" + head;
    co_await send_text(*stream, std::move(reply));
}

TEST(HttpClient, SendsOneStrictRequest) {
    Fixture f{serve_echo_of_head};
    HttpRequest request{"POST", "/containers/create?name=a", "{}"};
    auto reply = f.exchange(std::move(request));
    ASSERT_TRUE(reply) << describe(reply.error());
    EXPECT_EQ(
        reply->body,
        "POST /containers/create?name=a HTTP/1.1\r\nHost: peer\r\nUser-Agent: berth\r\n"
        "Content-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"
    );
}

TEST(HttpClient, UsesAKeptConnectionAgain) {
    Fixture f{serve_hello};
    for (int i = 0; i < 5; ++i) {
        auto reply = f.get();
        ASSERT_TRUE(reply) << describe(reply.error());
        EXPECT_EQ(reply->status, 200);
        EXPECT_EQ(reply->body, "hello");
    }
    EXPECT_EQ(f.peer.accepted(), 1);
    f.client.drop_idle();
    EXPECT_TRUE(f.get());
    EXPECT_EQ(f.peer.accepted(), 2);
}

TEST(HttpClient, KeepsNoConnectionWhenToldSo) {
    Fixture f{serve_hello, 0};
    EXPECT_TRUE(f.get());
    EXPECT_TRUE(f.get());
    EXPECT_EQ(f.peer.accepted(), 2);
}

constexpr char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "3\r\nabc\r\n5;ext=1\r\ndefgh\r\n0\r\nTrailer: x\r\n\r\n";
TEST(HttpClient, ReadsChunksHoweverTheyAreCut) {
    Fixture f{serve_slowly<chunked>};
    for (int i = 0; i < 2; ++i) {
        auto reply = f.get();
        ASSERT_TRUE(reply) << describe(reply.error());
        EXPECT_EQ(reply->body, "abcdefgh");
    }
    EXPECT_EQ(f.peer.accepted(), 1);
}

constexpr char sized[] = "HTTP/1.1 201 Created\r\nX-A: 1\r\nx-b:  two \r\nContent-Length: 5\r\n\r\nhello";
TEST(HttpClient, ReadsASizedBodyHoweverItIsCut) {
    Fixture f{serve_slowly<sized>};
    auto reply = f.get();
    ASSERT_TRUE(reply) << describe(reply.error());
    EXPECT_EQ(reply->status, 201);
    EXPECT_EQ(reply->body, "hello");
    EXPECT_EQ(find_header(reply->headers, "x-a"), "1");
    EXPECT_EQ(find_header(reply->headers, "X-B"), "two");
    EXPECT_EQ(find_header(reply->headers, "X-C"), "");
}

constexpr char until_end[] = "HTTP/1.1 200 OK\r\n\r\nall of it";
TEST(HttpClient, ReadsABodyThatEndsWithTheConnection) {
    Fixture f{serve_text_and_close<until_end>};
    auto reply = f.get();
    ASSERT_TRUE(reply) << describe(reply.error());
    EXPECT_EQ(reply->body, "all of it");
    EXPECT_TRUE(f.get());
    EXPECT_EQ(f.peer.accepted(), 2);
}

constexpr char interim[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
                           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
TEST(HttpClient, PassesOverInterimAnswers) {
    Fixture f{serve_slowly<interim>};
    auto reply = f.get();
    ASSERT_TRUE(reply) << describe(reply.error());
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->body, "ok");
    EXPECT_EQ(find_header(reply->headers, "Link"), "");
}

constexpr char sized_head[] = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n";
constexpr char no_content[] = "HTTP/1.1 204 No Content\r\n\r\n";
constexpr char not_modified[] = "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n";
TEST(HttpClient, KnowsAnswersWithoutABody) {
    Fixture head{serve_text<sized_head>}, none{serve_text<no_content>}, same{serve_text<not_modified>};
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(head.exchange(HttpRequest{"HEAD", "/"}));
        EXPECT_TRUE(none.get());
        EXPECT_TRUE(same.get());
    }
    EXPECT_EQ(head.peer.accepted() + none.peer.accepted() + same.peer.accepted(), 3);
}

constexpr char closing[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
constexpr char old[] = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr char chatty[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n";
TEST(HttpClient, DoesNotKeepWhatThePeerSpoils) {
    Fixture a{serve_text<closing>}, b{serve_text<old>}, c{serve_text<chatty>};
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(a.get());
        EXPECT_TRUE(b.get());
        EXPECT_TRUE(c.get());
    }
    EXPECT_EQ(a.peer.accepted(), 2);
    EXPECT_EQ(b.peer.accepted(), 2);
    EXPECT_EQ(c.peer.accepted(), 2);
}

Task<void> answer_once_and_close(ByteStreamPtr stream, int) {
    co_await read_until(*stream, end_of_head);
    co_await send_text(*stream, hello);
}

TEST(HttpClient, NoticesAKeptConnectionThatThePeerHasClosed) {
    Fixture f{answer_once_and_close};
    EXPECT_TRUE(f.get());
    // The end has arrived when the peer's script is over; even a POST may go out again then,
    // since nothing was sent on the dead connection.
    test::run_until(f.context, [] { return false; }, Milliseconds{5});
    auto reply = f.exchange(HttpRequest{"POST", "/", "x"});
    EXPECT_TRUE(reply) << describe(reply.error());
    EXPECT_EQ(f.peer.accepted(), 2);
}

// Closes the first connection in answer to its second request: the race of rule 29.
Task<void> die_at_second_request(ByteStreamPtr stream, int number) {
    co_await read_until(*stream, end_of_head);
    co_await send_text(*stream, hello);
    co_await read_until(*stream, end_of_head);
    if (number > 0) co_await send_text(*stream, hello);
}

TEST(HttpClient, RepeatsWhatMayBeRepeatedOnce) {
    HttpRequest idempotent{"POST", "/start"};
    idempotent.is_idempotent = true;
    for (auto& request : {HttpRequest{"GET", "/"}, HttpRequest{"DELETE", "/"}, idempotent}) {
        Fixture f{die_at_second_request};
        EXPECT_TRUE(f.get());
        auto reply = f.exchange(request);
        EXPECT_TRUE(reply) << describe(reply.error());
        EXPECT_EQ(f.peer.accepted(), 2);
    }
}

TEST(HttpClient, DoesNotRepeatAPost) {
    Fixture f{die_at_second_request};
    EXPECT_TRUE(f.get());
    EXPECT_EQ(f.failure_of(HttpRequest{"POST", "/", "x"}), Errc::host_unreachable);
    EXPECT_EQ(f.peer.accepted(), 1);
}

Task<void> say_nothing_and_close(ByteStreamPtr stream, int) {
    co_await read_until(*stream, end_of_head);
}

TEST(HttpClient, DoesNotRepeatOnAFreshConnection) {
    Fixture f{say_nothing_and_close};
    EXPECT_EQ(f.failure_of(HttpRequest{"GET", "/"}), Errc::host_unreachable);
    EXPECT_EQ(f.peer.accepted(), 1);
}

Task<void> reset_in_body(ByteStreamPtr stream, int) {
    co_await read_until(*stream, end_of_head);
    co_await send_text(*stream, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
    auto descriptor = stream->release_descriptor();
    linger at_once{1, 0};
    ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(descriptor);
}

constexpr char short_sized[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart";
constexpr char short_chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel";
constexpr char short_head[] = "HTTP/1.1 200 OK\r\nContent-Le";
TEST(HttpClient, AnAnswerCutShortIsALostHost) {
    Fixture a{reset_in_body}, b{serve_text_and_close<short_sized>};
    Fixture c{serve_text_and_close<short_chunked>}, d{serve_text_and_close<short_head>};
    for (auto* f : {&a, &b, &c, &d})
        EXPECT_EQ(f->failure_of(HttpRequest{"GET", "/"}), Errc::host_unreachable);
}

constexpr char junk[] = "SSH-2.0-OpenSSH_9.2\r\n\r\n";
constexpr char both[] =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
constexpr char both_turned[] =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n";
constexpr char two_lengths[] =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!";
constexpr char negative[] = "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n";
constexpr char unknown_coding[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n";
constexpr char bad_chunk[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
constexpr char unasked[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n";
TEST(HttpClient, AnAnswerThatIsNotHttpIsAViolation) {
    Fixture a{serve_text<junk>}, b{serve_text<both>}, c{serve_text<both_turned>};
    Fixture d{serve_text<two_lengths>}, e{serve_text<negative>}, f{serve_text<unknown_coding>};
    Fixture g{serve_text<bad_chunk>}, h{serve_text<unasked>};
    int i = 0;
    for (auto* x : {&a, &b, &c, &d, &e, &f, &g, &h}) {
        EXPECT_EQ(x->failure_of(HttpRequest{"GET", "/"}), Errc::protocol_violation) << i++;
        EXPECT_EQ(x->failure_of(HttpRequest{"GET", "/"}), Errc::protocol_violation);
        EXPECT_EQ(x->peer.accepted(), 2); // such a connection is not used again
    }
}

Task<void> serve_endless_head(ByteStreamPtr stream, int) {
    co_await read_until(*stream, end_of_head);
    co_await send_text(*stream, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 10000; ++i) co_await send_text(*stream, "X-Filler: 0123456789\r\n");
}

Task<void> serve_endless_chunk_head(ByteStreamPtr stream, int) {
    co_await read_until(*stream, end_of_head);
    co_await send_text(*stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;");
    std::string filler(100000, 'x');
    co_await send_text(*stream, std::move(filler));
    co_await drain(*stream);
}

TEST(HttpClient, BoundsWhatItHoldsInMemory) {
    Fixture a{serve_endless_head}, b{serve_endless_chunk_head};
    EXPECT_EQ(a.failure_of(HttpRequest{"GET", "/"}), Errc::protocol_violation);
    EXPECT_EQ(b.failure_of(HttpRequest{"GET", "/"}), Errc::protocol_violation);
}

Task<void> serve_endless_chunks(ByteStreamPtr stream, int) {
    co_await read_until(*stream, end_of_head);
    co_await send_text(*stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 100000; ++i) {
        std::string chunk = "400\r\n" + std::string(1024, 'x') + "\r\n";
        auto sent = co_await stream->write_all(asio::buffer(chunk));
        if (!sent) break;
    }
}

TEST(HttpClient, RefusesABodyOverTheBound) {
    Fixture a{serve_text<short_sized>}, b{serve_endless_chunks}, c{serve_hello};
    EXPECT_EQ(a.failure_of(HttpRequest{"GET", "/"}, 99), Errc::too_large);
    EXPECT_EQ(b.failure_of(HttpRequest{"GET", "/"}, 5000), Errc::too_large);
    EXPECT_EQ(c.failure_of(HttpRequest{"GET", "/"}, 4), Errc::too_large);
    auto fits = c.exchange(HttpRequest{"GET", "/"}, 5);
    EXPECT_TRUE(fits);
    EXPECT_EQ(c.peer.accepted(), 2);
}

// The first connection never answers.
Task<void> sleep_then_serve(ByteStreamPtr stream, int number) {
    if (number == 0) co_await drain(*stream);
    else co_await serve_hello(std::move(stream), number);
}

TEST(HttpClient, AnAnswerThatDoesNotComeIsLate) {
    Fixture f{sleep_then_serve};
    auto task = f.client.exchange(HttpRequest{"GET", "/x?token=secret"}, deadline_in(Milliseconds{20}));
    auto reply = test::run_task(f.context, std::move(task));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code(), Errc::timed_out);
    EXPECT_NE(reply.error().operator_text().find("GET /x: tcp://127.0.0.1"), std::string::npos);
    EXPECT_EQ(reply.error().operator_text().find("secret"), std::string::npos);
    EXPECT_TRUE(f.get());
    EXPECT_EQ(f.peer.accepted(), 2);
}

Task<void> give_up_half_way(HttpClient* client) {
    auto reply = co_await client->exchange(HttpRequest{"GET", "/"}, deadline_in(Seconds{60}));
    ADD_FAILURE() << "not cancelled: " << (reply ? "reply" : describe(reply.error()));
}

Task<void> answer_half(ByteStreamPtr stream, int number) {
    if (number > 0) co_return co_await serve_hello(std::move(stream), number);
    co_await read_until(*stream, end_of_head);
    co_await send_text(*stream, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
    co_await drain(*stream);
}

TEST(HttpClient, ACancelledExchangeTakesItsConnectionWithIt) {
    Fixture f{answer_half};
    TaskScope scope{f.context.get_executor(), "test"};
    scope.spawn(give_up_half_way(&f.client));
    ASSERT_TRUE(test::run_until(f.context, [&] { return f.peer.accepted() == 1; }));
    test::run_until(f.context, [] { return false; }, Milliseconds{5}); // the half answer arrives
    test::run_task(f.context, scope.stop());
    auto reply = f.get();
    ASSERT_TRUE(reply) << describe(reply.error());
    EXPECT_EQ(reply->body, "hello");
    EXPECT_EQ(f.peer.accepted(), 2);
}

TEST(HttpClient, RefusesRequestsThatWouldSayMore) {
    Fixture f{serve_hello};
    for (auto target : {"", "x", "http://a/", "/a b", "/a\r\nX: y", "/\t", "/\x7f", "/\xc3\xa4"})
        EXPECT_EQ(f.failure_of(HttpRequest{"GET", target}), Errc::invalid_input) << target;
    EXPECT_EQ(f.failure_of(HttpRequest{"GET /x", "/"}), Errc::invalid_input);
    for (auto& [name, value] : HttpHeaders{{"X", "a\r\nY: b"}, {"X: y", "z"}, {"", "z"}, {"X", "\x01"}}) {
        HttpRequest request{"GET", "/"};
        request.headers.emplace_back(name, value);
        EXPECT_EQ(f.failure_of(std::move(request)), Errc::invalid_input) << name << value;
    }
    EXPECT_EQ(f.peer.accepted(), 0);
}

TEST(HttpClient, ARefusedDialIsALostHost) {
    asio::io_context context;
    auto nowhere = make_unix_dialer("/nonexistent/docker.sock");
    HttpClient client{context.get_executor(), *nowhere, HttpClient::Config{}};
    auto task = client.exchange(HttpRequest{"GET", "/"}, deadline_in(Seconds{5}));
    auto reply = test::run_task(context, std::move(task));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code(), Errc::host_unreachable);
    EXPECT_NE(reply.error().operator_text().find("/nonexistent"), std::string::npos);
}

// Says no before the body is there, and stops reading.
Task<void> refuse_early(ByteStreamPtr stream, int) {
    co_await read_until(*stream, end_of_head);
    co_await send_text(*stream, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    stream->shutdown_write();
    co_await drain(*stream);
}

TEST(HttpClient, TakesARefusalThatComesBeforeTheBodyIsSent) {
    Fixture f{refuse_early};
    auto reply = f.exchange(HttpRequest{"PUT", "/archive", std::string(4 << 20, 'x'), "application/x-tar"});
    ASSERT_TRUE(reply) << describe(reply.error());
    EXPECT_EQ(reply->status, 413);
}

TEST(HttpClient, RunsManyExchangesAtOnceAndKeepsAFew) {
    Fixture f{serve_hello, 4};
    TaskScope scope{f.context.get_executor(), "test"};
    int good = 0;
    auto one = [](HttpClient* client, int* count) -> Task<void> {
        auto reply = co_await client->exchange(HttpRequest{"GET", "/"}, deadline_in(Seconds{10}));
        if (reply && reply->body == "hello") ++*count;
    };
    for (int i = 0; i < 20; ++i) scope.spawn(one(&f.client, &good));
    test::run_task(f.context, scope.join());
    EXPECT_EQ(good, 20);
    EXPECT_EQ(f.peer.accepted(), 20);
    for (int i = 0; i < 4; ++i) scope.spawn(one(&f.client, &good));
    test::run_task(f.context, scope.join());
    EXPECT_EQ(good, 24);
    EXPECT_EQ(f.peer.accepted(), 20);
}

// Streamed answers.

Task<std::string> read_all(HttpBodyStream& body, Result<std::string>* last) {
    std::string all;
    while (true) {
        *last = co_await body.next();
        if (!*last || (*last)->empty()) break;
        EXPECT_LE((*last)->size(), 64u * 1024);
        all += **last;
    }
    co_return all;
}

Result<std::unique_ptr<HttpBodyStream>> open(Fixture& f) {
    auto task = f.client.open(HttpRequest{"GET", "/events"}, deadline_in(Seconds{10}));
    return test::run_task(f.context, std::move(task));
}

TEST(HttpBodyStream, GivesThePiecesAndThenTheConnectionBack) {
    Fixture f{serve_slowly<chunked>};
    auto body = open(f);
    ASSERT_TRUE(body) << describe(body.error());
    EXPECT_EQ((*body)->head().status, 200);
    Result<std::string> last;
    EXPECT_EQ(test::run_task(f.context, read_all(**body, &last)), "abcdefgh");
    ASSERT_TRUE(last);
    auto again = test::run_task(f.context, (*body)->next());
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, "");
    EXPECT_TRUE(f.get());
    EXPECT_EQ(f.peer.accepted(), 1);
}

Task<void> serve_large(ByteStreamPtr stream, int) {
    co_await read_until(*stream, end_of_head);
    std::string reply = "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + std::string(3000000, 'x');
    co_await send_text(*stream, std::move(reply));
    co_await drain(*stream);
}

TEST(HttpBodyStream, BoundsEachPieceOfALargeBody) {
    Fixture f{serve_large};
    auto body = open(f);
    ASSERT_TRUE(body);
    Result<std::string> last;
    EXPECT_EQ(test::run_task(f.context, read_all(**body, &last)).size(), 3000000u);
}

TEST(HttpBodyStream, SaysWhenTheBodyIsCutShort) {
    Fixture f{serve_text_and_close<short_chunked>};
    auto body = open(f);
    ASSERT_TRUE(body);
    Result<std::string> last;
    EXPECT_EQ(test::run_task(f.context, read_all(**body, &last)), "hel");
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().code(), Errc::host_unreachable);
    EXPECT_FALSE(test::run_task(f.context, (*body)->next()));
}

TEST(HttpBodyStream, OutlivesItsClient) {
    asio::io_context context;
    TestPeer peer{context, serve_slowly<chunked>};
    auto dialer = make_tcp_dialer("127.0.0.1", peer.port());
    std::unique_ptr<HttpBodyStream> body;
    {
        HttpClient client{context.get_executor(), *dialer, HttpClient::Config{}};
        auto task = client.open(HttpRequest{"GET", "/"}, deadline_in(Seconds{10}));
        auto opened = test::run_task(context, std::move(task));
        ASSERT_TRUE(opened);
        body = std::move(*opened);
    }
    Result<std::string> last;
    EXPECT_EQ(test::run_task(context, read_all(*body, &last)), "abcdefgh");
}

Task<void> wait_for_piece(HttpBodyStream* body) {
    auto piece = co_await body->next();
    ADD_FAILURE() << "not cancelled" << piece.has_value();
}

TEST(HttpBodyStream, ACancelledReadIsItsLast) {
    Fixture f{answer_half};
    auto body = open(f);
    ASSERT_TRUE(body);
    EXPECT_EQ(*test::run_task(f.context, (*body)->next()), "he");
    TaskScope scope{f.context.get_executor(), "test"};
    scope.spawn(wait_for_piece(body->get()));
    f.context.poll();
    test::run_task(f.context, scope.stop());
    EXPECT_FALSE(test::run_task(f.context, (*body)->next()));
}

// Upgrades.

Result<HttpUpgrade> upgrade(Fixture& f) {
    HttpRequest request{"POST", "/attach"};
    request.headers.emplace_back("Connection", "Upgrade");
    request.headers.emplace_back("Upgrade", "tcp");
    auto task = f.client.upgrade(std::move(request), deadline_in(Seconds{10}));
    return test::run_task(f.context, std::move(task));
}

Task<void> echo_raw(ByteStreamPtr stream, int number) {
    co_await read_until(*stream, end_of_head);
    // Both of the Engine's ways, with first bytes right behind the head.
    if (number == 0)
        co_await send_text(*stream, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n\r\nearly");
    else
        co_await send_text(*stream, "HTTP/1.1 200 OK\r\nContent-Type: x/raw\r\n\r\nearly");
    char piece[100];
    while (true) {
        auto n = co_await stream->read_some(asio::buffer(piece));
        if (!n || *n == 0) break;
        std::string text(piece, *n);
        co_await send_text(*stream, std::move(text));
    }
    co_await send_text(*stream, "bye");
}

Task<std::string> talk_raw(HttpUpgrade& up) {
    co_await send_text(*up.stream, "ping");
    char piece[4];
    auto echoed = co_await up.stream->read_exactly(asio::buffer(piece));
    EXPECT_TRUE(echoed);
    up.stream->shutdown_write();
    auto rest = co_await read_until(*up.stream, "bye");
    co_return std::string(piece, 4) + rest;
}

TEST(HttpUpgrade, GivesRawBytesBothWays) {
    Fixture f{echo_raw};
    for (int status : {101, 200}) {
        auto up = upgrade(f);
        ASSERT_TRUE(up) << describe(up.error());
        EXPECT_EQ(up->head.status, status);
        auto early = up->early; // all of it or the beginning
        while (early.size() < 5) {
            char c = 0;
            auto one = test::run_task(f.context, up->stream->read_exactly(asio::buffer(&c, 1)));
            ASSERT_TRUE(one);
            early += c;
        }
        EXPECT_EQ(early, "early");
        EXPECT_EQ(test::run_task(f.context, talk_raw(*up)), "pingbye");
    }
}

constexpr char no_such[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 22\r\n\r\nNo such container: abc";
TEST(HttpUpgrade, ARefusalIsAnErrorWithStatusAndText) {
    Fixture f{serve_text<no_such>};
    auto up = upgrade(f);
    ASSERT_FALSE(up);
    EXPECT_EQ(up.error().code(), Errc::engine_error);
    EXPECT_NE(up.error().operator_text().find("status 404: No such container: abc"), std::string::npos)
        << up.error().operator_text();
}

} // namespace
} // namespace berth::net
