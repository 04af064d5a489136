// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who waits for a place, first come first served, and how long it will take. Live creations per host
// are capped by the scheduler; this is the line in front of it.

#include "broker/host_registry.hpp"
#include "session/machine.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>

namespace berth::broker {

struct QueuePlace {
    int position = 0; // 1 = next
    std::optional<Seconds> estimate; // nothing before the first start was measured
};

// Core thread only.
class StartQueue {
public:
    using Ready = std::function<void(session::Event, HostSlot)>;
    // `on_moved` is called for a waiting session whose place changed.
    StartQueue(HostRegistry& hosts, std::function<void(const SessionId&)> on_moved);

    // Answers at once or later with Placed and the slot, or with PlacementFailed (empty slot).
    // Errors that time may heal (no capacity, no host up) wait; a missing image does not.
    void wait(const SessionId& session, placement::Need need, Ready ready);
    void leave(const SessionId& session); // absent is fine
    void pump();                          // call when a place may have become free
    std::optional<QueuePlace> place_of(const SessionId& session) const;
    std::size_t size() const noexcept { return waiting_.size(); }
    // Measured: from leaving the queue to the end of the engine's part.
    void note_start_took(Milliseconds span);

private:
    struct Waiting {
        SessionId session;
        placement::Need need;
        Ready ready;
    };
    HostRegistry& hosts_;
    std::function<void(const SessionId&)> on_moved_;
    std::deque<Waiting> waiting_;
    double average_start_ms_ = 0;
    bool is_pumping_ = false;
};

} // namespace berth::broker
