// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who waits for a place, and how long it will take. Fair between owners: each gets its turn, first
// come first served within one owner. Who cannot be placed for a reason of their own does not hold
// up the others. Live creations per host are capped by the scheduler; this is the line in front.

#include "broker/host_registry.hpp"
#include "broker/queue_forecast.hpp"
#include "broker/start_meter.hpp"
#include "net/signal.hpp"
#include "session/machine.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace berth::broker {

struct QueuePlace {
    QueuePlace() = default;
    int position = 0; // 1 = next, among those who compete for the same hosts
    std::optional<Seconds> estimate; // from what was measured; nothing = not known
    WaitReason reason = WaitReason::busy;
    std::optional<PullState> pull; // of the image that is being fetched for it
};

// When a session's lease ends, and where.
using LeaseEnds = std::vector<std::pair<HostId, TimePoint>>;

struct Waiter {
    using Ready = std::function<void(session::Event, HostSlot)>;
    Waiter() = default;
    SessionId session;
    std::pair<std::string, std::string> owner; // realm, subject
    TimePoint since{};
    bool had_its_turn = false; // its first start failed through no fault of its own: stands in front
    bool may_pull = false;     // its image may be fetched where it is missing
    placement::Need need;
    Ready ready;
};

// Core thread only. Bounded by limits::sessions_queued where sessions are made.
class StartQueue {
public:
    // `on_moved` is called for each waiting session when places have changed, at most once per
    // limits::queue_announced.
    StartQueue(net::Executor executor, const Clock& clock, HostRegistry& hosts, const StartMeter& meter,
               std::function<void(const SessionId&)> on_moved);

    // Set once before the first wait, all optional. `on_full`: that many with this need wait for a
    // place that a session of a pool may hold. `leases`: of all sessions, for estimates. `pull`:
    // sees to the image somewhere for that many; an error is why it cannot be had, nothing means that
    // it is under way.
    std::function<void(const placement::Need&, int waiting)> on_full;
    std::function<LeaseEnds()> leases;
    std::function<std::optional<Error>(const placement::Need&, int waiting)> pull;
    std::function<std::optional<PullState>(const std::string& image)> pull_state;

    // Answers at once or later with Placed and the slot, or with PlacementFailed (empty slot): when
    // the image is nowhere and not to be fetched, or when a start that failed has no other host.
    // What time alone heals waits.
    void wait(Waiter waiter);
    void leave(const SessionId& session); // absent is fine
    void pump();                          // call when a place may have become free
    void tell();                          // what they wait for has moved: they are told soon
    std::optional<QueuePlace> place_of(const SessionId& session) const;
    std::size_t size() const noexcept { return index_.size(); }
    // Whether somebody waits who would be served by the same as this need.
    bool is_waited_for(const placement::Need& need) const;
    // Tells the waiting ones of their places until cancelled.
    net::Task<void> run();
    // How often hosts were looked through for somebody, for tests of the cost.
    long looks() const noexcept { return looks_; }

private:
    // Fair queueing by virtual time: an owner's next one stands one turn behind its last, and never
    // before the turn that is being served. With n owners waiting, n starts are one turn.
    struct Key {
        std::int64_t turn = 0;
        TimePoint since{};
        std::uint64_t arrival = 0; // two may have come in one millisecond
        SessionId session;
        auto operator<=>(const Key&) const = default;
    };
    struct Want {
        placement::Need need;
        bool may_pull = false;
        auto operator<=>(const Want&) const = default;
    };
    // Those with equal needs: one refusal is an answer for all of them.
    struct Line {
        std::map<Key, Waiter> waiting;
        std::optional<WaitReason> stuck; // what the last look said, where it is not the places
        std::string image;
        mutable Prospect prospect;              // as of looked_at_
        mutable std::vector<const Line*> rivals; // lines that compete for the same hosts, this one included
        mutable int ahead = 0;                  // scratch of look_ahead
    };
    struct Entry {
        Key key;
        const Want* want = nullptr; // key of lines_
    };

    std::int64_t next_turn_of(const Waiter& waiter);
    void pass();
    Waiter take_first(Line& line);
    void leave_owner(const Waiter& waiter);
    void refuse(const Want& want, Line& line, const placement::Refusal& refusal);
    void fail_all(Line& line, const Error& error);
    Prospect prospect_of(const Want& want, const LeaseEnds& ends) const;
    void look_ahead() const;
    void find_places() const;
    QueuePlace place_in(const Line& line, int position) const;
    int position_of(const Line& line, const Key& key) const;

    const Clock& clock_;
    HostRegistry& hosts_;
    const StartMeter& meter_;
    std::function<void(const SessionId&)> on_moved_;
    std::map<Want, Line> lines_;
    std::map<SessionId, Entry> index_;
    struct Owner {
        int waiting = 0;
        std::int64_t next_turn = 0;
    };
    std::map<std::pair<std::string, std::string>, Owner> owners_;
    std::int64_t turn_ = 0; // being served
    std::uint64_t arrivals_ = 0;
    bool is_pumping_ = false, must_pump_again_ = false;
    long looks_ = 0;
    int owners_waiting_ = 0;
    mutable TimePoint looked_at_{};
    mutable bool has_prospects_ = false;
    mutable std::map<SessionId, QueuePlace> places_; // of all, while nobody moves
    net::Signal moved_;
};

} // namespace berth::broker
