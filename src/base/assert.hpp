// SPDX-License-Identifier: Apache-2.0
#pragma once
// BERTH_ASSERT: in every build, aborts. BERTH_EXPECT: aborts in debug builds, counts in release
// builds and yields false, so that the caller can go on. Neither judges input from outside.

#include <atomic>
#include <cstdint>

namespace berth {

[[noreturn]] void assertion_failed(const char* text, const char* file, int line) noexcept;
// Counts a broken expectation; aborts unless NDEBUG-like release builds (BERTH_SOFT_EXPECT).
bool expectation_failed(const char* text, const char* file, int line) noexcept;
// How many expectations broke since the start; exported as a metric.
std::uint64_t broken_expectations() noexcept;

} // namespace berth

#define BERTH_ASSERT(condition)                                                                    \
    ((condition) ? static_cast<void>(0) : ::berth::assertion_failed(#condition, __FILE__, __LINE__))
#define BERTH_EXPECT(condition)                                                                    \
    ((condition) ? true : ::berth::expectation_failed(#condition, __FILE__, __LINE__))
