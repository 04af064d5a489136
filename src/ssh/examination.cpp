// SPDX-License-Identifier: Apache-2.0
#include "ssh/examination.hpp"

#include "base/scope_exit.hpp"
#include "net/deadline.hpp"
#include "net/dial_tcp.hpp"
#include "ssh/client_config.hpp"
#include "ssh/examination_steps.hpp"
#include "ssh/openssh_child.hpp"
#include "ssh/session.hpp"

namespace berth::ssh {
namespace {

using net::ByteStreamPtr;
using net::Task;
using Now = std::chrono::steady_clock;

// Nobody listens there (tcpmux): a refusal of the machine itself shows that sshd asked it.
constexpr std::uint16_t idle_port = 1;
constexpr Milliseconds words_pause{20};
constexpr int words_patience = 15; // times the pause: ssh says why a little later than it closes

// One examination under way; lives in the frame of examine().
struct Visit {
    net::Executor core;
    Handshakes& handshakes;
    LinkConfig config;
    Target target;
    AskEngine ask;
    Ports ports;
    TellStep tell;
    Deadline deadline;
    Steps steps;
};

Task<void> tell_decided(Visit& visit, bool is_end = false) {
    while (auto step = visit.steps.next_decided(is_end)) {
        if (!visit.tell) continue;
        auto telling = visit.tell(std::move(*step));
        co_await std::move(telling);
    }
}

Task<void> ask_engine(Visit& visit, net::Dialer& engine) {
    auto asking = visit.ask(engine, visit.deadline);
    auto said = co_await std::move(asking);
    visit.steps.put(Place::engine, std::move(said));
    co_await tell_decided(visit);
}

// ---- by libssh ---------------------------------------------------------------------------------

class SessionDialer final : public net::Dialer {
public:
    SessionDialer(std::shared_ptr<Session> session, Way way, std::string socket)
        : session_{std::move(session)}
        , way_{way}
        , socket_{std::move(socket)} {}
    Task<Result<ByteStreamPtr>> dial(net::Executor, Deadline deadline) override {
        return open_way(session_, way_, socket_, deadline);
    }
    std::string describe() const override { return "unix://" + socket_; }

private:
    std::shared_ptr<Session> session_;
    Way way_;
    std::string socket_;
};

Task<Status> try_port(std::shared_ptr<Session> session, Deadline deadline) {
    auto stream = co_await session->open_tcp(loopback, idle_port, deadline);
    if (stream) co_return Status{};
    bool was_asked = stream.error().code() == Errc::host_unreachable && session->is_up();
    if (was_asked) co_return Status{};
    co_return stream.error();
}

Task<void> examine_session(Visit& visit, std::shared_ptr<Session> session) {
    const auto& socket = visit.config.engine_socket;
    auto begin = Now::now();
    auto search =
        co_await search_way(session, socket, earlier(visit.deadline, deadline_in(limits::ssh_way)));
    auto took = since(begin);
    auto obstacle = Obstacle::none;
    if (search.way == Way::none && !search.refused.empty())
        obstacle = co_await find_obstacle(session, socket, visit.deadline);
    judge_way(visit.steps, search, obstacle, socket, visit.target, took);
    co_await tell_decided(visit);
    if (visit.steps.has_failed()) co_return;
    SessionDialer engine{session, search.way, socket};
    co_await ask_engine(visit, engine);
    if (visit.steps.has_failed() || visit.ports == Ports::unused) co_return;
    begin = Now::now();
    auto opened = co_await try_port(session, visit.deadline);
    judge_ports(visit.steps, opened, since(begin));
}

Task<void> examine_libssh(Visit& visit) {
    Handshake::Order order;
    order.target = visit.target;
    order.known_hosts = KnownHosts{visit.config.own_known_hosts};
    auto until = earlier(visit.deadline, deadline_in(limits::ssh_connect));
    auto outcome = co_await visit.handshakes.run(std::move(order), until);
    judge_connection(visit.steps, outcome, visit.target);
    co_await tell_decided(visit);
    if (!outcome.connection) co_return;
    auto session =
        std::make_shared<Session>(visit.core, std::move(outcome.connection), visit.config.session);
    ScopeExit leave{[&session] { session->close(); }};
    co_await examine_session(visit, session);
}

// ---- by the ssh command ------------------------------------------------------------------------

using ChildPtr = std::shared_ptr<OpensshChild>;

class ChildDialer final : public net::Dialer {
public:
    ChildDialer(ChildPtr child, Target target, std::string socket)
        : child_{std::move(child)}
        , target_{std::move(target)}
        , socket_{std::move(socket)} {}
    Task<Result<ByteStreamPtr>> dial(net::Executor executor, Deadline deadline) override {
        return child_->dial_engine(target_, std::move(executor), deadline);
    }
    std::string describe() const override { return "unix://" + socket_; }

private:
    ChildPtr child_;
    Target target_;
    std::string socket_;
};

// The stream over the command's local socket ends either way; why, it says on its standard error.
Task<Status> try_child_port(ChildPtr child, Target target, net::Executor core, Deadline deadline) {
    auto stream = co_await child->dial_port(target, idle_port, std::move(core), deadline);
    if (!stream) co_return stream.error();
    for (int i = 0; i < words_patience; ++i) {
        auto said = child->said();
        if (said.find("administratively prohibited") != std::string::npos)
            co_return Error{Errc::forbidden, said};
        if (said.find("open failed") != std::string::npos) break;
        co_await net::sleep_for(words_pause);
    }
    co_return Status{};
}

// The name and the connection, where they are ours to look at.
Task<void> see_way(net::Executor core, const Target& target, Deadline deadline, Outcome& seen) {
    auto begin = Now::now();
    seen.stage = Stage::resolve;
    auto addresses = co_await net::resolve_tcp(target.host, target.port, deadline);
    seen.resolve = since(begin);
    if (!addresses) {
        seen.error = addresses.error();
        co_return;
    }
    for (const auto& one : *addresses)
        seen.addresses += (seen.addresses.empty() ? "" : ", ") + one.address().to_string();
    begin = Now::now();
    seen.stage = Stage::tcp;
    auto socket = co_await net::connect_tcp(std::move(core), std::move(*addresses), deadline);
    seen.tcp = since(begin);
    if (socket)
        seen.peer = net::peer_of(*socket);
    else
        seen.error = socket.error();
}

Task<void> end_child(ChildPtr child) {
    co_await child->stop();
}

Task<void> examine_child(Visit& visit) {
    Outcome seen;
    const auto& target = visit.target;
    if (!target.is_behind_proxy)
        co_await see_way(
            visit.core, target, earlier(visit.deadline, deadline_in(limits::ssh_connect)), seen
        );
    if (seen.error) co_return judge_connection(visit.steps, seen, target);
    auto child = std::make_shared<OpensshChild>(
        visit.core, visit.handshakes, OpensshChild::Config{visit.config}
    );
    ScopeExit leave{[&] { visit.handshakes.finish(end_child(child)); }};
    bool has_started = false;
    child->on_started = [&](const Outcome& outcome) {
        has_started = true;
        seen.stage = outcome.stage;
        seen.error = outcome.error;
        seen.denial = outcome.denial;
        seen.offered = outcome.offered;
        seen.check = outcome.check;
        seen.identity = outcome.identity;
    };
    ScopeExit forget{[&child] { child->on_started = nullptr; }};
    auto begin = Now::now();
    auto stream = co_await child->dial_engine(target, visit.core, visit.deadline);
    seen.authentication = since(begin);
    if (!has_started) {
        seen.stage = target.is_behind_proxy ? Stage::tcp : Stage::banner;
        seen.error =
            stream ? Error{Errc::internal, "ssh did not tell of its start"} : stream.error();
    }
    judge_connection(visit.steps, seen, target);
    co_await tell_decided(visit);
    if (visit.steps.has_failed()) co_return;
    WaySearch search;
    search.way = stream ? Way::openssh : Way::none;
    if (!stream) {
        search.error = stream.error();
        search.refused = stream.error().operator_text();
    }
    judge_way(
        visit.steps, search, Obstacle::none, visit.config.engine_socket, target, Milliseconds{0}
    );
    co_await tell_decided(visit);
    if (visit.steps.has_failed()) co_return;
    ChildDialer engine{child, target, visit.config.engine_socket};
    co_await ask_engine(visit, engine);
    if (visit.steps.has_failed() || visit.ports == Ports::unused) co_return;
    begin = Now::now();
    auto opened = co_await try_child_port(child, target, visit.core, visit.deadline);
    judge_ports(visit.steps, opened, since(begin));
}

} // namespace

Task<std::vector<Step>> examine(
    net::Executor core,
    Handshakes& handshakes,
    LinkConfig config,
    AskEngine ask,
    Ports ports,
    TellStep tell,
    Deadline deadline
) {
    Visit visit{
        std::move(core),
        handshakes,
        std::move(config),
        Target{},
        std::move(ask),
        ports,
        std::move(tell),
        deadline,
        Steps{ports}};
    auto begin = Now::now();
    auto target =
        co_await effective_target(visit.config, earlier(deadline, deadline_in(limits::ssh_config)));
    auto transport =
        target ? transport_for(visit.config.transport, *target) : Result<Transport>{target.error()};
    if (!transport) {
        visit.steps.fail(
            Place::resolve,
            since(begin),
            transport.error().operator_text(),
            "Correct the machine's address, or the ssh configuration of this account (ssh -G shows "
            "what holds)."
        );
        co_await tell_decided(visit, true);
        co_return std::move(visit.steps).take();
    }
    visit.target = std::move(*target);
    auto examining =
        *transport == Transport::openssh ? examine_child(visit) : examine_libssh(visit);
    co_await std::move(examining);
    co_await tell_decided(visit, true);
    co_return std::move(visit.steps).take();
}

} // namespace berth::ssh
