// SPDX-License-Identifier: Apache-2.0
#pragma once
// One tunnel from a browser to a desktop: takes over the browser's connection, proves itself to the
// desktop, greets the browser, relays, and ends with a close frame that says why.

#include "gateway/admission.hpp"
#include "gateway/greeting.hpp"
#include "gateway/relay.hpp"
#include "gateway/threads.hpp"
#include "net/http_client.hpp"
#include "net/signal.hpp"
#include "net/websocket.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace berth::gateway {

// What a viewer tells the core; called on the viewer's thread, so it posts.
struct ViewerReports {
    std::function<void()> joined;
    std::function<void()> input_seen;
    std::function<void()> broke_protocol; // the browser did; at most once
};

// A browser's connection behind its HTTP request head.
struct BrowserSide {
    BrowserSide() = default;
    net::ByteStreamPtr stream; // on the viewer's thread
    net::HttpHeaders headers;  // of the upgrade request, checked before
    std::string subprotocol;
};

// Shared by its own coroutine and the core's registry, which end in unknown order. Everything but
// the constructor runs on the viewer's thread.
class Viewer : public std::enable_shared_from_this<Viewer> {
public:
    // `core` is where admitted.host is used.
    Viewer(Admitted admitted, net::Executor core, ThreadParts& parts, ViewerReports reports);

    // The whole life. `refused`: the browser only gets that close frame.
    net::Task<void> run(BrowserSide side, std::optional<net::WebSocketClose> refused);
    // Ends it within about a second, whatever it is doing. The first reason counts.
    void end(net::WebSocketClose why);

private:
    net::Task<bool> accept(BrowserSide side);
    net::Task<void> until_ending();
    net::Task<Result<Greeted>> open_desktop(Deadline deadline);
    net::Task<void> serve();
    net::Task<void> relay(Greeted greeted, std::string first_up);
    net::Task<void> farewell(net::WebSocketClose why);
    net::Task<void> cut_greeting();
    void guard_the_end();

    Admitted admitted_;
    net::Executor core_;
    ThreadParts& parts_;
    ViewerReports reports_;
    std::shared_ptr<net::WebSocket> browser_;
    net::ByteStreamPtr desktop_;
    std::optional<Relay> relay_;
    std::optional<net::WebSocketClose> ending_; // asked for by end()
    std::optional<net::Signal> changed_;          // ending_ or is_cutting_; while it runs
    bool is_greeting_ = false; // the browser: a step that is not to be cancelled
    bool is_cutting_ = false;
    bool is_guarded_ = false;
};

} // namespace berth::gateway
