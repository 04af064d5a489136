// SPDX-License-Identifier: Apache-2.0
#include "http/connection.hpp"

#include "base/log.hpp"
#include "base/scope_exit.hpp"
#include "http/body_stream.hpp"
#include "http/field_rules.hpp"
#include "http/input_buffer.hpp"
#include "http/request_parser.hpp"
#include "http/url.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <array>

namespace berth::http {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

// Small bodies travel in the buffer of the head: one piece is cheaper to send than two.
constexpr std::size_t joined_body = 4 * 1024;
// How much a client may still send before a refused connection is cut.
constexpr std::size_t lingering_bytes = 256 * 1024;
constexpr Milliseconds lingering_time{1000};
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

enum class After { next_request, close, linger };

class Connection final : public Watched {
public:
    Connection(net::ByteStreamPtr stream, const Router& router, ServerState& state)
        : stream_{std::move(stream)}
        , router_{router}
        , state_{state}
        , peer_{stream_->peer()} {
        state_.add(*this);
        is_shed_ = state_.is_over_cap();
        if (is_shed_) ++state_.refusals().full;
    }
    ~Connection() override { state_.remove(*this); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    net::Task<void> run();
    asio::cancellation_signal& signal() noexcept { return signal_; }
    const net::Executor& executor() const noexcept { return stream_->executor(); }

    void on_due() noexcept override;
    void on_drain() noexcept override;

private:
    enum class Got { head, nothing, failure };

    net::Task<bool> fill();
    net::Task<Got> read_head();
    net::Task<bool> read_body();
    net::Task<After> exchange();
    net::Task<After> answer(Response response, std::string_view route);
    net::Task<After> refuse(const ParseFailure& failure);
    net::Task<After> produce(Response response);
    net::Task<void> take_over(Response response);
    net::Task<Response> run_handler(const Route& route);
    net::Task<void> linger();
    bool describe_request(const Route*& by_host);
    bool may_keep_alive() const;
    void report(std::string_view route, int status);

    net::ByteStreamPtr stream_; // empty once taken over
    const Router& router_;
    ServerState& state_;
    const std::string peer_;
    asio::cancellation_signal signal_; // cancels run(): handlers that overrun their time
    InputBuffer in_;
    std::string out_;
    RequestParser parser_;
    Request request_;
    steady_clock::time_point began_;
    int served_ = 0;
    bool is_shed_ = false;
    bool is_body_read_ = false;
};

Deadline after(Milliseconds span) { return deadline_in(span); }

void Connection::on_due() noexcept {
    switch (phase()) {
    case Phase::reading: {
        // The read is pending and stays so; one write may run beside it. So small an answer fits
        // into any socket's buffer; the client closes, or the next due time does.
        enter(Phase::lingering, after(lingering_time));
        out_ = state_.last_answer(408);
        const std::array buffers{asio::const_buffer{out_.data(), out_.size()}};
        stream_->start_write_some(buffers, [](boost::system::error_code, std::size_t) {});
        stream_->shutdown_write();
        return;
    }
    case Phase::handling:
        log("http").error("handler_cut request={} target={}", request_.id, log_safe(request_.path));
        enter(Phase::handling);
        signal_.emit(asio::cancellation_type::all);
        return;
    case Phase::idle:
    case Phase::writing:
    case Phase::lingering:
        enter(Phase::lingering);
        if (stream_) stream_->close();
        return;
    case Phase::streaming:
    case Phase::taken: return;
    }
}

void Connection::on_drain() noexcept {
    if (phase() == Phase::idle && stream_) stream_->close();
}

bool Connection::may_keep_alive() const {
    return parser_.may_keep_alive() && !state_.is_draining() && !is_shed_
        && served_ < state_.config().max_requests;
}

net::Task<bool> Connection::fill() {
    const auto got = co_await stream_->read_some(in_.space());
    if (!got || *got == 0) co_return false;
    in_.commit(*got);
    co_return true;
}

net::Task<Connection::Got> Connection::read_head() {
    request_ = Request{};
    parser_.begin(request_);
    const auto& config = state_.config();
    // A new connection that stays silent (browsers open them in advance) may be closed without a
    // word like one between requests, but gets less time: silence is no right of a stranger.
    const bool is_waiting = in_.empty();
    const bool is_known = is_waiting && served_ > 0;
    enter(is_waiting ? Phase::idle : Phase::reading,
          after(is_known ? config.keep_alive_idle : config.header_read));
    if (is_waiting && state_.is_draining()) co_return Got::nothing;
    for (;;) {
        in_.consume(parser_.feed(in_.view()));
        if (parser_.state() == RequestParser::State::failed) co_return Got::failure;
        if (parser_.state() != RequestParser::State::head) co_return Got::head;
        const bool has_bytes = co_await fill();
        if (!has_bytes) co_return Got::nothing;
        if (phase() == Phase::idle) enter(Phase::reading, after(config.header_read));
        if (phase() == Phase::lingering) co_return Got::nothing;
    }
}

net::Task<bool> Connection::read_body() {
    const auto wants_continue = parser_.wants_continue() && in_.empty();
    if (wants_continue && parser_.state() == RequestParser::State::body) {
        enter(Phase::writing, after(state_.config().write_stall));
        const asio::const_buffer buffer{go_on.data(), go_on.size()};
        const auto written = co_await stream_->write_all(buffer);
        if (!written) co_return false;
    }
    enter(Phase::reading, after(state_.config().body_read));
    while (parser_.state() == RequestParser::State::body) {
        in_.consume(parser_.feed(in_.view()));
        if (parser_.state() != RequestParser::State::body) break;
        const bool has_bytes = co_await fill();
        if (!has_bytes || phase() == Phase::lingering) co_return false;
    }
    is_body_read_ = true;
    co_return true;
}

// Completes the request from what only the connection knows. False: the target is refused.
bool Connection::describe_request(const Route*& by_host) {
    request_.peer = peer_;
    request_.is_secure = state_.config().is_tls;
    state_.proxies().apply(request_);
    const auto given = request_.header("x-request-id");
    request_.id = is_valid_request_id(given) ? std::string{given} : state_.next_request_id();
    request_.deadline = after(state_.config().request_total);
    if (state_.config().host_route) by_host = state_.config().host_route(request_);
    if (by_host != nullptr) return true;
    if (request_.target == "*") {
        request_.path = "*";
        return true;
    }
    auto target = parse_target(request_.target);
    if (!target) return false;
    request_.path = std::move(target->path);
    request_.query = std::move(target->query);
    return true;
}

net::Task<Response> Connection::run_handler(const Route& route) {
    enter(Phase::handling, request_.deadline + state_.config().handler_overrun);
    Response response;
    std::string failure;
    bool is_cancelled = false;
    try {
        response = co_await router_.run(route, request_);
    } catch (const boost::system::system_error& error) {
        is_cancelled = error.code() == asio::error::operation_aborted;
        failure = error.what();
    } catch (const std::exception& error) {
        failure = error.what();
    }
    if (is_cancelled) {
        const auto cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none) {
            throw boost::system::system_error{asio::error::operation_aborted};
        }
    }
    if (!failure.empty()) {
        log("http").error(
            "handler_failed request={} route={} reason={}", request_.id, route.pattern,
            log_safe(failure)
        );
        response = router_.error(Error{Errc::internal, failure}, request_);
    }
    co_return response;
}

net::Task<After> Connection::exchange() {
    const Route* by_host = nullptr;
    is_body_read_ = parser_.state() == RequestParser::State::done;
    if (!describe_request(by_host)) {
        const ParseFailure failure{400, Errc::invalid_input, "the target is not canonical"};
        co_return co_await refuse(failure);
    }
    if (!state_.is_allowed_host(request_.host)) {
        const ParseFailure failure{421, Errc::invalid_input, "this host name is not served here"};
        co_return co_await refuse(failure);
    }
    if (is_shed_) {
        const ParseFailure failure{503, Errc::unavailable, "too many connections"};
        co_return co_await refuse(failure);
    }
    Router::Match match;
    match.route = by_host;
    if (by_host == nullptr) match = router_.find(request_);
    const bool is_unread = match.route != nullptr && match.route->body_mode == BodyMode::unread;
    const auto longest = match.route != nullptr ? match.route->longest_body : limits::body_bytes;
    if (!is_unread && !is_body_read_) {
        // A client that waits for 100 gets the refusal instead, and never sends the body.
        const bool is_pointless = match.route == nullptr && parser_.wants_continue();
        if (!is_pointless) {
            const bool has_body = parser_.limit_body(longest) && co_await read_body();
            if (parser_.state() == RequestParser::State::failed) {
                co_return co_await refuse(parser_.failure());
            }
            if (!has_body) co_return After::close;
        }
    }
    std::string_view route;
    if (match.route != nullptr) route = match.route->pattern;
    if (match.route == nullptr) co_return co_await answer(std::move(*match.answer), route);
    auto response = co_await run_handler(*match.route);
    co_return co_await answer(std::move(response), route);
}

net::Task<After> Connection::answer(Response response, std::string_view route) {
    if (response.takeover) {
        report(route, 101);
        co_await take_over(std::move(response));
        co_return After::close;
    }
    const bool is_producing = static_cast<bool>(response.producer);
    const bool is_keeping = may_keep_alive() && is_body_read_ && !is_producing;
    AnswerFrame frame;
    frame.is_keep_alive = is_keeping;
    frame.is_http_1_1 = parser_.is_http_1_1();
    frame.is_strict_transport = state_.config().is_strict_transport && request_.is_secure;
    if (is_producing) frame.framing = frame.is_http_1_1 ? Framing::chunked : Framing::until_close;
    out_.clear();
    if (!state_.answers().append_head(out_, response, request_.id, frame)) {
        log("http").error("answer_invalid request={} route={}", request_.id, route);
        response = Response{500};
        frame.framing = Framing::length;
        state_.answers().append_head(out_, response, request_.id, frame);
    }
    const int status = response.status;
    const bool has_body = request_.method != "HEAD" && status != 204 && status != 304;
    enter(Phase::writing, after(state_.config().write_stall));
    std::string_view body;
    if (has_body) body = response.shared_body ? *response.shared_body : response.body;
    if (body.size() <= joined_body) {
        out_.append(body);
        body = {};
    }
    const std::array pieces{
        asio::const_buffer{out_.data(), out_.size()}, asio::const_buffer{body.data(), body.size()}};
    const net::ConstBuffers buffers{pieces.data(), body.empty() ? 1U : 2U};
    const auto written = co_await stream_->write_all(buffers);
    report(route, status);
    if (!written) co_return After::close;
    if (response.producer && has_body) co_return co_await produce(std::move(response));
    if (is_keeping) co_return After::next_request;
    co_return is_body_read_ && in_.empty() ? After::close : After::linger;
}

net::Task<After> Connection::refuse(const ParseFailure& failure) {
    if (request_.id.empty()) request_.id = state_.next_request_id();
    is_body_read_ = false; // whatever follows, its framing is in doubt
    auto response = plain_problem(failure.status, failure.code, failure.why, request_.id);
    if (failure.status == 503) response.headers.emplace_back("Retry-After", "2");
    co_return co_await answer(std::move(response), std::string_view{});
}

net::Task<After> Connection::produce(Response response) {
    enter(Phase::streaming);
    BodyStream body{*stream_, *this, state_.config().write_stall, parser_.is_http_1_1()};
    std::string failure;
    try {
        auto producing = run_producer(*stream_, body, std::move(response.producer));
        const auto end = co_await std::move(producing);
        if (end == ProducerEnd::finished) {
            const auto finished = co_await body.finish();
            if (!finished) co_return After::close;
        }
    } catch (const std::exception& error) {
        failure = error.what();
    }
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    const bool is_cancelled = cancellation.cancelled() != asio::cancellation_type::none;
    if (is_cancelled) throw boost::system::system_error{asio::error::operation_aborted};
    if (!failure.empty()) {
        log("http").error(
            "producer_failed request={} reason={}", request_.id, log_safe(failure)
        );
    }
    co_return After::close;
}

net::Task<void> Connection::take_over(Response response) {
    enter(Phase::taken);
    auto takeover = std::move(response.takeover);
    auto early = in_.take();
    const auto id = request_.id;
    std::string failure;
    try {
        co_await takeover(std::move(stream_), std::move(request_), std::move(early));
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        failure = error.what();
    } catch (const std::exception& error) {
        failure = error.what();
    }
    if (!failure.empty()) {
        log("http").error("takeover_failed request={} reason={}", id, log_safe(failure));
    }
}

// Closing while bytes are unread makes the system reset the connection, and the reset may overtake
// our answer (RFC 9112 9.6).
net::Task<void> Connection::linger() {
    enter(Phase::lingering, after(lingering_time));
    stream_->shutdown_write();
    std::size_t seen = in_.size();
    while (seen < lingering_bytes) {
        in_.clear();
        const bool has_bytes = co_await fill();
        if (!has_bytes) break;
        seen += in_.size();
    }
}

void Connection::report(std::string_view route, int status) {
    const auto& observer = state_.config().observer;
    if (!observer) return;
    RequestRecord record;
    record.request = &request_;
    record.route = route;
    record.status = status;
    record.duration = std::chrono::duration_cast<std::chrono::microseconds>(
        steady_clock::now() - began_
    );
    observer(record);
}

net::Task<void> Connection::run() {
    auto next = After::next_request;
    while (next == After::next_request) {
        const auto got = co_await read_head();
        if (got == Got::nothing) break;
        ++served_;
        began_ = steady_clock::now();
        if (got == Got::head) {
            next = co_await exchange();
        } else {
            next = co_await refuse(parser_.failure());
        }
    }
    if (next == After::linger && stream_) co_await linger();
    if (!stream_) co_return;
    stream_->shutdown_write();
    stream_->close();
}

// Passes a cancellation of the caller on to a connection that listens to its own signal.
struct Forward {
    asio::cancellation_signal* signal;
    void operator()(asio::cancellation_type) const {
        signal->emit(asio::cancellation_type::all);
    }
};

} // namespace

net::Task<void> serve(
    net::ByteStreamPtr stream, const Router& router, ServerState& state, PeerCounter::Place
) {
    Connection connection{std::move(stream), router, state};
    const auto executor = connection.executor();
    auto slot = (co_await asio::this_coro::cancellation_state).slot();
    if (slot.is_connected()) slot.assign(Forward{&connection.signal()});
    const ScopeExit unhook{[&slot] {
        if (slot.is_connected()) slot.clear();
    }};
    auto token = asio::bind_cancellation_slot(connection.signal().slot(), asio::use_awaitable);
    auto work = connection.run();
    co_await asio::co_spawn(executor, std::move(work), std::move(token));
}

} // namespace berth::http
