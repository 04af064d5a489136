// SPDX-License-Identifier: Apache-2.0
#pragma once
// What all connections of one server share: its configuration, and the list by which one timer
// watches over every deadline (no connection owns a timer). Core thread only.

#include "base/limits.hpp"
#include "http/answer.hpp"
#include "http/forwarded.hpp"
#include "http/peer_counter.hpp"
#include "http/router.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace berth::http {

// One finished exchange, for the access log and the metrics.
struct RequestRecord {
    const Request* request = nullptr; // valid during the call only
    std::string_view route;           // pattern; empty when none matched
    int status = 0;
    std::chrono::microseconds duration{};
};

struct ServerConfig {
    std::string content_security_policy = "default-src 'none'; frame-ancestors 'none'";
    std::vector<std::string> trusted_proxies; // see TrustedProxies; nobody by default
    // Accepted values of Host without port, "*.example.org" for any name below; empty = all (H-23).
    std::vector<std::string> allowed_hosts;
    bool is_tls = false;      // the browser reaches this listener by TLS only
    // Tells browsers that came by TLS never to come without again (H-22). For a server whose public
    // address is https: they remember it for the host name, whatever its port.
    bool is_strict_transport = false;
    std::size_t max_connections = limits::connections;
    // Of one address (H-30); 0 = no limit. Unix sockets and trusted proxies are not counted, nor
    // are these: what connects from this machine is a proxy or a tool of its operator.
    std::size_t connections_per_address = limits::connections_per_address;
    std::vector<std::string> uncounted_addresses{"127.0.0.0/8", "::1"};
    int max_requests = limits::requests_per_connection;
    Milliseconds header_read = limits::header_read;
    Milliseconds body_read = limits::body_read;
    Milliseconds keep_alive_idle = limits::keep_alive_idle;
    Milliseconds write_stall = limits::write_stall;
    Milliseconds request_total = limits::request_total;
    // A handler that ignores its deadline is cancelled this much later.
    Milliseconds handler_overrun = std::chrono::seconds{10};
    Milliseconds sweep_interval = std::chrono::seconds{1}; // how exact the times above are
    // Called after each answer was written; must not block.
    std::function<void(const RequestRecord&)> observer;
    // Takes whole requests away by host name, before the path is looked at (desktops' own web
    // pages). The body is unread, request.path is empty and request.target is as received.
    std::function<const Route*(const Request&)> host_route;
};

// Connections that were turned away at the door, by reason.
struct Refusals {
    std::uint64_t full = 0;        // over max_connections
    std::uint64_t address = 0;     // over connections_per_address
    std::uint64_t descriptors = 0; // too few descriptors are left
};

enum class Phase {
    idle,      // between requests: may be closed at any time
    reading,   // part of a request has arrived
    handling,  // a handler runs
    writing,   // bytes of ours wait for the client
    streaming, // a producer waits for its next piece
    taken,     // the stream belongs to a takeover
    lingering, // the last answer is out, the rest of the input is thrown away
};

// A connection as the watch sees it.
class Watched {
public:
    virtual ~Watched() = default;
    Phase phase() const noexcept { return phase_; }
    void enter(Phase phase, Deadline due) noexcept {
        phase_ = phase;
        due_ = due;
    }
    void enter(Phase phase) noexcept { enter(phase, Deadline::max()); }
    Deadline due() const noexcept { return due_; }
    // The time of the phase is over. Must not destroy the connection on the spot.
    virtual void on_due() noexcept = 0;
    virtual void on_drain() noexcept = 0;

private:
    friend class ServerState;
    Phase phase_ = Phase::idle;
    Deadline due_ = Deadline::max();
    std::size_t index_ = 0;
};

class ServerState {
public:
    // Throws std::invalid_argument when trusted_proxies or uncounted_addresses does not parse.
    explicit ServerState(ServerConfig config);

    const ServerConfig& config() const noexcept { return config_; }
    const TrustedProxies& proxies() const noexcept { return proxies_; }
    AnswerWriter& answers() noexcept { return answers_; }
    std::string next_request_id();
    // A whole answer without a body that ends its connection, for whoever is turned away unheard.
    std::string last_answer(int status, int retry_after_s = 0);
    bool is_allowed_host(std::string_view host) const;

    void add(Watched& connection);
    void remove(Watched& connection) noexcept;
    std::size_t size() const noexcept { return connections_.size(); }
    bool is_over_cap() const noexcept { return size() > config_.max_connections; }
    // For a new connection from there; nothing when the address has its share.
    std::optional<PeerCounter::Place> place_for(std::string_view peer);
    Refusals& refusals() noexcept { return refusals_; }
    const Refusals& refusals() const noexcept { return refusals_; }
    // Calls on_due() of everything that is late.
    void sweep(Deadline now) noexcept;
    // Closes idle connections now; the others end after their present answer.
    void drain() noexcept;
    bool is_draining() const noexcept { return is_draining_; }

private:
    ServerConfig config_;
    TrustedProxies proxies_;
    TrustedProxies uncounted_;
    PeerCounter peers_;
    Refusals refusals_;
    AnswerWriter answers_;
    std::vector<Watched*> connections_;
    std::string id_prefix_; // distinguishes runs of the process
    std::uint64_t requests_ = 0;
    bool is_draining_ = false;
};

} // namespace berth::http
