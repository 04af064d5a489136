// SPDX-License-Identifier: Apache-2.0
#pragma once
// The hosts of this installation: what they are, how they are, who sits on them. Keeps each host's
// health by its own checks; a failed creation alone never condemns a host.

#include "broker/ports.hpp"
#include "net/signal.hpp"
#include "net/task_scope.hpp"
#include "placement/scheduler.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace berth::broker {

struct HostEntry {
    placement::Host view; // what the scheduler sees; used and creating are kept here
    std::string endpoint; // for people
    std::string alias;    // shown to users instead of the name, may be empty
    HostFacts facts;
    std::optional<TimePoint> last_check_at;
    int misses = 0;
    int most_creating = 0; // what the definition says; 0 = as view.creating_limit began
    ContainerHost* engine = nullptr; // owned by the composition root, outlives the registry
};

class HostRegistry;

// A session's place on a host, given back when the guard goes.
class HostSlot {
public:
    HostSlot() = default;
    HostSlot(HostRegistry& hosts, HostId host, bool is_creating);
    HostSlot(HostSlot&& other) noexcept;
    HostSlot& operator=(HostSlot&& other) noexcept;
    ~HostSlot();
    void creation_done(); // the engine's part of the start is over; may be called twice
    void release();       // may be called twice

private:
    HostRegistry* hosts_ = nullptr;
    HostId host_;
    bool is_creating_ = false;
};

// Core thread only.
class HostRegistry {
public:
    HostRegistry(net::Executor executor, const Clock& clock, EventSink& sink, std::vector<HostEntry> hosts,
                 std::set<std::string> images);

    // `on_notice` for each engine notice; `on_up` when a host came (back) up; `on_room` whenever a
    // place may have become free. Set once before start().
    std::function<void(const HostId&, const HostNotice&)> on_notice;
    std::function<void(const HostId&)> on_up;
    std::function<void()> on_room;

    void start(); // checks and watches until stop()
    net::Task<void> stop();
    // One check of every host now, each within the deadline; for the start of the process.
    net::Task<void> check_all(Deadline deadline);
    // Looks again whether the image is there, on every host that is up.
    net::Task<void> recheck_image(std::string image, Deadline deadline);
    // One host now; not_found.
    net::Task<Status> check(HostId id, Deadline deadline);

    // What the image said of itself when it was last seen; nullptr when it never was.
    const ImageFacts* facts_of(const std::string& image) const;
    std::vector<placement::Host> snapshot() const;
    const HostEntry* find(const HostId& id) const;
    std::vector<const HostEntry*> all() const;
    ContainerHost* engine(const HostId& id) const;
    bool is_any_up() const;

    // Choice and reservation are one step: nothing else runs in between.
    placement::Verdict choose_and_reserve(const placement::Need& need, HostSlot& slot);
    void note_image_missing(const HostId& id, const std::string& image);
    // Creations in flight at most, by its definition or its cores.
    int most_creating(const HostId& id) const;
    void set_creating_limit(const HostId& id, int limit); // 1 … most_creating
    // A start failed there: looks at once whether the host is well.
    void suspect(const HostId&) {}
    Status set_draining(const HostId& id, bool is_draining);

private:
    friend class HostSlot;
    void occupy(const HostId& id, bool is_creating);
    void creation_done(const HostId& id);
    void release(const HostId& id);
    HostEntry* entry(const HostId& id);
    net::Task<void> keep_checking(HostId id);
    net::Task<void> keep_watching(HostId id);
    net::Task<Status> check_now(HostEntry& host, Deadline deadline);
    net::Task<void> check_images(HostEntry& host, Deadline deadline);
    void set_state(HostEntry& host, placement::HostState state, std::string reason);

    const Clock& clock_;
    EventSink& sink_;
    std::map<HostId, HostEntry> hosts_; // never changes its keys after construction
    std::set<std::string> images_;
    std::map<std::string, ImageFacts> image_facts_;
    net::TaskScope scope_;
};

} // namespace berth::broker
