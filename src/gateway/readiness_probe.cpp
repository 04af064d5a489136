// SPDX-License-Identifier: Apache-2.0
#include "gateway/readiness_probe.hpp"

#include "base/log.hpp"
#include "gateway/greeting.hpp"
#include "net/deadline.hpp"
#include "net/dialer.hpp"
#include "net/http_client.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace berth::gateway {
namespace {

using net::Task;
using namespace std::chrono_literals;

constexpr Milliseconds first_pause = 10ms;
constexpr Milliseconds longest_pause = 250ms;
// One try: a port that is open but silent must not use up the whole time of a start.
constexpr Seconds try_limit = 5s;

// The port of one container as something to dial.
class EndpointDialer final : public net::Dialer {
public:
    EndpointDialer(broker::ContainerHost& host, ContainerId container, const session::Endpoint& endpoint)
        : host_{host}
        , container_{std::move(container)}
        , port_{endpoint.port}
        // A greeting is a few bytes; a page may be of any size.
        , traffic_{endpoint.protocol == session::Protocol::rfb ? net::Traffic::control : net::Traffic::bulk} {}

    Task<Result<net::ByteStreamPtr>> dial(net::Executor executor, Deadline deadline) override {
        co_return co_await host_.dial(container_, port_, traffic_, std::move(executor), deadline);
    }
    std::string describe() const override { return "port " + std::to_string(port_); }

private:
    broker::ContainerHost& host_;
    ContainerId container_;
    std::uint16_t port_;
    net::Traffic traffic_;
};

Task<Status> try_rfb(net::Dialer& dialer, const Secret& secret, Deadline deadline) {
    const auto executor = co_await boost::asio::this_coro::executor;
    auto stream = co_await dialer.dial(executor, deadline);
    if (!stream) co_return stream.error();
    auto greeted = co_await greet_desktop(**stream, secret, deadline);
    if (!greeted) co_return greeted.error();
    co_return Status{};
}

Task<Status> try_web(net::Dialer& dialer, Deadline deadline) {
    const auto executor = co_await boost::asio::this_coro::executor;
    net::HttpClient client{executor, dialer, {}};
    net::HttpRequest request{"GET", "/", "", ""};
    // The head is enough: a page may be large, or never end.
    auto answer = co_await client.open(std::move(request), deadline);
    if (!answer) co_return answer.error();
    const int status = (*answer)->head().status;
    if (status >= 500)
        co_return Error{Errc::not_ready, "the application answers " + std::to_string(status)};
    co_return Status{};
}

// Worth another try: it may just not be up yet.
bool is_early(Errc code) {
    switch (code) {
    case Errc::not_ready:
    case Errc::host_unreachable:
    case Errc::timed_out:
    case Errc::ended:
    case Errc::engine_error:
    case Errc::unavailable:
        return true;
    default:
        return false;
    }
}

Task<Status> try_endpoint(
    const session::Endpoint& endpoint, net::Dialer& dialer, const Secret& secret, Deadline deadline
) {
    if (endpoint.protocol == session::Protocol::rfb)
        co_return co_await try_rfb(dialer, secret, deadline);
    co_return co_await try_web(dialer, deadline);
}

Task<Status> wait_endpoint(
    const session::Endpoint& endpoint,
    net::Dialer& dialer,
    const Secret& secret,
    const SessionId& session,
    Deadline deadline
) {
    Error last{Errc::timed_out, "it was never tried"};
    for (auto pause = first_pause; std::chrono::steady_clock::now() < deadline;
         pause = std::min(pause * 2, longest_pause)) {
        auto status = co_await try_endpoint(
            endpoint, dialer, secret, earlier(deadline, deadline_in(try_limit))
        );
        if (status) co_return status;
        last = status.error();
        // Refusals are a program that is still starting; a whole try of silence is worth a line.
        if (last.code() == Errc::timed_out)
            log("gateway").info(
                "endpoint_silent session={} endpoint={} {}", session.str(), endpoint.name,
                log_safe(describe(last))
            );
        // It is the machine that will not have it, whatever runs there: a host's fault, and no better later.
        if (last.code() == Errc::forbidden)
            co_return Error{Errc::host_unreachable, endpoint.name + ": " + last.operator_text()};
        if (!is_early(last.code())) co_return std::move(last).with_context(endpoint.name);
        co_await net::sleep_until(earlier(deadline, deadline_in(pause)));
    }
    co_return Error{Errc::timed_out, endpoint.name + ": not ready in time: " + describe(last)};
}

} // namespace

Task<Status> EndpointProbe::wait_ready(
    const session::Session& session,
    broker::ContainerHost& host,
    const Secret& rfb_secret,
    Deadline deadline
) {
    if (!session.container) co_return Error{Errc::not_ready, "there is no container to ask"};
    const auto container = *session.container;
    const auto id = session.id; // the session may change while we wait
    const auto endpoints = session.spec.endpoints;
    const auto secret = rfb_secret;
    for (const auto& endpoint : endpoints) {
        if (endpoint.protocol != session::Protocol::rfb &&
            endpoint.protocol != session::Protocol::web)
            continue;
        EndpointDialer dialer{host, container, endpoint};
        auto status = co_await wait_endpoint(endpoint, dialer, secret, id, deadline);
        if (!status) co_return status;
    }
    co_return Status{};
}

} // namespace berth::gateway
