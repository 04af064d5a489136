// SPDX-License-Identifier: Apache-2.0
#pragma once
// Wall time for everything that is stored or shown, monotonic time for everything that waits.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
// Wall clock, UTC, whole milliseconds: what the store keeps as BIGINT.
using TimePoint = std::chrono::sys_time<Milliseconds>;
// Monotonic: what a timer waits for.
using Deadline = std::chrono::steady_clock::time_point;

// Injected wherever a decision or a record needs the time, so that tests own it.
class Clock {
public:
    virtual ~Clock() = default;
    virtual TimePoint now() const = 0;
};

class SystemClock final : public Clock {
public:
    TimePoint now() const override;
};

// Wall time that only moves as monotonic time does: read once, then driven by the steady clock. A
// jump of the system's clock is visible as drift() and changes nothing until reanchor().
class AnchoredClock final : public Clock {
public:
    explicit AnchoredClock(const Clock& system);
    TimePoint now() const override;
    // How far the system's clock is ahead of ours.
    Milliseconds drift() const;
    // Follows the system's clock from now on; returns by how much the time moved.
    Milliseconds reanchor();

private:
    const Clock& system_;
    TimePoint wall_;
    std::chrono::steady_clock::time_point steady_;
};

inline Deadline deadline_in(Milliseconds span) { return std::chrono::steady_clock::now() + span; }
inline Deadline earlier(Deadline a, Deadline b) { return a < b ? a : b; }
// How long ago that was, in whole milliseconds.
inline Milliseconds since(Deadline begin) {
    return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begin);
}

// RFC 3339 in UTC with milliseconds: 2026-11-23T19:00:00.123Z. parse_ accepts what format_ writes
// and offsets; nothing else.
std::string format_rfc3339(TimePoint time);
std::optional<TimePoint> parse_rfc3339(std::string_view text);

} // namespace berth
