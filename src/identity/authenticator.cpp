// SPDX-License-Identifier: Apache-2.0
#include "identity/authenticator.hpp"

#include "base/scope_exit.hpp"
#include "crypto/sha256.hpp"
#include "identity/names.hpp"
#include "net/deadline.hpp"

#include <algorithm>
#include <vector>

namespace berth::identity {
namespace {

using access::Caller, broker::Account, broker::Credential, net::Task;

constexpr std::size_t secret_bytes = 32;
constexpr std::size_t secret_length = 43; // of its text
constexpr std::string_view token_prefix = "brt_";

// One sentence whatever was wrong: nobody learns which accounts exist.
Error wrong_password() {
    return Error{Errc::unauthenticated, "sign-in refused"};
}
Error not_signed_in() {
    return Error{Errc::unauthenticated, "no valid login or token"};
}

bool has_form(std::string_view value, Credential::Kind kind) {
    if (kind == Credential::Kind::token) {
        if (!value.starts_with(token_prefix)) return false;
        value.remove_prefix(token_prefix.size());
    }
    return value.size() == secret_length;
}

Caller caller_of(const Account& account, const Credential& credential) {
    Caller caller;
    caller.realm = "local";
    caller.subject = account.id.str();
    caller.username = account.username;
    caller.role = account.role;
    caller.login_id = credential.hash;
    caller.by_cookie = credential.kind == Credential::Kind::login;
    caller.scopes.insert(credential.scopes.begin(), credential.scopes.end());
    return caller;
}

} // namespace

Authenticator::Authenticator(Parts parts, AuthenticatorConfig config)
    : parts_{parts}
    , config_{config}
    , limiter_{config.limits, parts.clock}
    , known_{config.cache_size}
    , refused_{config.cache_size} {}

void Authenticator::set_on_revoked(std::function<void(std::string login_id)> on_revoked) {
    on_revoked_ = std::move(on_revoked);
}

// ---- signing in ---------------------------------------------------------------------------------

Task<Result<Login>> Authenticator::login(
    std::string username, Secret password, std::string peer_address, Deadline deadline
) {
    auto task = sign_in(std::move(username), std::move(password), std::move(peer_address));
    co_return co_await net::with_deadline(std::move(task), deadline);
}

Task<Result<Login>>
Authenticator::sign_in(std::string username, Secret password, std::string peer) {
    auto attempt = limiter_.begin(username, peer);
    if (!attempt) co_return attempt.error();
    // Neither can belong to an account: not worth a hash.
    if (!check_username(username) || password.reveal().size() > password_longest)
        co_return wrong_password();
    // Cancelled while the password was not verified yet: not a failure of the person.
    bool is_verified = false;
    ScopeExit give_back{[&] {
        if (!is_verified) attempt->withdrawn();
    }};
    auto account = co_await verify(username, password);
    is_verified = account || account.error().code() == Errc::unauthenticated;
    if (!account) co_return account.error();
    attempt->succeeded();
    co_return co_await make_login(account->id, account->password_hash, std::move(password));
}

Task<Result<Account>> Authenticator::verify(const std::string& username, const Secret& password) {
    auto found = co_await parts_.accounts.find_by_name(username);
    if (!found) co_return found.error();
    const bool may_sign_in = *found && !(*found)->is_disabled;
    // An empty form is checked against a dummy: the same work for everybody.
    const std::string form = *found ? (*found)->password_hash : std::string{};
    auto is_right = co_await parts_.hasher.verify(password, form);
    if (!is_right) co_return is_right.error();
    if (!*is_right || !may_sign_in) co_return wrong_password();
    co_return std::move(**found);
}

Task<Result<Login>>
Authenticator::make_login(UserId user, std::string verified_hash, Secret password) {
    std::string better_hash;
    if (parts_.hasher.needs_rehash(verified_hash)) {
        auto hashed = co_await parts_.hasher.hash(std::move(password));
        if (hashed) better_hash = std::move(*hashed); // else the old one does for now
    }
    auto held = co_await parts_.turn.take();
    auto found = co_await parts_.accounts.find(user);
    if (!found) co_return found.error();
    // It may have been disabled, or got another password, while we were hashing.
    if (!*found || (*found)->is_disabled || (*found)->password_hash != verified_hash)
        co_return wrong_password();
    auto& account = **found;
    const auto now = parts_.clock.now();
    account.last_login_at = now;
    if (!better_hash.empty()) account.password_hash = better_hash;
    auto updated = co_await parts_.accounts.update(account);
    if (!updated) co_return updated.error();

    Login login;
    login.cookie = Secret{make_token(parts_.random, secret_bytes)};
    login.expires_at = now + config_.login_life;
    Credential credential;
    credential.kind = Kind::login;
    credential.hash = crypto::sha256_hex(login.cookie.reveal());
    credential.id = credential.hash;
    credential.user = account.id;
    credential.created_at = now;
    credential.expires_at = login.expires_at;
    login.caller = caller_of(account, credential);
    auto stored = co_await parts_.credentials.insert(std::move(credential));
    if (!stored) co_return stored.error();
    co_return login;
}

// ---- asking who it is ---------------------------------------------------------------------------

Task<Result<Caller>> Authenticator::authenticate_cookie(std::string value) {
    return authenticate(std::move(value), Kind::login);
}

Task<Result<Caller>> Authenticator::authenticate_bearer(std::string token) {
    return authenticate(std::move(token), Kind::token);
}

std::optional<Result<Caller>> Authenticator::recall_cookie(std::string_view value) {
    if (!has_form(value, Kind::login)) return not_signed_in();
    return recall(crypto::sha256_hex(value), Kind::login);
}

std::optional<Result<Caller>> Authenticator::recall_bearer(std::string_view token) {
    if (!has_form(token, Kind::token)) return not_signed_in();
    return recall(crypto::sha256_hex(token), Kind::token);
}

std::optional<Result<Caller>> Authenticator::recall(const std::string& hash, Kind kind) {
    const auto now = parts_.clock.now();
    if (auto* known = known_.find(hash)) {
        // A clock that went back does not make an old answer young.
        if (now < known->read_at || now >= known->read_at + config_.cache_life) return std::nullopt;
        if (auto problem = problem_of(*known, kind)) return *problem;
        known->last_used = std::max(known->last_used, now);
        return known->caller;
    }
    if (const auto* refused = refused_.find(hash); refused != nullptr && now < refused->until)
        return not_signed_in();
    return std::nullopt;
}

std::optional<Error> Authenticator::problem_of(const Known& known, Kind kind) const {
    const auto now = parts_.clock.now();
    if (known.kind != kind) return not_signed_in();
    if (known.expires_at && *known.expires_at <= now) return not_signed_in();
    if (kind == Kind::login && known.last_used + config_.login_idle <= now) return not_signed_in();
    // A token without scopes would be one without limits.
    if (kind == Kind::token && known.caller.scopes.empty()) return not_signed_in();
    return std::nullopt;
}

Task<Result<Caller>> Authenticator::authenticate(std::string value, Kind kind) {
    if (!has_form(value, kind)) co_return not_signed_in();
    auto hash = crypto::sha256_hex(value);
    if (auto remembered = recall(hash, kind)) co_return *remembered;
    if (lookups_ >= config_.longest_lookups)
        co_return Error{Errc::rate_limited, "too many unknown logins"}.with_retry_after(1);
    ++lookups_;
    ScopeExit done{[this] { --lookups_; }};
    co_return co_await look_up(std::move(hash), kind);
}

Task<Result<Caller>> Authenticator::look_up(std::string hash, Kind kind) {
    // What was read while something was revoked is not believed; after three times somebody is
    // changing accounts without a pause.
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto epoch = epoch_;
        auto credential = co_await parts_.credentials.find_by_hash(hash);
        if (!credential) co_return credential.error();
        std::optional<Account> account;
        if (*credential) {
            auto found = co_await parts_.accounts.find((*credential)->user);
            if (!found) co_return found.error();
            account = std::move(*found);
        }
        if (epoch != epoch_) continue;
        const auto now = parts_.clock.now();
        if (!account || account->is_disabled) {
            known_.erase(hash);
            refused_.put(hash, Refused{now + config_.negative_life});
            co_return not_signed_in();
        }
        Known known;
        known.caller = caller_of(*account, **credential);
        known.kind = (*credential)->kind;
        known.expires_at = (*credential)->expires_at;
        known.last_stored = (*credential)->last_used_at.value_or((*credential)->created_at);
        known.last_used = known.last_stored;
        // Uses that were not stored yet.
        if (const auto* old = known_.find(hash))
            known.last_used = std::max(known.last_used, old->last_used);
        known.read_at = now;
        refused_.erase(hash);
        known_.put(hash, std::move(known));
        if (auto answer = recall(hash, kind)) co_return *answer;
        co_return not_signed_in();
    }
    co_return Error{Errc::unavailable, "accounts are being changed"}.with_retry_after(1);
}

// ---- taking rights away -------------------------------------------------------------------------

void Authenticator::drop(const std::string& hash) {
    ++epoch_;
    known_.erase(hash);
    refused_.put(hash, Refused{parts_.clock.now() + config_.negative_life});
}

void Authenticator::report(const std::string& login_id) {
    if (on_revoked_) on_revoked_(login_id);
}

Task<Status> Authenticator::logout(std::string login_id) {
    drop(login_id);
    report(login_id);
    auto removed = co_await parts_.credentials.remove(login_id);
    if (!removed) {
        // Still valid in the store: say so, and let the next request see it as it is.
        refused_.erase(login_id);
        co_return removed.error();
    }
    drop(login_id);
    co_return Status{};
}

Task<Status> Authenticator::end_logins(UserId user) {
    auto logins = co_await parts_.credentials.list(user, Kind::login);
    if (!logins) co_return logins.error();
    for (const auto& login : *logins) {
        auto ended = co_await logout(login.hash);
        if (!ended) co_return ended.error();
    }
    co_return Status{};
}

std::vector<std::string> Authenticator::forget(const UserId& user) {
    ++epoch_;
    std::vector<std::string> hashes;
    known_.for_each([&](const std::string& hash, const Known& known) {
        if (known.caller.subject == user.str()) hashes.push_back(hash);
    });
    for (const auto& hash : hashes)
        known_.erase(hash);
    return hashes;
}

Task<Status> Authenticator::revoke_all(UserId user) {
    for (const auto& hash : forget(user))
        report(hash);
    auto tokens = co_await parts_.credentials.list(user, Kind::token);
    if (!tokens) co_return tokens.error();
    for (const auto& token : *tokens)
        report(token.hash);
    co_return co_await end_logins(user);
}

// ---- housekeeping -------------------------------------------------------------------------------

Task<Status> Authenticator::maintain() {
    const auto now = parts_.clock.now();
    std::vector<std::string> over;
    std::vector<std::pair<std::string, TimePoint>> used;
    const auto interval = std::min(config_.touch_interval, config_.login_idle / 4);
    known_.for_each([&](const std::string& hash, Known& known) {
        if (known.expires_at && *known.expires_at <= now) {
            over.push_back(hash);
        } else if (known.last_used >= known.last_stored + interval) {
            used.emplace_back(hash, known.last_used);
            known.last_stored = known.last_used;
        }
    });
    for (const auto& hash : over) {
        drop(hash);
        report(hash);
    }
    for (const auto& [hash, at] : used) {
        auto touched = co_await parts_.credentials.touch(hash, at);
        if (!touched && touched.error().code() != Errc::not_found) co_return touched.error();
    }
    auto removed = co_await parts_.credentials.remove_expired(now);
    if (!removed) co_return removed.error();
    co_return Status{};
}

} // namespace berth::identity
