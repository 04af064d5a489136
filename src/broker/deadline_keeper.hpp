// SPDX-License-Identifier: Apache-2.0
#pragma once
// One timer for all sessions: the nearest deadline fires, the session is told to look at its
// deadlines. Wall times are driven by an anchored (monotonic) clock, so that a jump of the
// system's clock ends nobody; jumps are reported instead.

#include "base/ids.hpp"
#include "base/time.hpp"
#include "net/signal.hpp"
#include "net/task.hpp"

#include <functional>
#include <map>
#include <set>
#include <utility>

namespace berth::broker {

// Core thread only.
class DeadlineKeeper {
public:
    // `on_due` must not block; `on_jump` gets what the clock moved by, after re-anchoring.
    DeadlineKeeper(net::Executor executor, AnchoredClock& clock, std::function<void(const SessionId&)> on_due,
                   std::function<void(Milliseconds)> on_jump);

    // Replaces the session's deadline; nothing = none.
    void arm(const SessionId& session, std::optional<TimePoint> deadline);
    std::size_t armed() const noexcept { return queue_.size(); }

    // Lasts until cancelled.
    net::Task<void> run();

private:
    void fire_due();
    void look_for_jump();

    net::Executor executor_;
    AnchoredClock& clock_;
    std::function<void(const SessionId&)> on_due_;
    std::function<void(Milliseconds)> on_jump_;
    std::set<std::pair<TimePoint, SessionId>> queue_;
    std::map<SessionId, TimePoint> armed_;
    net::Signal changed_;
};

} // namespace berth::broker
