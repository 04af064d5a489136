// SPDX-License-Identifier: Apache-2.0
#include "ssh/host_link.hpp"

#include "base/log.hpp"
#include "base/scope_exit.hpp"
#include "net/deadline.hpp"
#include "ssh/client_config.hpp"
#include "ssh/command.hpp"
#include "ssh/openssh_child.hpp"
#include "ssh/sessions.hpp"

namespace berth::ssh {
namespace {

using net::ByteStreamPtr;
using net::Task;
using SessionPtr = Sessions::SessionPtr;

std::string url_of(const LinkConfig& config) {
    const auto& address = config.address;
    bool is_v6 = address.host.find(':') != std::string::npos;
    auto user = address.user.empty() ? "" : address.user + "@";
    auto port = address.port == 0 ? "" : ":" + std::to_string(address.port);
    return "ssh://" + user + (is_v6 ? "[" + address.host + "]" : address.host) + port;
}

// Where the session lives; the answer comes back here.
template <class T>
Task<T> run_there(const net::Executor& core, net::Executor executor, Task<T> task) {
    if (executor == core) co_return co_await std::move(task);
    co_return co_await net::run_on(std::move(executor), std::move(task));
}

Task<Result<ByteStreamPtr>> open_port(SessionPtr session, std::uint16_t port, Deadline deadline) {
    co_return co_await session->open_tcp(loopback, port, deadline);
}

} // namespace

// Requests under way hold it: they may end after the link.
struct HostLink::State final : net::Dialer, std::enable_shared_from_this<HostLink::State> {
    State(net::Executor core_, Handshakes& handshakes_, LinkConfig config_);

    // net::Dialer: to the engine.
    Task<Result<ByteStreamPtr>> dial(net::Executor executor, Deadline deadline) override;
    std::string describe() const override { return url_of(config); }

    Task<Result<Target>> target(Deadline deadline);
    Task<Outcome> connect(Goal goal, Deadline deadline);
    Task<Outcome> see_key(Deadline deadline);
    Task<Status> choose_transport(Deadline deadline);
    Task<Result<ByteStreamPtr>> dial_engine(net::Executor executor, Deadline deadline);
    Task<Result<Way>> way_of(SessionPtr session, Deadline deadline);
    Task<Result<ByteStreamPtr>>
    dial_port(std::uint16_t port, net::Executor executor, Deadline deadline, net::Traffic traffic);
    Task<Result<std::string>> run(std::string command, Deadline deadline);
    Task<Status> accept_key(std::string fingerprint, Deadline deadline);
    Task<Status> forget_key(Deadline deadline);

    void note_outcome(const Outcome& outcome);
    void note_down(const Error& error);
    void note_failure(const Error& error);
    Report report() const;
    void tell() {
        if (on_changed) on_changed();
    }

    net::Executor core;
    Handshakes& handshakes;
    LinkConfig config;
    KnownHosts known_hosts;
    std::optional<Target> kept_target;
    Deadline target_until{};

    Way way = Way::none;
    std::weak_ptr<Session> way_session; // where it was found; another session is asked anew
    bool is_finding = false;
    std::uint64_t finds = 0; // that ended
    std::optional<Error> find_error;
    net::Signal found;

    std::string last_error;
    KeyState key = KeyState::none;
    HostKey offered, known;
    bool is_stopped = false;
    std::function<void()> on_changed;
    bool uses_openssh = false;
    Sessions sessions;
    OpensshChild child;
};

namespace {

Sessions::Config sessions_config(const LinkConfig& config) {
    Sessions::Config settings;
    settings.most = config.most_connections;
    settings.session = config.session;
    settings.idle = config.idle;
    return settings;
}

} // namespace

HostLink::State::State(net::Executor core_, Handshakes& handshakes_, LinkConfig config_)
    : core{std::move(core_)}
    , handshakes{handshakes_}
    , config{std::move(config_)}
    , known_hosts{config.own_known_hosts}
    , found{core}
    , sessions{core, [this](Deadline deadline) { return connect(Goal::log_in, deadline); }, sessions_config(config)}
    , child{core, handshakes, OpensshChild::Config{config}} {
    child.on_started = [this](const Outcome& outcome) { note_outcome(outcome); };
    child.on_down = [this](const Error& error) { note_down(error); };
    sessions.on_dialled = [this](const Outcome& outcome) { note_outcome(outcome); };
    sessions.on_down = [this](const Error& error) { note_down(error); };
}

// ---- connecting -------------------------------------------------------------------------------------

Task<Result<Target>> HostLink::State::target(Deadline deadline) {
    auto self = shared_from_this();
    if (kept_target && std::chrono::steady_clock::now() < target_until) co_return *kept_target;
    auto until = earlier(deadline, deadline_in(limits::ssh_config));
    auto fresh = co_await effective_target(config, until);
    if (!fresh) co_return fresh.error();
    kept_target = *fresh;
    target_until = deadline_in(limits::ssh_config_fresh);
    co_return fresh;
}

Task<Outcome> HostLink::State::connect(Goal goal, Deadline deadline) {
    auto self = shared_from_this();
    auto where = co_await target(deadline);
    if (!where) {
        Outcome outcome;
        outcome.error = where.error();
        co_return outcome;
    }
    Handshake::Order order;
    order.target = std::move(*where);
    order.known_hosts = known_hosts;
    order.goal = goal;
    order.rekey_bytes = config.rekey_bytes;
    co_return co_await handshakes.run(std::move(order), deadline);
}

Task<Outcome> HostLink::State::see_key(Deadline deadline) {
    auto self = shared_from_this();
    auto chosen = co_await choose_transport(deadline);
    Outcome outcome;
    if (!chosen) {
        outcome.error = chosen.error();
        co_return outcome;
    }
    auto looking = uses_openssh ? child.see_key(*kept_target, deadline) : connect(Goal::see_key, deadline);
    co_return co_await std::move(looking);
}

// What is up stays; a new connection asks the configuration.
Task<Status> HostLink::State::choose_transport(Deadline deadline) {
    auto self = shared_from_this();
    if (uses_openssh ? child.is_up() : sessions.connections() > 0) co_return Status{};
    auto where = co_await target(deadline);
    if (!where) co_return where.error();
    auto chosen = transport_for(config.transport, *where);
    if (!chosen) co_return chosen.error();
    uses_openssh = *chosen == Transport::openssh;
    co_return Status{};
}

void HostLink::State::note_outcome(const Outcome& outcome) {
    last_error = outcome.error ? outcome.error->operator_text() : "";
    if (!outcome.error) key = KeyState::ok; // also where an OpenSSH child does not show which
    if (!outcome.offered.type.empty()) {
        offered = outcome.offered;
        known = outcome.check.known;
        switch (outcome.check.verdict) {
        case KeyVerdict::ok: key = KeyState::ok; break;
        case KeyVerdict::unknown: key = KeyState::unknown; break;
        case KeyVerdict::changed:
        case KeyVerdict::revoked: key = KeyState::changed; break;
        }
    }
    tell();
}

void HostLink::State::note_down(const Error& error) {
    if (error.code() != Errc::ended) last_error = error.operator_text(); // ended: we closed it
    tell();
}

void HostLink::State::note_failure(const Error& error) {
    if (error.code() == Errc::timed_out || error.code() == Errc::shutting_down) return;
    last_error = error.operator_text();
    tell();
}

// ---- the engine -------------------------------------------------------------------------------------

Task<Result<Way>> HostLink::State::way_of(SessionPtr session, Deadline deadline) {
    auto self = shared_from_this();
    const auto finds_before = finds;
    for (;;) {
        bool is_known = way != Way::none && way_session.lock() == session;
        if (is_known) co_return way;
        if (finds != finds_before && find_error) co_return *find_error;
        if (!is_finding) break;
        if (std::chrono::steady_clock::now() >= deadline)
            co_return Error{Errc::timed_out, "still looking for a way to the engine"};
        auto seen = found.count();
        co_await found.wait_past_until(seen, deadline);
    }
    is_finding = true;
    ScopeExit leave{[this] {
        is_finding = false;
        ++finds;
        found.notify();
    }};
    find_error = Error{Errc::host_unreachable, "looking for a way to the engine was given up"};
    auto result = co_await find_way(session, config.engine_socket, deadline);
    find_error.reset();
    if (!result) {
        find_error = result.error();
        co_return result;
    }
    way = *result;
    way_session = session;
    last_error.clear();
    tell();
    co_return result;
}

Task<Result<ByteStreamPtr>>
HostLink::State::dial_engine(net::Executor executor, Deadline deadline) {
    auto self = shared_from_this();
    auto transport = co_await choose_transport(deadline);
    if (!transport) co_return transport.error();
    if (uses_openssh) co_return co_await child.dial_engine(*kept_target, std::move(executor), deadline);
    for (int attempt = 0;; ++attempt) {
        auto control = co_await sessions.get(net::Traffic::control, core, deadline);
        if (!control) co_return control.error();
        auto chosen = co_await way_of(*control, deadline);
        // A session that died under our hands is no answer: once more, on a new one.
        bool may_repeat = attempt == 0 && !(*control)->is_up();
        if (!chosen && may_repeat) continue;
        if (!chosen) co_return chosen.error();
        auto session = *control;
        if (executor != core) {
            auto bulk = co_await sessions.get(net::Traffic::bulk, executor, deadline);
            if (!bulk) co_return bulk.error();
            session = *bulk;
        }
        auto opening = open_way(session, *chosen, config.engine_socket, deadline);
        auto stream = co_await run_there(core, executor, std::move(opening));
        if (stream || attempt != 0 || session->is_up()) co_return stream;
    }
}

Task<Result<ByteStreamPtr>> HostLink::State::dial(net::Executor executor, Deadline deadline) {
    auto self = shared_from_this();
    auto stream = co_await dial_engine(std::move(executor), deadline);
    if (stream) co_return stream;
    note_failure(stream.error());
    auto error = stream.error();
    if (error.code() == Errc::forbidden) error = Error{Errc::host_unreachable, error.operator_text()};
    co_return std::move(error).with_context(describe());
}

// ---- ports --------------------------------------------------------------------------------------------

Task<Result<ByteStreamPtr>> HostLink::State::dial_port(
    std::uint16_t port, net::Executor executor, Deadline deadline, net::Traffic traffic
) {
    auto self = shared_from_this();
    auto transport = co_await choose_transport(deadline);
    if (!transport) co_return transport.error();
    if (uses_openssh) co_return co_await child.dial_port(*kept_target, port, std::move(executor), deadline);
    auto purpose = executor == core ? traffic : net::Traffic::bulk; // the control session lives on core
    for (int attempt = 0;; ++attempt) {
        auto session = co_await sessions.get(purpose, executor, deadline);
        if (!session) co_return session.error();
        auto opening = open_port(*session, port, deadline);
        auto stream = co_await run_there(core, executor, std::move(opening));
        if (stream) co_return stream;
        if (attempt == 0 && !(*session)->is_up()) continue;
        auto where = std::string{loopback} + ":" + std::to_string(port);
        const auto& error = stream.error();
        if (error.code() == Errc::forbidden)
            co_return Error{
                Errc::forbidden,
                "the ssh server forbids forwarding to " + where + " (AllowTcpForwarding, PermitOpen)"};
        co_return Error{error}.with_context(where);
    }
}

Task<Result<std::string>> HostLink::State::run(std::string command, Deadline deadline) {
    auto self = shared_from_this();
    auto session = way_session.lock();
    if (uses_openssh || (session && way != Way::streamlocal))
        co_return Error{Errc::not_found, describe() + ": its commands are the way to its engine"};
    if (!session || !session->is_up()) co_return Error{Errc::host_unreachable, describe() + ": not connected"};
    auto output = co_await command_output(std::move(session), std::move(command), deadline);
    co_return output;
}

// ---- keys ---------------------------------------------------------------------------------------------

Task<Status> HostLink::State::accept_key(std::string fingerprint, Deadline deadline) {
    auto self = shared_from_this();
    auto outcome = co_await see_key(deadline);
    if (outcome.error) co_return *outcome.error;
    const auto& shown = outcome.offered.fingerprint;
    if (shown != fingerprint) {
        auto both = "the machine shows " + shown + " now, not " + log_safe(fingerprint, 80);
        co_return Error{Errc::conflict, describe() + ": " + both, "Nothing was changed: " + both + "."};
    }
    if (outcome.check.verdict == KeyVerdict::revoked)
        co_return Error{Errc::conflict, describe() + ": this key is marked as revoked"};
    auto where = co_await target(deadline);
    if (!where) co_return where.error();
    std::function<Status()> put = [file = known_hosts, name = where->key_name, key = outcome.offered] {
        return file.put(name, key);
    };
    auto kept = co_await handshakes.run_blocking(std::move(put));
    if (!kept) co_return kept;
    key = KeyState::ok;
    offered = outcome.offered;
    last_error.clear();
    sessions.try_now();
    child.try_now();
    tell();
    co_return kept;
}

Task<Status> HostLink::State::forget_key(Deadline deadline) {
    auto self = shared_from_this();
    auto where = co_await target(deadline);
    if (!where) co_return where.error();
    std::function<Status()> forget = [file = known_hosts, name = where->key_name] {
        return file.forget(name);
    };
    co_return co_await handshakes.run_blocking(std::move(forget));
}

Report HostLink::State::report() const {
    Report report;
    bool is_up = uses_openssh ? child.is_up() : sessions.is_control_up();
    bool has_way = is_up && (uses_openssh || !way_session.expired());
    if (has_way) report.way = name_of(uses_openssh ? Way::openssh : way);
    report.state = is_stopped ? "stopped"
                   : is_up    ? "up"
                   : sessions.is_dialling() || child.is_starting() ? "connecting"
                   : last_error.empty()     ? "idle"
                                            : "down";
    report.last_error = last_error;
    if (kept_target) report.why_openssh = kept_target->needs_openssh;
    report.key = key;
    report.offered = offered;
    report.known = known;
    report.connections = sessions.connections() + (child.is_up() ? 1 : 0);
    report.most_connections = config.most_connections;
    report.channels = sessions.channels();
    report.next_try = uses_openssh ? child.next_try() : sessions.next_try();
    return report;
}

// ---- HostLink -------------------------------------------------------------------------------------------

HostLink::HostLink(net::Executor core, Handshakes& handshakes, LinkConfig config)
    : state_{std::make_shared<State>(std::move(core), handshakes, std::move(config))} {
    state_->on_changed = [this] {
        if (on_changed) on_changed();
    };
}

HostLink::~HostLink() { state_->on_changed = nullptr; }

net::Dialer& HostLink::engine() noexcept { return *state_; }

Task<Result<ByteStreamPtr>>
HostLink::dial_port(std::uint16_t port, net::Executor executor, Deadline deadline, net::Traffic traffic) {
    return state_->dial_port(port, std::move(executor), deadline, traffic);
}

Task<Result<std::string>> HostLink::run(std::string command, Deadline deadline) {
    return state_->run(std::move(command), deadline);
}

Task<Result<Outcome>> HostLink::see_key(Deadline deadline) {
    auto state = state_;
    auto outcome = co_await state->see_key(deadline);
    if (outcome.error) co_return *outcome.error;
    co_return outcome;
}

Task<Status> HostLink::accept_key(std::string fingerprint, Deadline deadline) {
    return state_->accept_key(std::move(fingerprint), deadline);
}

Task<Status> HostLink::forget_key(Deadline deadline) { return state_->forget_key(deadline); }
Task<Result<Target>> HostLink::target(Deadline deadline) { return state_->target(deadline); }
Report HostLink::report() const { return state_->report(); }

Task<void> HostLink::stop() {
    auto state = state_;
    state->is_stopped = true;
    co_await state->sessions.stop();
    co_await state->child.stop();
}

} // namespace berth::ssh
