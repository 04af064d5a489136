// SPDX-License-Identifier: Apache-2.0
#include "store/accounts_sql.hpp"

#include "store/connection.hpp"
#include "store/lower.hpp"
#include "store/rows.hpp"
#include "store/words.hpp"

namespace berth::store {
namespace {

using broker::Account, broker::Credential;

void prepare(soci::statement& statement, const std::string& query) {
    statement.alloc();
    statement.prepare(query);
    statement.define_and_bind();
}

struct AccountRow {
    std::string id, username, username_key, role;
    long long is_disabled = 0;
    std::string password_hash;
    long long created_at = 0;
    std::optional<long long> last_login_at;
};

AccountRow encode_account(const Account& account) {
    AccountRow row;
    row.id = account.id.str();
    row.username = account.username;
    row.username_key = lower(account.username);
    row.role = word_of(account.role);
    row.is_disabled = account.is_disabled ? 1 : 0;
    row.password_hash = account.password_hash;
    row.created_at = to_number(account.created_at);
    row.last_login_at = to_number(account.last_login_at);
    return row;
}

Result<Account> decode_account(const AccountRow& row) {
    auto role = from_word<access::Role>(row.role);
    if (!role) return Error{Errc::internal, "stored account " + row.id + ": role: unknown word"};
    Account account;
    account.id = UserId{row.id};
    account.username = row.username;
    account.role = *role;
    account.is_disabled = row.is_disabled != 0;
    account.password_hash = row.password_hash;
    account.created_at = to_time(row.created_at);
    account.last_login_at = to_time(row.last_login_at);
    return account;
}

template <class... Values>
Result<std::vector<Account>>
select_accounts(Connection& connection, const std::string& where, const Values&... values) {
    AccountRow row;
    soci::statement rows{connection.sql()};
    auto all = [&](auto&... members) { (rows.exchange(soci::into(members)), ...); };
    all(row.id,
        row.username,
        row.role,
        row.is_disabled,
        row.password_hash,
        row.created_at,
        row.last_login_at);
    (rows.exchange(soci::use(values)), ...);
    prepare(
        rows,
        "SELECT id, username, role, is_disabled, password_hash, created_at, last_login_at"
        " FROM accounts " +
            where
    );
    rows.execute();
    std::vector<Account> accounts;
    while (rows.fetch()) {
        auto account = decode_account(row);
        if (!account) return account.error();
        accounts.push_back(std::move(*account));
    }
    return accounts;
}

struct CredentialRow {
    std::string hash, kind, id, user, name, scopes;
    long long created_at = 0;
    std::optional<long long> expires_at, last_used_at;
};

CredentialRow encode_credential(const Credential& credential) {
    CredentialRow row;
    row.hash = credential.hash;
    row.kind = word_of(credential.kind);
    row.id = credential.id;
    row.user = credential.user.str();
    row.name = credential.name;
    row.scopes = encode_texts(credential.scopes);
    row.created_at = to_number(credential.created_at);
    row.expires_at = to_number(credential.expires_at);
    row.last_used_at = to_number(credential.last_used_at);
    return row;
}

// The hash is not named in an error: for a login it is its id.
Result<Credential> decode_credential(const CredentialRow& row) {
    auto kind = from_word<Credential::Kind>(row.kind);
    auto scopes = decode_texts(row.scopes);
    if (!kind) return Error{Errc::internal, "stored credential: kind: unknown word"};
    if (!scopes) return Error{scopes.error()}.with_context("stored credential: scopes");
    Credential credential;
    credential.kind = *kind;
    credential.id = row.id;
    credential.hash = row.hash;
    credential.user = UserId{row.user};
    credential.name = row.name;
    credential.scopes = std::move(*scopes);
    credential.created_at = to_time(row.created_at);
    credential.expires_at = to_time(row.expires_at);
    credential.last_used_at = to_time(row.last_used_at);
    return credential;
}

template <class... Values>
Result<std::vector<Credential>>
select_credentials(Connection& connection, const std::string& where, const Values&... values) {
    CredentialRow row;
    soci::statement rows{connection.sql()};
    auto all = [&](auto&... members) { (rows.exchange(soci::into(members)), ...); };
    all(row.hash,
        row.kind,
        row.id,
        row.user,
        row.name,
        row.scopes,
        row.created_at,
        row.expires_at,
        row.last_used_at);
    (rows.exchange(soci::use(values)), ...);
    prepare(
        rows,
        "SELECT hash, kind, id, user_id, name, scopes, created_at, expires_at,"
        " last_used_at FROM credentials " +
            where
    );
    rows.execute();
    std::vector<Credential> credentials;
    while (rows.fetch()) {
        auto credential = decode_credential(row);
        if (!credential) return credential.error();
        credentials.push_back(std::move(*credential));
    }
    return credentials;
}

template <class T>
Result<std::optional<T>> first_of(Result<std::vector<T>> rows) {
    if (!rows) return rows.error();
    if (rows->empty()) return std::optional<T>{};
    return std::optional{std::move(rows->front())};
}

// One statement in a transaction of its own; the number of rows it changed.
template <class... Values>
Result<int> change(
    Connection& connection, std::string_view what, const std::string& query, const Values&... values
) {
    return guarded(connection, what, [&]() -> Result<int> {
        Transaction transaction{connection};
        int changed = 0;
        {
            soci::statement statement{connection.sql()};
            (statement.exchange(soci::use(values)), ...);
            prepare(statement, query);
            switch (connection.write(statement)) {
            case Written::yes:
                break;
            case Written::duplicate:
                return Error{Errc::already_exists, std::string{what}};
            case Written::missing_reference:
                return Error{Errc::not_found, std::string{what}};
            }
            changed = static_cast<int>(statement.get_affected_rows());
        }
        transaction.commit();
        return changed;
    });
}

Status done(const Result<int>& changed) {
    if (!changed) return changed.error();
    return {};
}

} // namespace

Status insert_account(Connection& connection, const Account& account) {
    const auto row = encode_account(account);
    return done(change(
        connection,
        "insert account",
        "INSERT INTO accounts (id, username, username_key, role, is_disabled, password_hash,"
        " created_at, last_login_at) VALUES (:id, :name, :key, :role, :disabled, :hash, :created,"
        " :login)",
        row.id,
        row.username,
        row.username_key,
        row.role,
        row.is_disabled,
        row.password_hash,
        row.created_at,
        row.last_login_at
    ));
}

Status update_account(Connection& connection, const Account& account) {
    const auto row = encode_account(account);
    auto changed = change(
        connection,
        "update account",
        "UPDATE accounts SET username = :name, username_key = :key, role = :role,"
        " is_disabled = :disabled, password_hash = :hash, created_at = :created,"
        " last_login_at = :login WHERE id = :id",
        row.username,
        row.username_key,
        row.role,
        row.is_disabled,
        row.password_hash,
        row.created_at,
        row.last_login_at,
        row.id
    );
    if (!changed) return changed.error();
    if (*changed == 0) return Error{Errc::not_found, "no such account"};
    return {};
}

Result<std::optional<Account>>
find_account_by_name(Connection& connection, const std::string& username) {
    return guarded(connection, "find account", [&] {
        const auto key = lower(username);
        return first_of(select_accounts(connection, "WHERE username_key = :key", key));
    });
}

Result<std::optional<Account>> find_account(Connection& connection, const UserId& id) {
    return guarded(connection, "find account", [&] {
        return first_of(select_accounts(connection, "WHERE id = :id", id.str()));
    });
}

Result<std::vector<Account>> list_accounts(Connection& connection) {
    return guarded(connection, "list accounts", [&] {
        return select_accounts(connection, "ORDER BY username_key");
    });
}

Status insert_credential(Connection& connection, const Credential& credential) {
    const auto row = encode_credential(credential);
    return done(change(
        connection,
        "insert credential",
        "INSERT INTO credentials (hash, kind, id, user_id, name, scopes, created_at, expires_at,"
        " last_used_at) VALUES (:hash, :kind, :id, :user, :name, :scopes, :created, :expires,"
        " :used)",
        row.hash,
        row.kind,
        row.id,
        row.user,
        row.name,
        row.scopes,
        row.created_at,
        row.expires_at,
        row.last_used_at
    ));
}

Result<std::optional<Credential>> find_credential(Connection& connection, const std::string& hash) {
    return guarded(connection, "find credential", [&] {
        return first_of(select_credentials(connection, "WHERE hash = :hash", hash));
    });
}

Result<std::vector<Credential>>
list_credentials(Connection& connection, const UserId& user, Credential::Kind kind) {
    return guarded(connection, "list credentials", [&] {
        const std::string word{word_of(kind)};
        return select_credentials(
            connection,
            "WHERE user_id = :user AND kind = :kind ORDER BY created_at, hash",
            user.str(),
            word
        );
    });
}

Status touch_credential(Connection& connection, const std::string& hash, TimePoint last_used_at) {
    const long long at = to_number(last_used_at);
    auto changed = change(
        connection,
        "touch credential",
        "UPDATE credentials SET last_used_at = :at WHERE hash = :hash",
        at,
        hash
    );
    if (!changed) return changed.error();
    if (*changed == 0) return Error{Errc::not_found, "no such credential"};
    return {};
}

Status remove_credential(Connection& connection, const std::string& hash) {
    return done(
        change(connection, "remove credential", "DELETE FROM credentials WHERE hash = :hash", hash)
    );
}

Status remove_credentials_of(Connection& connection, const UserId& user) {
    return done(change(
        connection,
        "remove credentials",
        "DELETE FROM credentials WHERE user_id = :user",
        user.str()
    ));
}

Result<int> remove_expired_credentials(Connection& connection, TimePoint now) {
    const long long at = to_number(now);
    return change(
        connection,
        "remove expired credentials",
        "DELETE FROM credentials WHERE expires_at <= :now",
        at
    );
}

} // namespace berth::store
