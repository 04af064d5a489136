// SPDX-License-Identifier: Apache-2.0
#pragma once
// The password of each desktop's RFB server, derived instead of stored: whoever reads the database
// has none of them, and a restarted broker still knows all.

#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"

#include <filesystem>

namespace berth::crypto {

class RfbSecrets {
public:
    // Reads the master key, 32 bytes; makes it at the first start with mode 0600 (complete on the
    // disk before it has its name). `unavailable` when the file is another's, has another mode or
    // size, or cannot be made. `random` is used during the call only.
    static Result<RfbSecrets> open(const std::filesystem::path& key_file, RandomSource& random);

    // 8 characters of [A-Za-z0-9._] (48 bits; more the protocol cannot use, RFC 6143 7.2.2), the
    // same at every call. Keyed BLAKE2b of session and generation. Thread-safe.
    Secret secret_of(const SessionId& session, int generation) const;

    // For Result; derives nothing.
    RfbSecrets() = default;

private:
    explicit RfbSecrets(Secret key)
        : key_{std::move(key)} {}
    Secret key_;
};

} // namespace berth::crypto
