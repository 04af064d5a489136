// SPDX-License-Identifier: Apache-2.0
#pragma once
// Source of unpredictable text. The real one (crypto/) asks the operating system.

#include "base/ids.hpp"

#include <cstddef>
#include <string>

namespace berth {

class RandomSource {
public:
    virtual ~RandomSource() = default;
    // Unpredictable bytes; never fails (the process ends when the system has none).
    virtual void fill(void* data, std::size_t size) = 0;
};

SessionId make_session_id(RandomSource& random);
// `bytes` random bytes as base64url without padding: tickets, tokens, cookies.
std::string make_token(RandomSource& random, std::size_t bytes);

} // namespace berth
