// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bounded fan-out of numbered events: what happened lately is kept for those who come back, what
// a reader does not take in time cuts the reader, and nothing ever waits for one. Core thread
// only. Not a store: after a restart everybody is told to start afresh.

#include "base/error.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"
#include "net/task.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace berth::events {

// Whom an event may concern; the filter of a subscriber decides.
enum Audience : unsigned {
    to_owner = 1U,
    to_staff = 2U,
    to_everyone = 4U,
};

struct Event {
    std::uint64_t sequence = 0;
    std::string type;  // "session", "host": the words of the surface
    std::string data;  // JSON text without line breaks
    std::string owner; // key of the owner it is about; empty when it is about nobody
    unsigned audience = 0;
};
using EventPtr = std::shared_ptr<const Event>; // shared by the ring and by every reader's queue

struct Delivery {
    std::vector<EventPtr> events;
    // The reader asked for a past that is gone, or was too slow and lost events: it must fetch
    // everything anew. Comes before `events`.
    bool is_reset = false;
};

class Hub;

// One reader. Must not outlive the hub.
class Subscriber {
public:
    // True for events this reader is to get. Pure and quick; called while publishing.
    using Filter = std::function<bool(const Event&)>;

    ~Subscriber();
    Subscriber(const Subscriber&) = delete;
    Subscriber& operator=(const Subscriber&) = delete;

    // All that is waiting, at least one event or a reset. Errors: timed_out when the deadline
    // passes first (time for a heartbeat), ended after close() or, behind the reset of a reader
    // that was too slow, for good. One call at a time.
    net::Task<Result<Delivery>> next(Deadline deadline);

private:
    friend class Hub;
    struct Bell;
    Subscriber(Hub& hub, net::Executor executor, Filter filter);
    void push(const EventPtr& event);
    void ring();

    Hub& hub_;
    Filter filter_;
    std::vector<EventPtr> queue_;
    std::unique_ptr<Bell> bell_;
    bool is_reset_ = false;
    bool is_over_ = false;
};

class Hub {
public:
    struct Config {
        std::size_t ring = limits::event_ring;
        std::size_t queue = limits::sse_queue;
    };

    // Numbers go on behind `last_sequence`; it must be above every number ever sent, or clients
    // that come back are not told that they missed something.
    Hub(net::Executor executor, std::uint64_t last_sequence);
    Hub(net::Executor executor, std::uint64_t last_sequence, Config config);
    ~Hub(); // asserts that nobody is subscribed

    // Number of the new event. event.sequence is ignored.
    std::uint64_t publish(Event event);
    // after = last number the reader has seen: it gets what came since, or a reset when that is
    // no longer known. Nothing = from now on. nullptr after close().
    std::unique_ptr<Subscriber> subscribe(
        std::optional<std::uint64_t> after, Subscriber::Filter filter
    );
    // Every reader's next() ends with `ended` from now on. May be called twice.
    void close();

    std::uint64_t last_sequence() const noexcept { return last_; }
    std::size_t subscribers() const noexcept { return subscribers_.size(); }
    std::uint64_t dropped() const noexcept { return dropped_; } // readers that were too slow

private:
    friend class Subscriber;
    void replay(std::uint64_t after, Subscriber& subscriber) const;

    net::Executor executor_;
    Config config_;
    std::uint64_t last_ = 0;
    std::uint64_t dropped_ = 0;
    std::deque<EventPtr> ring_; // oldest first, sequences without gaps
    std::vector<Subscriber*> subscribers_;
    bool is_closed_ = false;
};

} // namespace berth::events
