// SPDX-License-Identifier: Apache-2.0
#include "gateway/relay.hpp"

#include "gateway/close_codes.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>

namespace berth::gateway {
namespace {

namespace asio = boost::asio;
using net::Task;
using net::WebSocketClose;

constexpr std::chrono::seconds report_interval{1};

WebSocketClose browser_is_gone() {
    return {1006, ""};
}

WebSocketClose browser_ended(const Error& last) {
    if (last.code() == Errc::too_large) return {close_too_long, "message too long"};
    if (last.code() == Errc::protocol_violation) return {close_protocol, "not a WebSocket frame"};
    return browser_is_gone();
}

// The end of the stream is the desktop's own doing; an error is the way to it.
WebSocketClose desktop_is_gone(const Result<std::size_t>& last) {
    if (last) return close_for(session::EndReason::container_died);
    return close_for(Errc::host_unreachable);
}

} // namespace

Relay::Relay(
    net::ByteStream& desktop,
    net::WebSocket& browser,
    RelayBuffers& buffers,
    rfb::FilterPolicy policy,
    RelayHooks hooks
)
    : desktop_{desktop}
    , browser_{browser}
    , buffers_{buffers}
    , filter_{policy}
    , hooks_{std::move(hooks)} {}

void Relay::end(WebSocketClose why) {
    if (is_ending_) return;
    is_ending_ = true;
    why_ = std::move(why);
    // Wakes both pumps, except where one waits for the browser: that is left as it is, because the
    // close frame has to go the same way.
    desktop_.close();
    hooks_.ending();
}

Task<void> Relay::run(std::string first_down, std::string first_up) {
    const auto executor = browser_.executor();
    auto group = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, pump_down(std::move(first_down)), asio::deferred),
        asio::co_spawn(executor, pump_up(std::move(first_up)), asio::deferred)
    );
    auto [order, down, up] =
        co_await group.async_wait(asio::experimental::wait_for_one_error(), asio::use_awaitable);
    if (down) std::rethrow_exception(down);
    if (up) std::rethrow_exception(up);
}

// The only writer towards the browser, the close frame included.
Task<void> Relay::pump_down(std::string first) {
    auto sent = co_await send_down(asio::buffer(first));
    first = {};
    auto why = browser_is_gone();
    // Not as `?:` with the await inside: g++ 12 destroys that result twice.
    if (sent) why = co_await carry_down();
    end(std::move(why));
    if (why_.code != 1006) co_await browser_.close(why_);
    // Ends the other pump's read.
    browser_.abort();
}

Task<WebSocketClose> Relay::carry_down() {
    while (!is_ending_) {
        // No buffer while nothing is to be carried: most viewers are idle most of the time.
        auto ready = co_await desktop_.wait_readable();
        if (!ready) co_return close_for(Errc::host_unreachable);
        BufferPool::Buffer buffer{buffers_.down};
        std::size_t size = buffer.size();
        while (size == buffer.size() && !is_ending_) {
            auto received = co_await desktop_.read_some(buffer.whole());
            if (!received || *received == 0) co_return desktop_is_gone(received);
            size = *received;
            auto sent = co_await send_down(asio::const_buffer(buffer.data(), size));
            if (!sent) co_return browser_is_gone();
        }
    }
    co_return browser_is_gone();
}

Task<Status> Relay::send_down(asio::const_buffer bytes) {
    if (bytes.size() == 0) co_return Status{};
    const net::ConstBuffers payload{&bytes, 1};
    co_return co_await browser_.write(net::FrameKind::binary, payload);
}

Task<void> Relay::pump_up(std::string first) {
    auto why = co_await carry_up(std::move(first));
    const bool is_gone = why.code == 1006;
    end(std::move(why));
    // A write towards a browser that is gone would otherwise wait for its time-out.
    if (is_gone) browser_.abort();
}

Task<WebSocketClose> Relay::carry_up(std::string first) {
    auto passed = co_await send_up(first);
    while (passed) {
        auto ready = co_await browser_.wait_readable();
        if (!ready) co_return browser_ended(ready.error());
        BufferPool::Buffer buffer{buffers_.up};
        for (bool is_end = false; passed && !is_end;) {
            auto chunk = co_await browser_.read_some(buffer.whole());
            if (!chunk) co_return browser_ended(chunk.error());
            if (chunk->kind != net::FrameKind::binary)
                co_return WebSocketClose{close_not_binary, "only binary messages"};
            is_end = chunk->is_end;
            const std::span<char> portion{buffer.data(), chunk->size};
            passed = co_await send_up(portion);
        }
    }
    if (passed.error().code() == Errc::protocol_violation)
        co_return WebSocketClose{close_protocol, "not an RFB message"};
    co_return close_for(Errc::host_unreachable);
}

Task<Status> Relay::send_up(std::span<char> portion) {
    auto kept = filter_.pass(portion);
    if (!kept) co_return kept.error();
    if (filter_.take_input_seen()) sample_input();
    if (*kept == 0) co_return Status{};
    co_return co_await desktop_.write_all(asio::const_buffer(portion.data(), *kept));
}

void Relay::sample_input() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_report_) return;
    next_report_ = now + report_interval;
    hooks_.input_seen();
}

} // namespace berth::gateway
