// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.hpp"

#include "base/log.hpp"
#include "net/deadline.hpp"
#include "net/http_reply.hpp"
#include "net/http_request.hpp"

#include <array>
#include <cstring>

namespace berth::net {
namespace {

namespace asio = boost::asio;

// Holds the largest head (limits::header_bytes) and bounds the pieces of a streamed body.
constexpr std::size_t receive_buffer = 32 * 1024;
static_assert(receive_buffer > limits::header_bytes && receive_buffer <= 64 * 1024);
// Of the body that explains a refused upgrade.
constexpr std::size_t refusal_text = 1024;

// Idle connections. Shared with streamed answers, which may outlive the client.
struct Pool {
    std::deque<ByteStreamPtr> idle;
    std::size_t most = 0;

    // The one used last: the least likely to have been closed by the peer meanwhile.
    ByteStreamPtr take() {
        while (!idle.empty()) {
            auto stream = std::move(idle.back());
            idle.pop_back();
            if (!stream->is_stale()) return stream;
        }
        return nullptr;
    }

    void give_back(ByteStreamPtr stream) {
        if (most == 0) return;
        if (idle.size() >= most) idle.pop_front();
        idle.push_back(std::move(stream));
    }
};

// A stream and what was received on it but not used yet. Destroying it closes the connection, so
// an exchange that is cancelled half-way can never be continued by another one.
class Connection {
public:
    Connection(ByteStreamPtr stream, bool is_kept)
        : stream_{std::move(stream)}
        , bytes_{std::make_unique_for_overwrite<char[]>(receive_buffer)}
        , is_kept_{is_kept} {}

    std::string_view unused() const { return {bytes_.get() + begin_, end_ - begin_}; }
    void use(std::size_t n) { begin_ += n; }
    bool is_kept() const { return is_kept_; }
    bool is_silent() const { return is_silent_; } // not one byte has arrived
    bool may_keep() const { return may_keep_; }
    void never_keep() { may_keep_ = false; }
    ByteStream& stream() { return *stream_; }
    ByteStreamPtr take_stream() { return std::move(stream_); }

    // 0 = end of stream. A full buffer that nobody can use is the peer's fault.
    Task<Result<std::size_t>> receive() {
        if (begin_ != 0) {
            std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        if (end_ == receive_buffer)
            co_return Error{Errc::protocol_violation, "answer: an element is too long"};
        auto room = asio::buffer(bytes_.get() + end_, receive_buffer - end_);
        auto got = co_await stream_->read_some(room);
        if (got) {
            end_ += *got;
            if (*got != 0) is_silent_ = false;
        }
        co_return got;
    }

private:
    ByteStreamPtr stream_;
    std::unique_ptr<char[]> bytes_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool is_kept_;
    bool is_silent_ = true;
    bool may_keep_ = true;
};

using ConnectionPtr = std::unique_ptr<Connection>;

// An answer whose head has arrived, and the connection the rest comes on.
struct Answer {
    Answer() = default;
    Answer(ConnectionPtr connection_, HttpReplyParser parser_)
        : connection{std::move(connection_)}
        , parser{std::move(parser_)} {}
    ConnectionPtr connection;
    std::optional<HttpReplyParser> parser;
};

Error lost(std::string_view where) {
    return Error{Errc::host_unreachable, std::string{where} + ": the connection ended early"};
}

// Sends the request; an error only when nothing can come back any more.
Task<Status> send(Connection& connection, const std::string& head, const std::string& body) {
    std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::buffer(body)};
    co_return co_await connection.stream().write_all(ConstBuffers{parts});
}

// Up to the final head; interim answers (100, 102, 103) are passed over.
Task<Result<HttpReplyParser>> receive_head(Connection& connection, bool is_answer_to_head) {
    HttpReplyParser parser{is_answer_to_head};
    while (true) {
        auto used = parser.put_head(connection.unused());
        if (!used) co_return used.error();
        connection.use(*used);
        if (parser.has_head()) {
            auto status = parser.reply().status;
            bool is_interim = status / 100 == 1 && status != 101;
            if (!is_interim) co_return parser;
            parser = HttpReplyParser{is_answer_to_head};
            if (!connection.unused().empty()) continue;
        }
        auto got = co_await connection.receive();
        if (!got) co_return got.error();
        if (*got == 0) co_return lost("head");
    }
}

// Adds to parser.reply().body until it has grown or the answer is complete.
Task<Status> receive_body(Connection& connection, HttpReplyParser& parser) {
    auto before = parser.reply().body.size();
    while (!parser.is_done() && parser.reply().body.size() == before) {
        if (!connection.unused().empty()) {
            auto used = parser.put_body(connection.unused());
            if (!used) co_return used.error();
            connection.use(*used);
            if (*used != 0) continue;
        }
        auto got = co_await connection.receive();
        if (!got) co_return got.error();
        if (*got == 0 && !parser.put_end()) co_return lost("body");
    }
    co_return Status{};
}

void finish(ConnectionPtr connection, const HttpReplyParser& parser, Pool* pool) {
    bool is_clean = parser.is_done() && parser.may_keep_connection() && connection->may_keep()
        && connection->unused().empty();
    if (pool && is_clean) pool->give_back(connection->take_stream());
}

class BodyStream final : public HttpBodyStream {
public:
    BodyStream(Answer answer, std::weak_ptr<Pool> pool)
        : answer_{std::move(answer)}
        , pool_{std::move(pool)} {
        head_.status = answer_.parser->reply().status;
        head_.headers = std::move(answer_.parser->reply().headers);
    }

    const HttpReply& head() const noexcept override { return head_; }

    Task<Result<std::string>> next() override {
        if (!answer_.connection) {
            if (is_complete_) co_return std::string{};
            co_return lost("body");
        }
        // Held here: a cancelled or failed read takes the connection with it.
        auto connection = std::move(answer_.connection);
        auto received = co_await receive_body(*connection, *answer_.parser);
        if (!received) co_return received.error();
        auto piece = std::exchange(answer_.parser->reply().body, {});
        if (answer_.parser->is_done()) {
            is_complete_ = true;
            finish(std::move(connection), *answer_.parser, pool_.lock().get());
        } else {
            answer_.connection = std::move(connection);
        }
        co_return piece;
    }

private:
    Answer answer_;
    std::weak_ptr<Pool> pool_;
    HttpReply head_;
    bool is_complete_ = false;
};

} // namespace

struct HttpClient::Impl {
    Impl(Executor executor_, Dialer& dialer_, Config config_)
        : executor{std::move(executor_)}
        , dialer{dialer_}
        , config{std::move(config_)}
        , pool{std::make_shared<Pool>()} {
        pool->most = config.kept_connections;
    }

    Task<Result<ConnectionPtr>> connect(Deadline deadline) {
        auto stream = co_await dialer.dial(executor, deadline);
        if (!stream) co_return stream.error();
        co_return std::make_unique<Connection>(std::move(*stream), false);
    }

    Task<Result<Answer>> ask_on(ConnectionPtr connection, const HttpRequest& request) {
        auto head = head_of(request, config);
        auto sent = co_await send(*connection, head, request.body);
        // A peer that refuses early answers and closes while we still write: look for the answer.
        auto parser = co_await receive_head(*connection, request.method == "HEAD");
        if (!parser) {
            bool is_lost_kept = connection->is_kept() && connection->is_silent()
                && parser.error().code() == Errc::host_unreachable;
            if (is_lost_kept) co_return Answer{};
            co_return sent ? parser.error() : sent.error();
        }
        if (!sent) connection->never_keep();
        co_return Answer{std::move(connection), std::move(*parser)};
    }

    // A kept connection may have been closed by the peer at the moment we wrote: then the request
    // is sent once more on a fresh one, if that cannot do harm.
    Task<Result<Answer>> ask(const HttpRequest& request, Deadline deadline, bool may_use_kept) {
        auto valid = check_request(request);
        if (!valid) co_return valid.error();
        auto kept = may_use_kept ? pool->take() : nullptr;
        if (kept) {
            auto connection = std::make_unique<Connection>(std::move(kept), true);
            auto answer = co_await ask_on(std::move(connection), request);
            if (!answer || answer->connection) co_return answer;
            if (!may_repeat(request)) co_return lost("kept connection");
        }
        auto connection = co_await connect(deadline);
        if (!connection) co_return connection.error();
        co_return co_await ask_on(std::move(*connection), request);
    }

    Task<Result<HttpReply>> exchange(
        const HttpRequest& request, Deadline deadline, std::size_t max_body
    ) {
        auto answer = co_await ask(request, deadline, true);
        if (!answer) co_return answer.error();
        auto& parser = *answer->parser;
        if (parser.reply().status == 101)
            co_return Error{Errc::protocol_violation, "an upgrade nobody asked for"};
        bool is_announced_large = !parser.is_done() && parser.content_length().value_or(0) > max_body;
        while (!is_announced_large && !parser.is_done()) {
            auto received = co_await receive_body(*answer->connection, parser);
            if (!received) co_return received.error();
            if (parser.reply().body.size() > max_body) break;
        }
        if (is_announced_large || parser.reply().body.size() > max_body)
            co_return Error{Errc::too_large, "the answer is over the bound"};
        auto reply = std::move(parser.reply());
        finish(std::move(answer->connection), parser, pool.get());
        co_return reply;
    }

    Task<Result<std::unique_ptr<HttpBodyStream>>> open(
        const HttpRequest& request, Deadline deadline
    ) {
        auto answer = co_await ask(request, deadline, true);
        if (!answer) co_return answer.error();
        co_return std::make_unique<BodyStream>(std::move(*answer), pool);
    }

    Task<Result<HttpUpgrade>> upgrade(const HttpRequest& request, Deadline deadline) {
        auto answer = co_await ask(request, deadline, false);
        if (!answer) co_return answer.error();
        auto& parser = *answer->parser;
        auto status = parser.reply().status;
        if (status != 101 && status != 200) {
            auto& body = parser.reply().body;
            while (!parser.is_done() && body.size() < refusal_text) {
                auto received = co_await receive_body(*answer->connection, parser);
                if (!received) break;
            }
            auto text = "status " + std::to_string(status) + ": " + log_safe(body, refusal_text);
            co_return Error{Errc::engine_error, std::move(text)};
        }
        HttpUpgrade upgrade;
        upgrade.head = std::move(parser.reply());
        upgrade.early = std::string{answer->connection->unused()};
        upgrade.stream = answer->connection->take_stream();
        co_return upgrade;
    }

    // Runs within the deadline and says in an error whom we asked for what.
    template <class T>
    Task<Result<T>> within(Task<Result<T>> task, const HttpRequest& request, Deadline deadline) {
        auto result = co_await with_deadline(std::move(task), deadline);
        if (!result) {
            auto error = Error{result.error()};
            auto context = log_safe(label_of(request));
            bool says_where = error.operator_text().starts_with(dialer.describe());
            if (!says_where) context += ": " + dialer.describe();
            co_return std::move(error).with_context(context);
        }
        co_return result;
    }

    Executor executor;
    Dialer& dialer;
    Config config;
    std::shared_ptr<Pool> pool;
};

HttpClient::HttpClient(Executor executor, Dialer& dialer, Config config)
    : impl_{std::make_unique<Impl>(std::move(executor), dialer, std::move(config))} {}
HttpClient::~HttpClient() = default;

Task<Result<HttpReply>> HttpClient::exchange(
    HttpRequest request, Deadline deadline, std::size_t max_body
) {
    auto task = impl_->exchange(request, deadline, max_body);
    co_return co_await impl_->within(std::move(task), request, deadline);
}

Task<Result<std::unique_ptr<HttpBodyStream>>> HttpClient::open(
    HttpRequest request, Deadline deadline
) {
    auto task = impl_->open(request, deadline);
    co_return co_await impl_->within(std::move(task), request, deadline);
}

Task<Result<HttpUpgrade>> HttpClient::upgrade(HttpRequest request, Deadline deadline) {
    auto task = impl_->upgrade(request, deadline);
    co_return co_await impl_->within(std::move(task), request, deadline);
}

void HttpClient::drop_idle() noexcept { impl_->pool->idle.clear(); }

} // namespace berth::net
