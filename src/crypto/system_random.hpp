// SPDX-License-Identifier: Apache-2.0
#pragma once
// The real source of randomness: the operating system's, by libsodium. Thread-safe.

#include "base/random.hpp"

namespace berth::crypto {

class SystemRandom final : public RandomSource {
public:
    SystemRandom();
    void fill(void* data, std::size_t size) override;
};

} // namespace berth::crypto
