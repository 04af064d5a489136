// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who is asking: turns a password into a login, and a cookie or token into a Caller. Core thread
// only.
//
// Answers come from memory where they can. Every change that takes a right away goes through here,
// so that memory is never behind the store by more than `cache_life`, and not at all for changes
// made in this process.

#include "access/policy.hpp"
#include "identity/login_limiter.hpp"
#include "identity/lru_map.hpp"
#include "identity/parts.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::identity {

struct AuthenticatorConfig {
    // A login ends so long after the sign-in, used or not.
    Seconds login_life{12 * 3600};
    // A login ends after so long without use. An open event stream asks again and again, which is
    // use.
    Seconds login_idle{30 * 60};
    // An answer from memory is trusted so long before the store is asked again.
    Seconds cache_life{60};
    // An unknown cookie or token stays refused so long without asking the store.
    Seconds negative_life{10};
    // The last use of a login or token is stored at most this often, but often enough that a restart
    // makes no login look idle.
    Seconds touch_interval{300};
    // Logins and tokens kept in memory, and as many refused ones.
    std::size_t cache_size = 20000;
    // Questions to the store at the same time; beyond it callers are told to come back.
    int longest_lookups = 64;
    // Against guessing.
    LoginLimits limits;
};

struct Login {
    Login() = default;
    Secret cookie; // 256 random bits as text; only its SHA-256 is stored
    TimePoint expires_at{};
    access::Caller caller;
};

class Authenticator {
public:
    Authenticator(Parts parts, AuthenticatorConfig config = {});

    // Called with Caller::login_id of each login or token that is taken away, at once; perhaps
    // twice. A login that merely was not used for login_idle is refused without this call: its
    // tunnels may still be in use. Must not wait.
    void set_on_revoked(std::function<void(std::string login_id)> on_revoked);

    // Errors: unauthenticated (one answer, and one duration, for unknown, disabled and wrong),
    // rate_limited with retry_after, timed_out, unavailable.
    net::Task<Result<Login>>
    login(std::string username, Secret password, std::string peer_address, Deadline deadline);

    // A new login for a person who has just proved the password; `verified_hash` is its stored form,
    // by which a change in between is noticed (unauthenticated).
    net::Task<Result<Login>> make_login(UserId user, std::string verified_hash, Secret password);

    // unauthenticated: unknown, expired, idle too long, or the account is disabled. unavailable or
    // rate_limited: the store could not be asked; nothing is known.
    net::Task<Result<access::Caller>> authenticate_cookie(std::string value);
    net::Task<Result<access::Caller>> authenticate_bearer(std::string token); // without "Bearer "
    // The same from memory only, in microseconds; nothing = the store has to be asked.
    std::optional<Result<access::Caller>> recall_cookie(std::string_view value);
    std::optional<Result<access::Caller>> recall_bearer(std::string_view token);

    // Ends one login or token. It is refused from the call on, before the store has answered.
    net::Task<Status> logout(std::string login_id);
    // Ends all logins of a person (not the tokens). The caller holds parts.turn.
    net::Task<Status> end_logins(UserId user);
    // The account has changed: forget what memory knows of it. Returns the login ids it knew.
    std::vector<std::string> forget(const UserId& user);
    // As forget, ends all logins, and reports the tokens as revoked too. The caller holds
    // parts.turn. After an error everything is forgotten and what memory knew is reported.
    net::Task<Status> revoke_all(UserId user);

    // For whoever else checks a password.
    LoginLimiter& limiter() noexcept { return limiter_; }

    // Stores last uses, removes what has expired, and reports as revoked what has reached its end
    // and was used since the start. Call it about once a minute and before the end.
    net::Task<Status> maintain();

private:
    using Kind = broker::Credential::Kind;
    struct Known {
        access::Caller caller;
        Kind kind = Kind::login;
        std::optional<TimePoint> expires_at;
        TimePoint last_used{};
        TimePoint last_stored{};
        TimePoint read_at{};
    };
    struct Refused {
        TimePoint until{};
    };

    net::Task<Result<Login>> sign_in(std::string username, Secret password, std::string peer);
    net::Task<Result<broker::Account>> verify(const std::string& username, const Secret& password);
    net::Task<Result<access::Caller>> authenticate(std::string value, Kind kind);
    net::Task<Result<access::Caller>> look_up(std::string hash, Kind kind);
    std::optional<Result<access::Caller>> recall(const std::string& hash, Kind kind);
    std::optional<Error> problem_of(const Known& known, Kind kind) const;
    void drop(const std::string& hash);
    void report(const std::string& login_id);

    Parts parts_;
    AuthenticatorConfig config_;
    LoginLimiter limiter_;
    std::function<void(std::string)> on_revoked_;
    LruMap<Known> known_;     // by hash
    LruMap<Refused> refused_; // by hash
    int lookups_ = 0;
    // Grows with every change; a lookup during which it grew is not believed.
    std::uint64_t epoch_ = 0;
};

} // namespace berth::identity
