// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tunnels as the core sees them: takes browsers in, knows who watches what, and cuts tunnels.
// Everything here runs on the core thread.

#include "broker/ports.hpp"
#include "gateway/admission.hpp"
#include "gateway/refusals.hpp"
#include "gateway/threads.hpp"
#include "gateway/viewer.hpp"
#include "http/message.hpp"

#include <cstdint>
#include <unordered_map>

namespace berth::gateway {

struct Config {
    std::size_t threads = 2;
    // Origins of our own pages, exactly as a browser sends them: "https://desks.example.org".
    std::vector<std::string> allowed_origins;
    // Also the scheme and host that the request itself was sent to: for an installation that was not
    // told its public address.
    bool allow_own_host = false;
    // Clients that are no browsers send no Origin. A page cannot suppress it.
    bool allow_missing_origin = false;
    int viewers_per_session = limits::viewers_per_session;
    std::size_t viewers = 4000; // of all sessions; each needs two descriptors
};

class Gateway final : public broker::Viewers {
public:
    // `core` runs the calls of `admission` and of the hosts it names; both outlive the gateway.
    Gateway(net::Executor core, Admission& admission, Config config);
    // Precondition: stop() has ended.
    ~Gateway() override;

    // Handler of GET /gateway/rfb. A request that is no WebSocket handshake of ours, or from a
    // foreign page, gets a 4xx; a refused ticket gets the WebSocket and a close code, since a page
    // can see nothing else of a failed handshake.
    net::Task<http::Response> open_rfb(http::Request& request);

    void close_session(const SessionId& session, session::EndReason reason) override;
    void close_login(std::string_view login_id) override;

    // Refuses new tunnels, tells the open ones that the server restarts (1012), then cuts what is
    // left after about a second. Sessions are not touched.
    net::Task<void> stop();

    std::size_t viewer_count() const noexcept { return entries_.size(); }
    const Refusals& refusals() const noexcept { return refusals_; }

private:
    struct Entry {
        SessionId session;
        std::string login_id;
        session::Rights rights = session::Rights::view;
        std::size_t thread = 0;
        std::shared_ptr<Viewer> viewer;
        bool has_joined = false;
    };
    struct Way; // from the viewer's thread back to here

    net::Task<void> take_over(
        net::ByteStreamPtr stream,
        net::HttpHeaders headers,
        Result<Admitted> admitted,
        bool is_clean
    );
    std::size_t choose_thread(const Result<Admitted>& admitted);
    void start(
        const Entry& entry,
        int descriptor,
        net::HttpHeaders headers,
        std::optional<net::WebSocketClose> refused,
        std::function<void()> ended
    );
    http::Response turn_away(const http::Request& request, Refusal why, const Error& error);
    std::optional<Errc> refusal(const Result<Admitted>& admitted) const;
    ViewerReports reports_for(std::uint64_t id);
    void joined(std::uint64_t id);
    void input_seen(std::uint64_t id);
    void broke_protocol(std::uint64_t id);
    void left(std::uint64_t id);
    void end(const Entry& entry, const net::WebSocketClose& why);

    net::Executor core_;
    Admission& admission_;
    Config config_;
    std::unordered_map<std::uint64_t, Entry> entries_;
    std::uint64_t next_id_ = 1;
    std::size_t next_thread_ = 0; // of all, in turn; a host with few connections narrows it
    bool is_stopping_ = false;
    Refusals refusals_;
    std::shared_ptr<Way> way_; // posted reports hold it; it forgets us at the end
    GatewayThreads threads_;
};

} // namespace berth::gateway
