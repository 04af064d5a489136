// SPDX-License-Identifier: Apache-2.0
#include "gateway/gateway.hpp"

#include "base/log.hpp"
#include "base/scope_exit.hpp"
#include "gateway/close_codes.hpp"
#include "gateway/endpoint.hpp"
#include "net/deadline.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstddef>
#include <unistd.h>

namespace berth::gateway {
namespace {

namespace asio = boost::asio;
using net::Task;
using net::WebSocketClose;
using namespace std::chrono_literals;

constexpr Milliseconds farewell_limit = 1200ms; // the close frames of a stopping server
// One connection carries hundreds of desktops; more than these gain nothing and cost the host a process each.
constexpr int most_threads_of_a_host = 4;
// Of a host's connections: the engine's, and the web endpoints' on the core thread.
constexpr int connections_of_core = 2;

// `ended` is called whatever way it ends, cancellation included.
Task<void> live(
    std::shared_ptr<Viewer> viewer,
    BrowserSide side,
    std::optional<WebSocketClose> refused,
    std::function<void()> ended
) {
    ScopeExit last{[&ended] { ended(); }};
    co_await viewer->run(std::move(side), std::move(refused));
}

} // namespace

// Reports may be under way when the gateway is gone already; they find it through this.
struct Gateway::Way {
    Gateway* gateway;
};

Gateway::Gateway(net::Executor core, Admission& admission, Config config)
    : core_{std::move(core)}
    , admission_{admission}
    , config_{std::move(config)}
    , way_{std::make_shared<Way>(Way{this})}
    , threads_{config_.threads} {}

Gateway::~Gateway() {
    way_->gateway = nullptr;
}

Task<http::Response> Gateway::open_rfb(http::Request& request) {
    auto allowed = config_.allowed_origins;
    if (config_.allow_own_host)
        allowed.push_back((request.is_secure ? "https://" : "http://") + request.host);
    auto origin = check_origin(request, allowed, config_.allow_missing_origin);
    if (!origin) co_return turn_away(request, Refusal::origin, origin.error());
    auto upgrade = check_upgrade(request);
    if (!upgrade)
        co_return turn_away(request, Refusal::request, upgrade.error())
            .with_header("Upgrade", "websocket");
    auto ticket = offered_ticket(request);
    if (!ticket) co_return turn_away(request, Refusal::request, ticket.error());
    if (is_stopping_)
        co_return turn_away(
            request, Refusal::stopping, Error{Errc::shutting_down, "the server is stopping"}
        );

    auto text = std::move(*ticket);
    auto answer = co_await admission_.admit(std::move(text));
    auto admitted = std::make_shared<Result<Admitted>>(std::move(answer));
    http::Response response;
    response.takeover =
        [this, admitted](net::ByteStreamPtr stream, http::Request taken, std::string early) {
            return take_over(std::move(stream), std::move(taken.headers), *admitted, early.empty());
        };
    co_return response;
}

http::Response
Gateway::turn_away(const http::Request& request, Refusal why, const Error& error) {
    refusals_.count(why);
    return refuse(error, request.id);
}

std::optional<Errc> Gateway::refusal(const Result<Admitted>& admitted) const {
    if (!admitted) return admitted.error().code();
    if (admitted->protocol != session::Protocol::rfb) return Errc::not_found;
    if (is_stopping_) return Errc::shutting_down;
    int of_session = 0;
    for (const auto& [id, entry] : entries_)
        of_session += entry.session == admitted->session;
    if (of_session >= config_.viewers_per_session || entries_.size() >= config_.viewers)
        return Errc::quota_exceeded;
    return std::nullopt;
}

Task<void> Gateway::take_over(
    net::ByteStreamPtr stream, net::HttpHeaders headers, Result<Admitted> admitted, bool is_clean
) {
    // A client that talks before the handshake is answered is none of ours.
    if (!is_clean) co_return;
    const int descriptor = stream->release_descriptor();
    if (descriptor < 0) {
        log("gateway").error("browser_not_taken reason=stream is not a plain socket");
        co_return;
    }
    stream.reset();
    const auto id = next_id_++;
    const auto thread = choose_thread(admitted);
    std::optional<WebSocketClose> refused;
    if (const auto code = refusal(admitted)) {
        refusals_.count(refusal_for(*code));
        refused = close_for(*code);
    }

    auto& entry = entries_[id];
    if (admitted) {
        entry.session = admitted->session;
        entry.login_id = admitted->login_id;
        entry.rights = admitted->rights;
    }
    entry.thread = thread;
    entry.viewer = std::make_shared<Viewer>(
        admitted ? std::move(*admitted) : Admitted{}, core_, threads_.parts(thread), reports_for(id)
    );
    auto ended = [way = way_, core = core_, id] {
        asio::post(core, [way, id] {
            if (way->gateway) way->gateway->left(id);
        });
    };
    start(entry, descriptor, std::move(headers), std::move(refused), std::move(ended));
}

// A host that counts its connections has one for each thread that carries its desktops: its viewers
// keep to as many threads as it can have.
std::size_t Gateway::choose_thread(const Result<Admitted>& admitted) {
    const auto turn = next_thread_++;
    const auto all = threads_.size();
    const auto most = admitted ? admitted->host->access().most_connections : 0;
    if (most == 0) return turn % all;
    const auto share = static_cast<std::size_t>(std::clamp(most - connections_of_core, 1, most_threads_of_a_host));
    // Hosts begin at different threads, so that all threads are used.
    const auto first = std::hash<const void*>{}(admitted->host.get()) / alignof(std::max_align_t);
    return (first + turn % std::min(share, all)) % all;
}

void Gateway::start(
    const Entry& entry,
    int descriptor,
    net::HttpHeaders headers,
    std::optional<WebSocketClose> refused,
    std::function<void()> ended
) {
    const auto executor = threads_.executor(entry.thread);
    asio::post(
        executor,
        [executor,
         descriptor,
         &parts = threads_.parts(entry.thread),
         viewer = entry.viewer,
         headers = std::move(headers),
         refused = std::move(refused),
         ended = std::move(ended)]() mutable {
            BrowserSide side;
            side.headers = std::move(headers);
            side.subprotocol = rfb_subprotocol;
            auto adopted = net::adopt_descriptor(executor, descriptor);
            if (!adopted) {
                ::close(descriptor);
                return ended();
            }
            side.stream = std::move(*adopted);
            const bool is_running = parts.scope.spawn(
                live(std::move(viewer), std::move(side), std::move(refused), ended)
            );
            if (!is_running) ended();
        }
    );
}

ViewerReports Gateway::reports_for(std::uint64_t id) {
    const auto posted = [&](void (Gateway::*told)(std::uint64_t)) {
        return [way = way_, core = core_, id, told] {
            asio::post(core, [way, id, told] {
                if (way->gateway) (way->gateway->*told)(id);
            });
        };
    };
    ViewerReports reports;
    reports.joined = posted(&Gateway::joined);
    reports.input_seen = posted(&Gateway::input_seen);
    reports.broke_protocol = posted(&Gateway::broke_protocol);
    return reports;
}

void Gateway::joined(std::uint64_t id) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;
    found->second.has_joined = true;
    admission_.viewer_joined(found->second.session, found->second.rights);
}

void Gateway::input_seen(std::uint64_t id) {
    const auto found = entries_.find(id);
    if (found != entries_.end()) admission_.input_seen(found->second.session);
}

void Gateway::broke_protocol(std::uint64_t) {
    ++refusals_.protocol_violations;
}

void Gateway::left(std::uint64_t id) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;
    const auto entry = std::move(found->second);
    entries_.erase(found);
    if (entry.has_joined) admission_.viewer_left(entry.session, entry.rights);
}

void Gateway::end(const Entry& entry, const WebSocketClose& why) {
    asio::post(threads_.executor(entry.thread), [viewer = entry.viewer, why] { viewer->end(why); });
}

void Gateway::close_session(const SessionId& session, session::EndReason reason) {
    for (const auto& [id, entry] : entries_)
        if (entry.session == session) end(entry, close_for(reason));
}

void Gateway::close_login(std::string_view login_id) {
    for (const auto& [id, entry] : entries_)
        if (entry.login_id == login_id) end(entry, close_for(Errc::unauthenticated));
}

Task<void> Gateway::stop() {
    is_stopping_ = true;
    for (const auto& [id, entry] : entries_)
        end(entry, close_for(Errc::shutting_down));
    const auto limit = deadline_in(farewell_limit);
    while (!entries_.empty() && std::chrono::steady_clock::now() < limit)
        co_await net::sleep_for(10ms);
    co_await threads_.stop();
    // The last reports were posted before the threads' scopes were empty: one turn brings them in.
    co_await net::sleep_for(1ms);
}

} // namespace berth::gateway
