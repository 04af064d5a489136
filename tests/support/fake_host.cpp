// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_host.hpp"

#include "base/scope_exit.hpp"
#include "net/byte_stream.hpp"
#include "net/deadline.hpp"

#include <cstdio>

namespace berth::test {

net::Task<Status> FakeHost::meet(Deadline deadline) {
    if (is_frozen) {
        co_await net::sleep_until(deadline);
        co_return Error{Errc::timed_out, "frozen"};
    }
    if (is_unreachable) co_return Error{Errc::host_unreachable, "unreachable"};
    co_return Status{};
}

net::Task<FakeHost::Fault> FakeHost::enter(Deadline deadline) {
    ++calls;
    // Always lets others run, as a real engine would.
    co_await net::sleep_for(latency);
    auto met = co_await meet(deadline);
    if (!met) co_return Fault::fails_before;
    if (countdown_ < 0 || countdown_-- != 0) co_return Fault::none;
    co_return fault_;
}

net::Task<Result<ContainerId>> FakeHost::create(const broker::ContainerOrder& order, Deadline deadline) {
    Key key{order.session, order.generation};
    auto owner = order.owner;
    auto image = order.spec.image;
    most_creating = std::max(most_creating, ++creating_);
    auto fault = co_await enter(deadline);
    --creating_;
    if (failing_creates_ > 0) {
        --failing_creates_;
        fault = create_fault_;
    }
    if (fault == Fault::fails_before) co_return Error{Errc::host_unreachable, "create"};
    if (fault == Fault::engine_error) co_return Error{Errc::engine_error, "create: engine answered 500: port in use"};
    if (missing_images.contains(image)) co_return Error{Errc::image_missing, image};
    auto known = containers.find(key);
    if (known == containers.end()) {
        Container made;
        char text[65];
        std::snprintf(text, sizeof text, "%064x", next_id_++);
        made.id = ContainerId{text};
        made.owner = owner;
        if (auto facts = image_facts.find(image); facts != image_facts.end()) made.image_id = facts->second.id;
        known = containers.emplace(key, made).first;
    }
    if (fault == Fault::answer_lost) co_return Error{Errc::timed_out, "create: answer lost"};
    co_return known->second.id;
}

net::Task<Status> FakeHost::start(const ContainerId& container, Deadline deadline) {
    auto id = container;
    auto fault = co_await enter(deadline);
    if (fault == Fault::fails_before) co_return Error{Errc::host_unreachable, "start"};
    for (auto& [key, one] : containers) {
        if (one.id != id) continue;
        if (one.state != broker::ContainerState::running) ++starts;
        one.state = broker::ContainerState::running;
        if (fault == Fault::answer_lost) co_return Error{Errc::timed_out, "start: answer lost"};
        co_return Status{};
    }
    co_return Error{Errc::not_found, "start"};
}

net::Task<Status> FakeHost::remove(const SessionId& session, int generation, Deadline deadline) {
    Key key{session, generation};
    auto fault = co_await enter(deadline);
    if (fault == Fault::fails_before) co_return Error{Errc::host_unreachable, "remove"};
    containers.erase(key);
    networks.erase(key);
    if (fault == Fault::answer_lost) co_return Error{Errc::timed_out, "remove: answer lost"};
    co_return Status{};
}

net::Task<Result<std::vector<broker::Observed>>> FakeHost::list(Deadline deadline) {
    auto fault = co_await enter(deadline);
    if (fault != Fault::none) co_return Error{Errc::host_unreachable, "list"};
    std::vector<broker::Observed> seen;
    for (const auto& [key, one] : containers) {
        broker::Observed observed;
        observed.container = one.id;
        observed.session = key.first;
        observed.generation = key.second;
        observed.state = one.state;
        observed.exit_code = one.exit_code;
        observed.image_id = one.image_id;
        seen.push_back(std::move(observed));
    }
    co_return seen;
}

net::Task<Result<std::unique_ptr<net::ByteStream>>>
FakeHost::dial(const ContainerId&, std::uint16_t, net::Traffic, net::Executor, Deadline) {
    co_return Error{Errc::not_ready, "nothing listens in a fake container"};
}

net::Task<Result<broker::HostFacts>> FakeHost::check(Deadline deadline) {
    ++checks;
    auto met = co_await meet(deadline);
    if (!met) co_return met.error();
    if (is_busy) {
        answered_at = std::chrono::steady_clock::now();
        co_await net::sleep_until(deadline);
        co_return Error{Errc::timed_out, "busy"};
    }
    if (refusal) co_return *refusal;
    broker::HostFacts facts;
    facts.engine_id = engine_id;
    facts.version = "1";
    facts.api_version = "1.41";
    facts.cpus = cpus;
    co_return facts;
}

net::Task<Result<broker::ImageFacts>> FakeHost::check_image(const std::string& image, Deadline deadline) {
    auto met = co_await meet(deadline);
    if (!met) co_return met.error();
    if (missing_images.contains(image)) co_return Error{Errc::image_missing, image};
    auto known = image_facts.find(image);
    if (known != image_facts.end()) co_return known->second;
    co_return broker::ImageFacts{};
}

net::Task<void> FakeHost::watch(std::function<void(broker::HostNotice)> notice) {
    notice_ = std::move(notice);
    auto mine = ++watchers_;
    ScopeExit ended{[this, mine] {
        if (watchers_ == mine) notice_ = nullptr;
    }};
    for (;;) co_await net::sleep_for(std::chrono::hours{1});
}

net::Task<Result<std::vector<std::string>>> FakeHost::logs(const ContainerId&, int, Deadline) {
    co_return std::vector<std::string>{};
}

net::Task<Status> FakeHost::stand_still(ContainerId container, broker::ContainerState from, broker::ContainerState to) {
    auto fault = co_await enter(deadline_in(Seconds{5}));
    if (fault == Fault::fails_before) co_return Error{Errc::host_unreachable, "pause"};
    for (auto& [key, one] : containers) {
        if (one.id != container) continue;
        if (one.state != from && one.state != to) co_return Error{Errc::conflict, "it does not run"};
        one.state = to;
        if (fault == Fault::answer_lost) co_return Error{Errc::timed_out, "pause: answer lost"};
        co_return Status{};
    }
    co_return Error{Errc::not_found, "pause"};
}

net::Task<Status> FakeHost::pause(const ContainerId& container, Deadline) {
    return stand_still(container, broker::ContainerState::running, broker::ContainerState::paused);
}

net::Task<Status> FakeHost::unpause(const ContainerId& container, Deadline) {
    return stand_still(container, broker::ContainerState::paused, broker::ContainerState::running);
}

net::Task<Status> FakeHost::pull(std::string image, std::function<void(const broker::PullState&)> progress, Deadline) {
    ++pulls;
    most_pulling = std::max(most_pulling, ++pulling);
    ScopeExit ended{[this] { --pulling; }};
    broker::PullState state;
    state.total_bytes = 100;
    for (; state.done_bytes < state.total_bytes; state.done_bytes += 50) {
        if (progress) progress(state);
        co_await net::sleep_for(pull_time / 2);
        if (is_unreachable) co_return Error{Errc::host_unreachable, "pull"};
    }
    if (pull_failure) co_return *pull_failure;
    missing_images.erase(image);
    co_return Status{};
}

net::Task<Result<std::set<std::string>>> FakeHost::volumes(Deadline deadline) {
    auto met = co_await meet(deadline);
    if (!met) co_return met.error();
    co_return known_volumes;
}

net::Task<Result<std::set<FakeHost::Key>>> FakeHost::own_networks(Deadline deadline) {
    auto met = co_await meet(deadline);
    if (!met) co_return met.error();
    co_return networks;
}

broker::HostAccess FakeHost::access() const {
    broker::HostAccess access;
    access.way = "fake";
    if (is_unreachable) access.last_error = "unreachable";
    if (refusal) {
        access.last_error = refusal->operator_text();
        access.key = refusal->code() == Errc::host_key_changed ? broker::KeyStatus::changed : broker::KeyStatus::unknown;
        access.key_type = "ssh-ed25519";
        access.fingerprint = host_key;
    }
    return access;
}

net::Task<Result<broker::MachineLoad>> FakeHost::load(Deadline deadline) {
    auto met = co_await meet(deadline);
    if (!met) co_return met.error();
    if (!machine) co_return Error{Errc::not_found, "it does not tell"};
    co_return *machine;
}

net::Task<std::vector<broker::TestStep>> FakeHost::examine(broker::TellStep tell, Deadline) {
    broker::TestStep step;
    step.name = "engine";
    step.state = is_unreachable ? broker::TestState::failed : broker::TestState::ok;
    if (tell) {
        auto telling = tell(step);
        co_await std::move(telling);
    }
    std::vector<broker::TestStep> steps;
    steps.push_back(std::move(step));
    co_return steps;
}

net::Task<Status> FakeHost::accept_key(std::string fingerprint, Deadline) {
    if (is_unreachable) co_return Error{Errc::host_unreachable, "unreachable"};
    if (host_key.empty()) co_return Error{Errc::not_found, "no keys"};
    if (fingerprint != host_key) co_return Error{Errc::conflict, "another key"};
    refusal.reset();
    co_return Status{};
}

net::Task<void> FakeHost::close() {
    ++closes;
    co_return;
}

void FakeHost::announce_gap() {
    if (!notice_) return;
    broker::HostNotice notice;
    notice.is_gap = true;
    notice_(std::move(notice));
}

void FakeHost::announce(const Key& key, session::ContainerGone gone) {
    if (!notice_) return;
    broker::HostNotice notice;
    notice.session = key.first;
    notice.generation = key.second;
    notice.gone = std::move(gone);
    notice_(std::move(notice));
}

void FakeHost::kill(const SessionId& session, int exit_code, bool is_oom) {
    for (auto& [key, one] : containers) {
        if (key.first != session) continue;
        one.state = broker::ContainerState::exited;
        one.exit_code = exit_code;
        session::ContainerGone gone;
        gone.reason = is_oom ? session::EndReason::out_of_memory : session::EndReason::container_died;
        announce(key, std::move(gone));
        return;
    }
}

void FakeHost::erase(const SessionId& session, bool is_announced) {
    for (auto it = containers.begin(); it != containers.end(); ++it) {
        if (it->first.first != session) continue;
        auto key = it->first;
        containers.erase(it);
        session::ContainerGone gone;
        gone.reason = session::EndReason::removed_outside;
        if (is_announced) announce(key, std::move(gone));
        return;
    }
}

} // namespace berth::test
