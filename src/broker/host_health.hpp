// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the outcome of a host's own checks says about it. Pure: time and chance come in.

#include "base/limits.hpp"
#include "base/time.hpp"
#include "placement/scheduler.hpp"

namespace berth::broker {

// The defaults keep two promises: a host that stops answering is down within 10 s, one that answers
// again takes part within 30 s. Tests make all of it shorter.
struct HealthConfig {
    HealthConfig() = default;
    Milliseconds interval = limits::host_check_interval; // of a host that is well
    Milliseconds check_limit = limits::host_check;
    Milliseconds first_check_limit = limits::engine_inspect; // its connection has to be made first
    int misses = limits::host_misses;                 // in a row, then it is down
    Milliseconds recheck = limits::host_recheck;      // after a miss; doubles while it is down
    Milliseconds recheck_longest = limits::host_recheck_longest;
    Milliseconds image_interval = limits::image_check_interval;
    Milliseconds images_limit = limits::engine_list;  // for all images of one host
    Milliseconds unknown_after = limits::host_unknown_after; // without an answer, sessions are told
    Milliseconds load_interval = limits::load_interval; // between two looks at the machine
    Milliseconds load_first = limits::load_first;
    Milliseconds load_refused = limits::load_refused;
    Milliseconds failed_starts_kept = limits::failed_starts_kept;
    int quiet_rounds = 3; // passed checks without a creation that end a probation
    int first_checks_at_once = 16; // at the start of the process
};

// Core thread only, as everything here; one per host.
class HostHealth {
public:
    using Now = std::chrono::steady_clock::time_point;
    enum class Patience { usual, none }; // none: one failure is an answer, a person asked
    enum class Change { none, up, down };

    HostHealth(const HealthConfig& config, Now now);

    // The full check passed: the engine answered and every image was looked for. `is_quiet`: no
    // creation there and nobody waits for a place.
    Change passed(Now now, bool is_quiet);
    Change missed(Now now, Patience patience);
    // The check was not answered in time, something else was while it ran: busy, not dead. Only for
    // one that is up; it is looked at again soon, so that a later silence is seen in time.
    void late(Now answered);
    // A creation succeeded there, which ends the probation.
    void proved();

    placement::HostState state() const noexcept { return state_; }
    bool is_on_probation() const noexcept { return is_on_probation_; }
    // False when nothing was heard of it for unknown_after: what runs there is unknown.
    bool is_reachable(Now now) const noexcept;
    // How long until the next check. `chance` in [0, 1): hosts must not move in step.
    Milliseconds pause(double chance) const;
    // When is_reachable turns false if nothing is heard; nothing if it has.
    std::optional<Now> turns_unknown(Now now) const;

private:
    const HealthConfig* config_; // outlives it
    placement::HostState state_ = placement::HostState::unknown;
    int misses_ = 0; // in a row
    bool is_late_ = false;
    int quiet_rounds_ = 0;
    bool is_on_probation_ = false;
    Now last_answer_;
};

} // namespace berth::broker
