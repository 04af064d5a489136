// SPDX-License-Identifier: Apache-2.0
#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace berth {
namespace {
std::atomic<std::uint64_t> broken{0};
}

void assertion_failed(const char* text, const char* file, int line) noexcept {
    std::fprintf(stderr, "assertion failed: %s (%s:%d)\n", text, file, line);
    std::abort();
}

bool expectation_failed(const char* text, const char* file, int line) noexcept {
#ifdef __OPTIMIZE__
    ++broken;
    std::fprintf(stderr, "expectation broken: %s (%s:%d)\n", text, file, line);
    return false;
#else
    assertion_failed(text, file, line);
#endif
}

std::uint64_t broken_expectations() noexcept { return broken; }

} // namespace berth
