// SPDX-License-Identifier: Apache-2.0
#pragma once
// The hosts of this installation: what they are, how they are, who sits on them. They come and go
// while the program runs. Each host's health is kept by its own checks; a failed creation alone
// never condemns a host.

#include "broker/host_entry.hpp"
#include "broker/host_health.hpp"
#include "broker/host_slot.hpp"
#include "broker/ports.hpp"
#include "net/signal.hpp"
#include "net/task_scope.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace berth::broker {

// Core thread only.
class HostRegistry {
public:
    // `images`: what templates need, looked for on every host.
    HostRegistry(net::Executor executor, const Clock& clock, EventSink& sink, std::set<std::string> images,
                 HealthConfig health = {});
    ~HostRegistry(); // after stop()

    // Set once before start(). `on_notice` for each engine notice; `on_up` when a host came (back) up
    // or is another engine now; `on_room` whenever a place may have become free; `on_reachability`
    // when is_reachable of a host changed; `on_state` after a change of its state by its checks.
    std::function<void(const HostId&, const HostNotice&)> on_notice;
    std::function<void(const HostId&)> on_up;
    std::function<void()> on_room;
    std::function<void(const HostId&)> on_reachability;
    std::function<void(const HostId&, placement::HostState from, placement::HostState to)> on_state;
    std::function<bool()> is_anybody_waiting; // for a place; absent = nobody

    // ---- who is there ----
    // already_exists. An engine must have been made; the registry closes it before it goes.
    Status add(HostDefinition definition, HostModeRecord mode, MadeHost made);
    // Sessions stay. Without an engine the former one serves on. Else the former one is closed once
    // nobody uses it, at the latest after limits::engine_retired. not_found.
    Status change(HostDefinition definition, MadeHost made);
    Status remove(const HostId& id); // not_found; conflict while sessions are there
    Status set_mode(const HostId& id, HostModeRecord mode);
    // Closes an engine that is no host's (any more) and drops it once nobody uses it.
    void retire(std::shared_ptr<ContainerHost> engine);
    Status set_draining(const HostId& id, bool is_draining); // of an active or draining host

    const HostEntry* find(const HostId& id) const; // valid until the next co_await, as all()
    std::vector<const HostEntry*> all() const;     // by name
    // What the scheduler sees of them, by name.
    const std::vector<const placement::Host*>& views() const noexcept { return views_; }
    std::size_t size() const noexcept { return members_.size(); }
    // nullptr when there is no such host. Who keeps it may use it over any co_await; after the host
    // has gone its calls fail.
    std::shared_ptr<ContainerHost> engine(const HostId& id) const;
    const std::set<std::string>& images() const noexcept { return images_; }
    // What the image said of itself when it was last seen; nullptr when it never was.
    const ImageFacts* facts_of(const std::string& image) const;
    bool is_any_up() const;
    // False when nothing was heard of it for HealthConfig::unknown_after, or it is not ours.
    bool is_reachable(const HostId& id) const;

    // ---- health ----
    void start(); // checks and watches until stop()
    net::Task<void> stop();
    // A first check of every host, several at once; returns when all are done or at the deadline
    // (then the rest goes on). For the start of the process.
    net::Task<void> check_all(Deadline deadline);
    // One host now, where one failure is an answer; not_found, timed_out, or why it is not up.
    net::Task<Status> check(HostId id, Deadline deadline);
    // Looks again whether the image is there, on every host that is up.
    net::Task<void> recheck_image(std::string image, Deadline deadline);
    // The same on one host. image_missing, not_found, or the host's own error.
    net::Task<Status> look_for_image(HostId id, std::string image, Deadline deadline);
    // Something failed there: it is checked at once, and keeps its place if it answers.
    void suspect(const HostId& id);
    void note_image_missing(const HostId& id, const std::string& image);
    // Ends when the host is down and another one could take this at once or in time, or when it is no host
    // any more. While it is the only one, what was begun there is waited for.
    net::Task<void> until_replaceable(HostId id, placement::Need need);
    // A container was started there: ends a probation.
    void creation_succeeded(const HostId& id);
    // A start there came to its end, or failed by the host's fault. Some failures in a row and others
    // are preferred for a while; no failure takes a host out.
    void start_ended(const HostId& id, const Status& outcome);

    // ---- places ----
    // Choice and reservation are one step: nothing else runs in between.
    placement::Verdict choose_and_reserve(const placement::Need& need, HostSlot& slot);
    // The same without a reservation.
    placement::Verdict choose(const placement::Need& need) const;
    // Hosts that lack nothing but the image, best first.
    std::vector<HostId> lacking_image(const placement::Need& need) const;
    // What Placed says of a choice, the engine's id of this moment included.
    session::Placed placed(placement::Choice choice) const;
    // Creations in flight at most, by its definition or its cores; 1 when there is no such host.
    int most_creating(const HostId& id) const;
    void set_creating_limit(const HostId& id, int limit); // 1 … most_creating
    void set_strategy(placement::Strategy strategy) { strategy_ = strategy; }
    // Templates keep files in volumes: where those are is looked for with the images.
    void set_wants_volumes(bool wants_volumes) { wants_volumes_ = wants_volumes; }

private:
    friend class HostSlot;
    struct Member;
    struct Usage; // kept by name: sessions may sit on a host that is not configured
    struct Crowd; // of workers that share one list
    using MemberPtr = std::shared_ptr<Member>; // held by the list and by coroutines that end later than it

    void occupy(const HostId& id, const HostLoad& load, bool is_creating);
    void creation_done(const HostId& id);
    void release(const HostId& id, const HostLoad& load);
    MemberPtr member(const HostId& id) const;
    placement::Need with_strategy(placement::Need need) const;
    void refresh(Member& member); // view from definition, mode, facts and usage
    void refresh_volumes(Member& member);
    void list_views();
    void begin_tasks(const MemberPtr& member);
    void begin_engine_tasks(const MemberPtr& member);
    void retire_with(std::shared_ptr<ContainerHost> engine, MemberPtr gone);
    net::Task<void> retire_when_unused(std::shared_ptr<ContainerHost> engine, MemberPtr gone);
    net::Task<void> close_one(std::shared_ptr<ContainerHost> engine, std::shared_ptr<Crowd> crowd);

    // host_load.cpp
    net::Task<void> keep_measuring(MemberPtr member);
    void refresh_concerns(Member& member);

    // host_checks.cpp
    net::Task<void> keep_checking(MemberPtr member);
    net::Task<void> keep_watching(MemberPtr member);
    net::Task<void> check_in_turn(std::shared_ptr<Crowd> crowd);
    net::Task<Status> round(MemberPtr member, Milliseconds limit, HostHealth::Patience patience);
    net::Task<Status> full_check(MemberPtr member, std::shared_ptr<ContainerHost> engine, Milliseconds limit);
    net::Task<Status> look_around(MemberPtr member, std::shared_ptr<ContainerHost> engine, Deadline deadline);
    net::Task<void> look_for_one(MemberPtr member, std::string image, Deadline deadline, std::shared_ptr<Crowd> crowd);
    net::Task<void> wait_for(std::shared_ptr<Crowd> crowd, Deadline deadline);
    Status take_image(Member& member, const std::string& image, const Result<ImageFacts>& facts);
    void settle(Member& member, const Status& outcome, HostHealth::Patience patience);
    void tell_reachability(Member& member);
    double chance();

    const Clock& clock_;
    EventSink& sink_;
    HealthConfig health_;
    net::Executor executor_;
    std::map<HostId, MemberPtr> members_;
    std::vector<const placement::Host*> views_;
    std::map<HostId, Usage> usage_;
    std::vector<MemberPtr> leaving_; // taken out, their tasks not ended yet
    std::vector<std::shared_ptr<ContainerHost>> retiring_;
    std::set<std::string> images_;
    std::map<std::string, ImageFacts> image_facts_;
    bool wants_volumes_ = false;
    placement::Strategy strategy_ = placement::Strategy::spread;
    std::uint32_t chance_; // jitter only, not a secret
    bool is_started_ = false;
    net::TaskScope scope_;
};

} // namespace berth::broker
