// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the use cases of this folder share. All of it outlives them.

#include "base/random.hpp"
#include "base/time.hpp"
#include "broker/accounts.hpp"
#include "crypto/password_hasher.hpp"
#include "identity/turn.hpp"

namespace berth::identity {

struct Parts {
    broker::AccountStore& accounts;
    broker::CredentialStore& credentials;
    crypto::PasswordHasher& hasher;
    RandomSource& random;
    const Clock& clock;
    // Held by whoever changes an account or makes a login, so that no login slips in between
    // "disabled" and "all logins ended", and the last administrator cannot be lost.
    Turn& turn;
};

} // namespace berth::identity
