// SPDX-License-Identifier: Apache-2.0
#pragma once
// The runners alive now: one per live session, found by id or by owner.

#include "broker/session_runner.hpp"

#include <map>
#include <memory>
#include <vector>

namespace berth::broker {

// Core thread only.
class RunnerRegistry {
public:
    explicit RunnerRegistry(RunnerContext& context);

    // Takes up a live session; must not be there already.
    void start(session::Session stored, std::vector<session::Action> first, HostSlot slot);
    // Takes up a session found in the store at the start of the process.
    void recover(session::Session stored);
    // nullptr when it is not live. Valid until the next co_await, unless the pointer is kept.
    std::shared_ptr<SessionRunner> find(const SessionId& id) const;
    // The one that holds the owner's slot, if any.
    std::shared_ptr<SessionRunner> find(const session::Owner& owner) const;
    std::vector<std::shared_ptr<SessionRunner>> all() const;
    // Those that nobody has claimed yet.
    std::vector<std::shared_ptr<SessionRunner>> of_pools() const;
    // When the leases that run now end, and where.
    LeaseEnds lease_ends() const;
    // Live sessions that hold a slot of that subject. Those of pools are nobody's yet: they count here
    // for the realm "pool" only, and not below.
    int count_of(const std::string& realm, const std::string& subject) const;
    int count_of(const TemplateName& name) const;
    int count_claimed() const; // all but those of pools
    std::size_t size() const noexcept { return runners_.size(); }
    // Ends the runners, not the sessions.
    net::Task<void> stop();

private:
    net::Task<void> drive(std::shared_ptr<SessionRunner> runner);

    RunnerContext& context_;
    std::map<SessionId, std::shared_ptr<SessionRunner>> runners_;
    net::TaskScope scope_;
};

} // namespace berth::broker
