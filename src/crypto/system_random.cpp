// SPDX-License-Identifier: Apache-2.0
#include "crypto/system_random.hpp"

#include "crypto/sodium.hpp"

#include <sodium.h>

namespace berth::crypto {

SystemRandom::SystemRandom() {
    start_sodium();
}

void SystemRandom::fill(void* data, std::size_t size) {
    randombytes_buf(data, size);
}

} // namespace berth::crypto
