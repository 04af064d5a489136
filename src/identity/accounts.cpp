// SPDX-License-Identifier: Apache-2.0
#include "identity/accounts.hpp"

#include "identity/names.hpp"

#include <algorithm>

namespace berth::identity {
namespace {

using access::Role, broker::Account, net::Task;

Error no_such_account() {
    return Error{Errc::not_found, "no such account"};
}

bool can_administer(const Account& account) {
    return account.role == Role::admin && !account.is_disabled;
}

} // namespace

Accounts::Accounts(Parts parts, Authenticator& authenticator)
    : parts_{parts}
    , authenticator_{authenticator} {}

Task<Result<std::optional<FirstAdmin>>> Accounts::ensure_first_admin(std::optional<Secret> password
) {
    auto present = co_await parts_.accounts.list();
    if (!present) co_return present.error();
    if (!present->empty()) co_return std::optional<FirstAdmin>{};
    FirstAdmin first;
    first.username = "admin";
    Secret chosen;
    if (password) {
        chosen = std::move(*password);
    } else {
        chosen = Secret{make_token(parts_.random, 12)};
        first.generated_password = chosen;
    }
    auto added = co_await add(first.username, std::move(chosen), Role::admin);
    if (!added) co_return added.error();
    co_return std::optional{std::move(first)};
}

Task<Result<Account>> Accounts::add(std::string username, Secret password, Role role) {
    if (auto checked = check_username(username); !checked) co_return checked.error();
    if (auto checked = check_password(password); !checked) co_return checked.error();
    auto hash = co_await parts_.hasher.hash(std::move(password));
    if (!hash) co_return hash.error();
    Account account;
    account.id = UserId{make_session_id(parts_.random).str()};
    account.username = std::move(username);
    account.role = role;
    account.password_hash = std::move(*hash);
    account.created_at = parts_.clock.now();
    auto stored = co_await parts_.accounts.insert(account);
    if (!stored) co_return stored.error();
    co_return account;
}

Task<Status> Accounts::store_password(UserId user, std::string hash) {
    auto held = co_await parts_.turn.take();
    auto found = co_await parts_.accounts.find(user);
    if (!found) co_return found.error();
    if (!*found) co_return no_such_account();
    (*found)->password_hash = std::move(hash);
    auto stored = co_await parts_.accounts.update(**found);
    if (!stored) co_return stored.error();
    co_return co_await authenticator_.end_logins(user);
}

Task<Status> Accounts::set_password(std::string username, Secret password) {
    if (auto checked = check_password(password); !checked) co_return checked.error();
    auto account = co_await find(std::move(username));
    if (!account) co_return account.error();
    auto hash = co_await parts_.hasher.hash(std::move(password));
    if (!hash) co_return hash.error();
    co_return co_await store_password(account->id, std::move(*hash));
}

Task<Result<Login>> Accounts::change_own_password(
    access::Caller caller, Secret current, Secret wanted, std::string peer_address
) {
    if (auto checked = check_password(wanted, "/new_password"); !checked) co_return checked.error();
    auto attempt = authenticator_.limiter().begin(caller.username, peer_address);
    if (!attempt) co_return attempt.error();
    const UserId user{caller.subject};
    auto found = co_await parts_.accounts.find(user);
    if (!found || !*found) {
        attempt->withdrawn();
        if (!found) co_return found.error();
        co_return no_such_account();
    }
    auto is_right = co_await parts_.hasher.verify(std::move(current), (*found)->password_hash);
    if (!is_right) {
        attempt->withdrawn();
        co_return is_right.error();
    }
    if (!*is_right)
        co_return Error{
            Errc::forbidden, "current password is wrong", "The current password is not right."}
            .with_field("/current_password", "not right");
    attempt->succeeded();
    auto hash = co_await parts_.hasher.hash(wanted);
    if (!hash) co_return hash.error();
    auto stored = co_await store_password(user, *hash);
    if (!stored) co_return stored.error();
    co_return co_await authenticator_.make_login(user, std::move(*hash), std::move(wanted));
}

// Asked while the turn is held, about the account as it would be.
Task<Status> Accounts::keep_an_admin(const Account& changed) {
    if (can_administer(changed)) co_return Status{};
    auto all = co_await parts_.accounts.list();
    if (!all) co_return all.error();
    const bool is_one_left = std::any_of(all->begin(), all->end(), [&](const Account& other) {
        return other.id != changed.id && can_administer(other);
    });
    if (is_one_left) co_return Status{};
    co_return Error{
        Errc::conflict, "last administrator", "This is the last administrator who can sign in."};
}

Task<Result<Account>> Accounts::disable(std::string username) {
    auto held = co_await parts_.turn.take();
    auto account = co_await find(std::move(username));
    if (!account) co_return account.error();
    const bool was_admin = can_administer(*account);
    account->is_disabled = true;
    if (was_admin) {
        auto kept = co_await keep_an_admin(*account);
        if (!kept) co_return kept.error();
    }
    auto stored = co_await parts_.accounts.update(*account);
    if (!stored) co_return stored.error();
    auto revoked = co_await authenticator_.revoke_all(account->id);
    if (!revoked) co_return revoked.error();
    co_return std::move(*account);
}

Task<Result<Account>> Accounts::enable(std::string username) {
    auto held = co_await parts_.turn.take();
    auto account = co_await find(std::move(username));
    if (!account) co_return account.error();
    account->is_disabled = false;
    auto stored = co_await parts_.accounts.update(*account);
    if (!stored) co_return stored.error();
    (void)authenticator_.forget(account->id);
    co_return std::move(*account);
}

Task<Result<Account>> Accounts::set_role(std::string username, Role role) {
    auto held = co_await parts_.turn.take();
    auto account = co_await find(std::move(username));
    if (!account) co_return account.error();
    if (account->role == role) co_return std::move(*account);
    const bool was_admin = can_administer(*account);
    account->role = role;
    if (was_admin) {
        auto kept = co_await keep_an_admin(*account);
        if (!kept) co_return kept.error();
    }
    auto stored = co_await parts_.accounts.update(*account);
    if (!stored) co_return stored.error();
    auto revoked = co_await authenticator_.revoke_all(account->id);
    if (!revoked) co_return revoked.error();
    co_return std::move(*account);
}

Task<Result<std::vector<Account>>> Accounts::list() {
    return parts_.accounts.list();
}

Task<Result<Account>> Accounts::find(std::string username) {
    if (!check_username(username)) co_return no_such_account();
    auto found = co_await parts_.accounts.find_by_name(std::move(username));
    if (!found) co_return found.error();
    if (!*found) co_return no_such_account();
    co_return std::move(**found);
}

} // namespace berth::identity
