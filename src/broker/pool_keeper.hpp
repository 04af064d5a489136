// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sessions made ahead of time: keeps as many of each template ready as its policy and the demand
// say, hands them out, and gives them up. They are nobody's until they are claimed, and nobody waits
// because of them: they are made only while no person waits, and go when a person needs their place.
// Nothing is kept in memory that matters: after a restart they are found among the live sessions.

#include "base/random.hpp"
#include "broker/catalog.hpp"
#include "broker/runner_registry.hpp"
#include "broker/warm_target.hpp"
#include "net/signal.hpp"
#include "net/task_scope.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace berth::broker {

struct PoolConfig {
    PoolConfig() = default;
    Milliseconds interval = limits::pool_look;
    Milliseconds least_pause = limits::pool_least_pause; // between two looks: pokes come in swarms
    Milliseconds age = limits::warm_age;
    Milliseconds trim = limits::warm_trim;
    Milliseconds backoff_first = limits::pool_backoff_first; // after a failed start there
    Milliseconds backoff_longest = limits::pool_backoff_longest;
};

struct PoolView {
    PoolView() = default;
    TemplateName name;
    int ready = 0, starting = 0, target = 0;
    std::uint64_t hits = 0, misses = 0; // starts that got one, and that did not, since the process began
};

// Core thread only.
class PoolKeeper {
public:
    PoolKeeper(RunnerContext& context, RunnerRegistry& runners, RandomSource& random, PoolConfig config = {});

    // `fetch`: set once before run(), optional: a pool wants an image that no host has.
    std::function<void(const placement::Need&)> fetch;

    // Gives a ready session of the draft's template to the draft's owner, if there is one with exactly
    // its spec and labels on a host that is well; nothing otherwise. The draft's id is not used. One
    // session goes to one owner, however many ask. Errors: already_exists (the owner's slot or key has
    // a session by now), unavailable.
    net::Task<Result<std::optional<session::Session>>> claim(session::Session draft);
    // So many people with that need find every place taken.
    void make_room(const placement::Need& need, int waiting);
    // What an engine has of ours: tells of which image containers were made.
    void note_containers(const HostId& host, const std::vector<Observed>& containers);

    std::vector<PoolView> views() const; // by name
    // Looks all over at each interval and after poke(), until cancelled.
    net::Task<void> run();
    void poke() { poked_.notify(); } // a place or a lane is free
    net::Task<void> look_over();
    net::Task<void> stop(); // after run() has ended; nothing is undone

private:
    struct Pool {
        const Template* chosen = nullptr;
        WarmDemand demand;
        std::uint64_t hits = 0, misses = 0;
        int target = 0;
        Deadline trim_at{};
    };
    using RunnerPtr = std::shared_ptr<SessionRunner>;
    using Place = std::pair<TemplateName, HostId>;
    struct Backoff {
        int times = 0;
        Deadline until{};
    };
    struct Unfit {
        session::EndReason reason;
        std::string detail;
    };

    // Sessions of pools that are not on their way out.
    std::vector<RunnerPtr> warm() const;
    std::vector<RunnerPtr> warm_of(const TemplateName& name) const;
    bool is_usable(const session::Session& session) const;
    bool is_going(const session::Session& session) const;
    bool fits(const session::Session& made, const session::Session& wanted) const;
    RunnerPtr match(const session::Session& wanted) const;
    std::optional<session::Spec> spec_of(const Template& chosen) const;

    void follow_starts();
    void retire_unfit();
    std::optional<Unfit> unfit(const session::Session& session) const;
    void give_up(const RunnerPtr& runner, session::EndReason reason, std::string detail);
    void pause_ready();
    void look_at_images();
    net::Task<void> look_again(SessionId session, HostId host, std::string image);
    bool has_other_image(const session::Session& session) const;

    net::Task<void> keep(TemplateName name);
    int target_of(const Pool& pool) const;
    std::optional<long> free_places(const placement::Need& need) const;
    void trim(Pool& pool);
    net::Task<bool> make_one(const Template& chosen);
    std::optional<placement::Choice> choose(const Template& chosen, HostSlot& slot);
    std::set<HostId> hosts_to_leave_alone(const TemplateName& name) const;

    RunnerContext& context_;
    RunnerRegistry& runners_;
    RandomSource& random_;
    PoolConfig config_;
    std::map<TemplateName, Pool> pools_; // of templates that have one
    std::map<SessionId, Place> starting_;
    std::map<Place, Backoff> backoffs_;
    std::set<SessionId> claiming_, going_, asked_to_pause_;
    std::map<SessionId, std::string> image_ids_; // of their containers
    std::set<SessionId> looked_at_;              // whose image is being looked at again
    bool may_have_warm_ = true;                  // somebody may hold a place: rows of a former process
    net::Signal poked_;
    net::TaskScope scope_;
};

} // namespace berth::broker
