// SPDX-License-Identifier: Apache-2.0
#include "crypto/sodium.hpp"

#include "base/assert.hpp"

#include <sodium.h>

namespace berth::crypto {

void start_sodium() {
    static const bool has_started = sodium_init() >= 0;
    BERTH_ASSERT(has_started);
}

} // namespace berth::crypto
