// SPDX-License-Identifier: Apache-2.0
#include "broker/deadline_keeper.hpp"

#include "base/limits.hpp"
#include "base/log.hpp"
#include "net/deadline.hpp"

#include <algorithm>
#include <vector>

namespace berth::broker {

DeadlineKeeper::DeadlineKeeper(
    net::Executor executor, AnchoredClock& clock, std::function<void(const SessionId&)> on_due,
    std::function<void(Milliseconds)> on_jump
)
    : executor_{std::move(executor)}
    , clock_{clock}
    , on_due_{std::move(on_due)}
    , on_jump_{std::move(on_jump)}
    , changed_{executor_} {}

void DeadlineKeeper::arm(const SessionId& session, std::optional<TimePoint> deadline) {
    auto known = armed_.find(session);
    if (known != armed_.end()) {
        if (deadline && known->second == *deadline) return;
        queue_.erase({known->second, session});
        armed_.erase(known);
    }
    if (deadline) {
        armed_.emplace(session, *deadline);
        queue_.emplace(*deadline, session);
    }
    changed_.notify();
}

void DeadlineKeeper::fire_due() {
    auto now = clock_.now();
    std::vector<SessionId> due;
    while (!queue_.empty() && queue_.begin()->first <= now) {
        due.push_back(queue_.begin()->second);
        armed_.erase(queue_.begin()->second);
        queue_.erase(queue_.begin());
    }
    for (const auto& session : due) on_due_(session);
}

void DeadlineKeeper::look_for_jump() {
    auto drift = clock_.drift();
    if (std::chrono::abs(drift) < limits::clock_jump) return;
    auto moved = clock_.reanchor();
    log("broker").warn("clock_jump seconds={} sessions keep their remaining time", moved.count() / 1000);
    on_jump_(moved);
}

net::Task<void> DeadlineKeeper::run() {
    for (;;) {
        look_for_jump();
        fire_due();
        auto seen = changed_.count();
        Milliseconds pause = limits::clock_check;
        if (!queue_.empty()) pause = std::min(pause, queue_.begin()->first - clock_.now());
        pause = std::max(pause, Milliseconds{1});
        auto waiting = changed_.wait_past_until(seen, deadline_in(pause));
        co_await std::move(waiting);
    }
}

} // namespace berth::broker
