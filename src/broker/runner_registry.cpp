// SPDX-License-Identifier: Apache-2.0
#include "broker/runner_registry.hpp"

#include "base/assert.hpp"

namespace berth::broker {

RunnerRegistry::RunnerRegistry(RunnerContext& context)
    : context_{context}
    , scope_{context.executor, "sessions"} {}

void RunnerRegistry::start(
    session::Session stored, std::vector<session::Action> first, HostSlot slot
) {
    auto id = stored.id;
    auto runner = std::make_shared<SessionRunner>(
        context_, std::move(stored), std::move(first), std::move(slot));
    auto [place, is_new] = runners_.emplace(id, runner);
    BERTH_ASSERT(is_new);
    // At once, so that whoever asked is told the place with the answer.
    runner->begin();
    scope_.spawn(drive(std::move(runner)));
}

void RunnerRegistry::recover(session::Session stored) {
    auto step = session::step(stored, session::Recovered{}, context_.clock.now());
    BERTH_ASSERT(step.has_value());
    HostSlot slot;
    if (step->session.host) {
        auto is_creating = step->session.state == session::State::creating
                        || (step->session.state == session::State::starting && !session::is_from_pool(step->session));
        slot = HostSlot{context_.hosts, *step->session.host, is_creating, load_of(step->session.spec)};
    }
    start(std::move(step->session), std::move(step->actions), std::move(slot));
}

net::Task<void> RunnerRegistry::drive(std::shared_ptr<SessionRunner> runner) {
    auto id = runner->session().id;
    co_await runner->run();
    runners_.erase(id);
}

std::shared_ptr<SessionRunner> RunnerRegistry::find(const SessionId& id) const {
    auto found = runners_.find(id);
    return found == runners_.end() ? nullptr : found->second;
}

std::shared_ptr<SessionRunner> RunnerRegistry::find(const session::Owner& owner) const {
    for (const auto& [id, runner] : runners_) {
        if (runner->session().owner == owner && runner->session().holds_slot) return runner;
    }
    return nullptr;
}

std::vector<std::shared_ptr<SessionRunner>> RunnerRegistry::all() const {
    std::vector<std::shared_ptr<SessionRunner>> list;
    list.reserve(runners_.size());
    for (const auto& [id, runner] : runners_) list.push_back(runner);
    return list;
}

std::vector<std::shared_ptr<SessionRunner>> RunnerRegistry::of_pools() const {
    std::vector<std::shared_ptr<SessionRunner>> list;
    for (const auto& [id, runner] : runners_) {
        if (!runner->session().pool.empty()) list.push_back(runner);
    }
    return list;
}

int RunnerRegistry::count_of(const std::string& realm, const std::string& subject) const {
    int count = 0;
    for (const auto& [id, runner] : runners_) {
        const auto& s = runner->session();
        count += s.holds_slot && s.owner.realm == realm && s.owner.subject == subject;
    }
    return count;
}

int RunnerRegistry::count_of(const TemplateName& name) const {
    int count = 0;
    for (const auto& [id, runner] : runners_) count += runner->session().template_name == name && runner->session().pool.empty();
    return count;
}

int RunnerRegistry::count_claimed() const {
    int count = 0;
    for (const auto& [id, runner] : runners_) count += runner->session().pool.empty();
    return count;
}

LeaseEnds RunnerRegistry::lease_ends() const {
    LeaseEnds ends;
    for (const auto& [id, runner] : runners_) {
        const auto& s = runner->session();
        auto end = session::ends_at(s);
        if (s.state == session::State::ready && end) ends.emplace_back(*s.host, *end);
        // On its way out: as good as free.
        else if (s.state == session::State::stopping && s.host) ends.emplace_back(*s.host, context_.clock.now());
    }
    return ends;
}

net::Task<void> RunnerRegistry::stop() {
    co_await scope_.stop();
    for (auto& [id, runner] : runners_) co_await runner->stop();
}

} // namespace berth::broker
