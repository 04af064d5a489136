// SPDX-License-Identifier: Apache-2.0
#include "identity/tokens.hpp"

#include "crypto/sha256.hpp"

#include <algorithm>
#include <array>

namespace berth::identity {
namespace {

using broker::Credential, net::Task;

constexpr Seconds longest_life{10LL * 365 * 24 * 3600};

bool is_scope(const std::string& text) {
    static constexpr std::array scopes{"sessions", "sessions:read", "admin"};
    return std::find(scopes.begin(), scopes.end(), text) != scopes.end();
}

Status check(
    const std::string& name,
    const std::vector<std::string>& scopes,
    const std::optional<Seconds>& expires_in
) {
    // with_field returns the error itself: assigning that to it would empty it.
    Error error{Errc::invalid_input, "token"};
    if (!is_valid_name(name)) (void)std::move(error).with_field("/name", "1 to 63 of a-z 0-9 _ -");
    if (scopes.empty()) (void)std::move(error).with_field("/scopes", "at least one");
    if (!std::all_of(scopes.begin(), scopes.end(), is_scope))
        (void)std::move(error).with_field("/scopes", "sessions, sessions:read or admin");
    if (expires_in && (*expires_in <= Seconds{0} || *expires_in > longest_life))
        (void)std::move(error).with_field("/expires_in_s", "between 1 second and 10 years");
    if (error.fields().empty()) return {};
    return error;
}

} // namespace

Tokens::Tokens(Parts parts, Authenticator& authenticator)
    : parts_{parts}
    , authenticator_{authenticator} {}

Task<Result<NewToken>> Tokens::create(
    UserId user,
    std::string name,
    std::vector<std::string> scopes,
    std::optional<Seconds> expires_in
) {
    if (auto checked = check(name, scopes, expires_in); !checked) co_return checked.error();
    auto held = co_await parts_.turn.take(); // counting and adding are one step
    auto present = co_await parts_.credentials.list(user, Credential::Kind::token);
    if (!present) co_return present.error();
    if (present->size() >= tokens_per_user)
        co_return Error{Errc::quota_exceeded, "too many tokens", "You have too many tokens."};
    std::sort(scopes.begin(), scopes.end());
    scopes.erase(std::unique(scopes.begin(), scopes.end()), scopes.end());
    NewToken made;
    made.text = Secret{"brt_" + make_token(parts_.random, 32)};
    made.token.kind = Credential::Kind::token;
    made.token.id = make_session_id(parts_.random).str();
    made.token.hash = crypto::sha256_hex(made.text.reveal());
    made.token.user = user;
    made.token.name = std::move(name);
    made.token.scopes = std::move(scopes);
    made.token.created_at = parts_.clock.now();
    if (expires_in) made.token.expires_at = made.token.created_at + *expires_in;
    auto stored = co_await parts_.credentials.insert(made.token);
    if (!stored) co_return stored.error();
    co_return made;
}

Task<Result<std::vector<Credential>>> Tokens::list(UserId user) {
    return parts_.credentials.list(std::move(user), Credential::Kind::token);
}

Task<Status> Tokens::remove(UserId user, std::string id) {
    auto present = co_await parts_.credentials.list(user, Credential::Kind::token);
    if (!present) co_return present.error();
    auto found = std::find_if(present->begin(), present->end(), [&](const Credential& token) {
        return token.id == id;
    });
    if (found == present->end()) co_return Error{Errc::not_found, "no such token"};
    co_return co_await authenticator_.logout(found->hash);
}

} // namespace berth::identity
