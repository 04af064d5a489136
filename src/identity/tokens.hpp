// SPDX-License-Identifier: Apache-2.0
#pragma once
// API tokens: made, listed and deleted by their owner. What one may do is the intersection of its
// scopes and its owner's present role (access/policy.hpp).

#include "identity/authenticator.hpp"

#include <optional>
#include <string>
#include <vector>

namespace berth::identity {

inline constexpr std::size_t tokens_per_user = 50;

struct NewToken {
    NewToken() = default;
    Secret text; // "brt_…": shown once, only its SHA-256 is stored
    broker::Credential token;
};

class Tokens {
public:
    Tokens(Parts parts, Authenticator& authenticator);

    // scopes: at least one of "sessions", "sessions:read", "admin". expires_in: from now, > 0.
    // Errors: invalid_input with fields, quota_exceeded, not_found (no such account).
    net::Task<Result<NewToken>> create(
        UserId user,
        std::string name,
        std::vector<std::string> scopes,
        std::optional<Seconds> expires_in
    );
    net::Task<Result<std::vector<broker::Credential>>> list(UserId user);
    // By its public id. not_found also for somebody else's. Refused at once from then on.
    net::Task<Status> remove(UserId user, std::string id);

private:
    Parts parts_;
    Authenticator& authenticator_;
};

} // namespace berth::identity
