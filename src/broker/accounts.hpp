// SPDX-License-Identifier: Apache-2.0
#pragma once
// Ports for people and their credentials; implemented by store/, used by identity/.

#include "access/policy.hpp"
#include "net/task.hpp"

#include <optional>
#include <string>
#include <vector>

namespace berth::broker {

struct Account {
    Account() = default;
    UserId id;               // random, never reused: the owner.subject of its sessions
    std::string username;    // as typed at creation; unique by lower case
    access::Role role = access::Role::user;
    bool is_disabled = false;
    std::string password_hash; // argon2id string form; empty = cannot sign in by password
    TimePoint created_at{};
    std::optional<TimePoint> last_login_at;
};

class AccountStore {
public:
    virtual ~AccountStore() = default;
    virtual net::Task<Status> insert(Account account) = 0; // already_exists by lower-case name
    virtual net::Task<Status> update(Account account) = 0; // by id; not_found
    virtual net::Task<Result<std::optional<Account>>> find_by_name(std::string username) = 0;
    virtual net::Task<Result<std::optional<Account>>> find(UserId id) = 0;
    virtual net::Task<Result<std::vector<Account>>> list() = 0;
};

// A browser login or an API token. Only the SHA-256 of the random value is stored.
struct Credential {
    enum class Kind { login, token };
    Credential() = default;
    Kind kind = Kind::login;
    std::string id;        // public handle of a token; for a login equal to `hash`
    std::string hash;      // hex SHA-256 of the secret value
    UserId user;
    std::string name;      // token: chosen by the person
    std::vector<std::string> scopes;
    TimePoint created_at{};
    std::optional<TimePoint> expires_at;   // absolute
    std::optional<TimePoint> last_used_at; // written at most once a minute
};

class CredentialStore {
public:
    virtual ~CredentialStore() = default;
    virtual net::Task<Status> insert(Credential credential) = 0;
    virtual net::Task<Result<std::optional<Credential>>> find_by_hash(std::string hash) = 0;
    virtual net::Task<Result<std::vector<Credential>>> list(UserId user, Credential::Kind kind) = 0;
    virtual net::Task<Status> touch(std::string hash, TimePoint last_used_at) = 0;
    virtual net::Task<Status> remove(std::string hash) = 0; // absent is success
    virtual net::Task<Status> remove_all_of(UserId user) = 0;
    virtual net::Task<Result<int>> remove_expired(TimePoint now) = 0;
};

} // namespace berth::broker
