// SPDX-License-Identifier: Apache-2.0
#include "gateway/viewer.hpp"

#include "base/log.hpp"
#include "base/scope_exit.hpp"
#include "broker/ports.hpp"
#include "gateway/close_codes.hpp"
#include "net/deadline.hpp"
#include "net/dialer.hpp"

#include <boost/asio/this_coro.hpp>

namespace berth::gateway {
namespace {

using net::Task;
using net::WebSocketClose;
using namespace std::chrono_literals;

constexpr Milliseconds end_limit = 800ms; // "cut within a second" with a margin

rfb::FilterPolicy policy_for(const Admitted& admitted) {
    return {
        .allows_input = admitted.rights == session::Rights::control,
        .allows_clipboard = admitted.allows_clipboard,
    };
}

// A coroutine of its own, so that all of the port's call happens on the core thread.
Task<Result<net::ByteStreamPtr>> dial(
    broker::ContainerHost& host,
    ContainerId container,
    std::uint16_t port,
    net::Executor executor,
    Deadline deadline
) {
    auto stream = co_await host.dial(container, port, net::Traffic::bulk, std::move(executor), deadline);
    // It is the machine that forbids its ports; that this person may look was settled before.
    if (!stream && stream.error().code() == Errc::forbidden)
        co_return Error{Errc::host_unreachable, stream.error().operator_text()};
    co_return stream;
}

} // namespace

Viewer::Viewer(Admitted admitted, net::Executor core, ThreadParts& parts, ViewerReports reports)
    : admitted_{std::move(admitted)}
    , core_{std::move(core)}
    , parts_{parts}
    , reports_{std::move(reports)} {}

void Viewer::end(WebSocketClose why) {
    if (ending_) return;
    ending_ = std::move(why);
    guard_the_end();
    if (changed_) changed_->notify();
    if (relay_) return relay_->end(*ending_);
    if (!is_greeting_) return;
    // A cancelled read would leave no way for the close frame: it goes out beside the greeting,
    // which ends with it.
    auto cut = [](std::shared_ptr<Viewer> self) -> Task<void> { co_await self->cut_greeting(); };
    is_cutting_ = parts_.scope.spawn(cut(shared_from_this()));
}

Task<void> Viewer::cut_greeting() {
    ScopeExit ended{[this] {
        is_cutting_ = false;
        if (changed_) changed_->notify();
    }};
    // When everything stops, the viewer's own coroutine may be gone before this one.
    auto browser = browser_;
    co_await browser->close(*ending_);
}

// A browser that does not read, or a step that does not end, must not delay the end.
void Viewer::guard_the_end() {
    if (is_guarded_) return;
    is_guarded_ = true;
    auto guard = [](std::shared_ptr<Viewer> self) -> Task<void> {
        co_await net::sleep_for(end_limit);
        if (self->browser_) self->browser_->abort();
    };
    parts_.scope.spawn(guard(shared_from_this()));
}

Task<void> Viewer::run(BrowserSide side, std::optional<WebSocketClose> refused) {
    // Here, not in the destructor: the last one to hold this object may be the core thread.
    ScopeExit release{[this] {
        relay_.reset();
        browser_.reset();
        desktop_.reset();
        changed_.reset();
    }};
    changed_.emplace(co_await boost::asio::this_coro::executor);
    const bool is_accepted = co_await accept(std::move(side));
    if (!is_accepted) co_return;
    if (refused) {
        auto why = std::move(*refused);
        co_await farewell(std::move(why));
    } else {
        co_await serve();
    }
}

Task<bool> Viewer::accept(BrowserSide side) {
    auto accepted = co_await net::accept_websocket(
        std::move(side.stream), side.headers, side.subprotocol, deadline_in(limits::rfb_handshake)
    );
    if (!accepted) co_return false;
    browser_ = std::move(*accepted);
    co_return true;
}

Task<void> Viewer::until_ending() {
    while (!ending_) {
        auto waiting = changed_->wait_past(changed_->count());
        co_await std::move(waiting);
    }
}

Task<Result<Greeted>> Viewer::open_desktop(Deadline deadline) {
    auto dialing =
        dial(*admitted_.host, admitted_.container, admitted_.port, browser_->executor(), deadline);
    auto dialed = co_await net::run_on(core_, std::move(dialing));
    if (!dialed) co_return dialed.error();
    desktop_ = std::move(*dialed);
    co_return co_await greet_desktop(*desktop_, admitted_.rfb_secret, deadline);
}

Task<void> Viewer::serve() {
    const auto deadline = deadline_in(limits::rfb_handshake);
    auto opening = open_desktop(deadline);
    auto cut_short = net::unless(until_ending(), std::move(opening));
    auto greeted = co_await std::move(cut_short);
    // Not needed any more: an open tunnel does not keep the secret in memory.
    admitted_.rfb_secret = Secret{};
    if (ending_) {
        co_await farewell(*ending_);
        co_return;
    }
    if (!greeted) {
        log("gateway").warn(
            "desktop_not_opened session={} reason={}",
            admitted_.session.str(),
            log_safe(describe(greeted.error()))
        );
        co_await farewell(close_for(greeted.error().code()));
        co_return;
    }
    is_greeting_ = true;
    auto first_up = co_await greet_browser(*browser_, greeted->init, deadline);
    is_greeting_ = false;
    while (is_cutting_) {
        auto waiting = changed_->wait_past(changed_->count());
        co_await std::move(waiting);
    }
    if (ending_) co_return;
    if (!first_up) {
        log("gateway").info(
            "browser_not_greeted session={} reason={}",
            admitted_.session.str(),
            log_safe(describe(first_up.error()))
        );
        if (first_up.error().code() == Errc::protocol_violation) reports_.broke_protocol();
        WebSocketClose why{close_protocol, "not an RFB handshake"};
        co_await farewell(std::move(why));
        co_return;
    }
    co_await relay(std::move(*greeted), std::move(*first_up));
}

Task<void> Viewer::relay(Greeted greeted, std::string first_up) {
    RelayHooks hooks{reports_.input_seen, [this] { guard_the_end(); }};
    relay_.emplace(*desktop_, *browser_, parts_.buffers, policy_for(admitted_), std::move(hooks));
    reports_.joined();
    auto rest = std::move(greeted.rest);
    co_await relay_->run(std::move(rest), std::move(first_up));
    if (is_violation(relay_->why().code)) reports_.broke_protocol();
    log("gateway").info(
        "viewer_closed session={} code={} reason={}",
        admitted_.session.str(),
        relay_->why().code,
        log_safe(relay_->why().reason)
    );
}

// Before the relay runs, nothing else writes to the browser.
Task<void> Viewer::farewell(WebSocketClose why) {
    if (ending_) why = *ending_;
    guard_the_end();
    co_await browser_->close(std::move(why));
}

} // namespace berth::gateway
