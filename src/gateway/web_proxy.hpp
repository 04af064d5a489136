// SPDX-License-Identifier: Apache-2.0
#pragma once
// HTTP and WebSocket of a container's `web` endpoint on a host name of its own,
// "<session id>.<apps domain>". A ticket, posted once, is exchanged for a cookie of that host name;
// nothing of the container ever appears on our own origin. Runs on the core thread.

#include "base/random.hpp"
#include "broker/ports.hpp"
#include "gateway/admission.hpp"
#include "gateway/buffer_pool.hpp"
#include "gateway/refusals.hpp"
#include "http/message.hpp"
#include "net/http_client.hpp"
#include "net/task_scope.hpp"

#include <chrono>
#include <memory>
#include <unordered_map>

namespace berth::gateway {

struct WebProxyConfig {
    std::string apps_domain = "apps.localhost"; // without port
    std::size_t visits = 2000;                  // open at once; more are refused
    Seconds away_after{60};                     // without request or WebSocket: no viewer any more
};

class WebProxy final : public broker::Viewers {
public:
    // All of them outlive the proxy.
    WebProxy(net::Executor core, Admission& admission, RandomSource& random, WebProxyConfig config);
    ~WebProxy() override;

    // The session whose host name this is, port ignored; nothing for every other name.
    std::optional<SessionId> session_of(std::string_view host) const;

    // Every request whose host is session_of() something. Never throws the container's words at
    // our own origin: 403 without a valid cookie, 502 and 504 when it does not answer.
    net::Task<http::Response> handle(http::Request& request);

    // The cookies lose their value and the open connections are cut at once.
    void close_session(const SessionId& session, session::EndReason reason) override;
    void close_login(std::string_view login_id) override;

    const Refusals& refusals() const noexcept { return refusals_; }

    void start(); // the look after viewers that are away
    net::Task<void> stop();

private:
    struct Visit;                            // what one cookie opens
    struct Busy;                             // counts something under way
    using VisitPtr = std::shared_ptr<Visit>; // held by the table and by what is under way

    net::Task<http::Response> enter(http::Request& request, SessionId session);
    net::Task<http::Response> pass(http::Request& request, VisitPtr visit);
    net::Task<http::Response> upgrade(http::Request& request, VisitPtr visit);
    net::Task<void>
    join(VisitPtr visit, net::ByteStreamPtr browser, net::HttpUpgrade container, std::string early);
    VisitPtr visit_of(const http::Request& request, const SessionId& session);
    http::Response turn_away(Refusal why);
    void seen(Visit& visit);
    void sample_input(Visit& visit);
    void leave(Visit& visit);
    template <class Condition>
    void end_where(Condition condition);
    net::Task<void> look_after();

    net::Executor core_;
    Admission& admission_;
    RandomSource& random_;
    WebProxyConfig config_;
    std::unordered_map<std::string, VisitPtr> visits_; // by cookie
    Refusals refusals_;
    BufferPool buffers_{16 * 1024, 32};
    net::TaskScope scope_;
};

} // namespace berth::gateway
