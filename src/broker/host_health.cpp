// SPDX-License-Identifier: Apache-2.0
#include "broker/host_health.hpp"

#include <algorithm>

namespace berth::broker {

using placement::HostState;

HostHealth::HostHealth(const HealthConfig& config, Now now)
    : config_{&config}
    , last_answer_{now} {}

HostHealth::Change HostHealth::passed(Now now, bool is_quiet) {
    last_answer_ = now;
    misses_ = 0;
    is_late_ = false;
    if (state_ != HostState::up) {
        // Who never failed has nothing to prove.
        is_on_probation_ = state_ == HostState::down;
        quiet_rounds_ = 0;
        state_ = HostState::up;
        return Change::up;
    }
    quiet_rounds_ = is_quiet ? quiet_rounds_ + 1 : 0;
    if (quiet_rounds_ >= config_->quiet_rounds) is_on_probation_ = false;
    return Change::none;
}

HostHealth::Change HostHealth::missed(Now, Patience patience) {
    ++misses_;
    is_late_ = false;
    if (state_ == HostState::down) return Change::none;
    // One slow answer is no verdict about a host that was well.
    bool is_enough = patience == Patience::none || state_ == HostState::unknown || misses_ >= config_->misses;
    if (!is_enough) return Change::none;
    state_ = HostState::down;
    is_on_probation_ = false;
    return Change::down;
}

void HostHealth::late(Now answered) {
    last_answer_ = answered;
    misses_ = 0;
    quiet_rounds_ = 0;
    is_late_ = true;
}

void HostHealth::proved() { is_on_probation_ = false; }

bool HostHealth::is_reachable(Now now) const noexcept {
    return state_ == HostState::up || now - last_answer_ < config_->unknown_after;
}

Milliseconds HostHealth::pause(double chance) const {
    auto base = config_->interval;
    if (misses_ > 0 || is_late_) {
        // The first looks after a miss come quickly, since they decide; a dead host is asked less often.
        auto doublings = std::min(std::max(misses_ - config_->misses, 0), 10);
        base = std::min<Milliseconds>(config_->recheck * (1 << doublings), config_->recheck_longest);
    }
    auto jittered = static_cast<double>(base.count()) * (0.9 + 0.2 * chance);
    return Milliseconds{static_cast<Milliseconds::rep>(jittered)};
}

std::optional<HostHealth::Now> HostHealth::turns_unknown(Now now) const {
    if (state_ == HostState::up || !is_reachable(now)) return std::nullopt;
    return last_answer_ + config_->unknown_after;
}

} // namespace berth::broker
