// SPDX-License-Identifier: Apache-2.0
#pragma once
// A clock that moves only when the test says so.

#include "base/time.hpp"

namespace berth::test {

class ManualClock final : public Clock {
public:
    // 2026-01-01T00:00:00Z unless told otherwise.
    explicit ManualClock(TimePoint start = TimePoint{Milliseconds{1767225600000}})
        : now_{start} {}

    TimePoint now() const override { return now_; }
    void advance(Milliseconds span) { now_ += span; }
    void set(TimePoint time) { now_ = time; }

private:
    TimePoint now_;
};

} // namespace berth::test
