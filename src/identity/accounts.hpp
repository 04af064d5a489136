// SPDX-License-Identifier: Apache-2.0
#pragma once
// What can be done with accounts. Whether the caller may is decided before (access/policy.hpp).
// Accounts are named by their user name, whatever its case. Errors of all: invalid_input with
// fields, not_found, unavailable. Core thread only.

#include "identity/authenticator.hpp"

#include <optional>
#include <string>
#include <vector>

namespace berth::identity {

struct FirstAdmin {
    FirstAdmin() = default;
    std::string username;
    // Set when it was generated: to be printed once, nobody has it afterwards.
    Secret generated_password;
};

class Accounts {
public:
    Accounts(Parts parts, Authenticator& authenticator);

    // Makes "admin" when there is no account at all, with the given password or a generated one;
    // nothing otherwise (a given password never changes an existing account).
    net::Task<Result<std::optional<FirstAdmin>>> ensure_first_admin(std::optional<Secret> password);

    // already_exists: taken, in whatever case.
    net::Task<Result<broker::Account>>
    add(std::string username, Secret password, access::Role role);
    // By an administrator. Ends all logins of that person; tokens stay.
    net::Task<Status> set_password(std::string username, Secret password);
    // By the person, who proves the present one (forbidden; rate_limited by the same counters as
    // signing in). Ends all logins, this one too, and answers with a new one: whoever had got hold
    // of the old cookie is out. unauthenticated: changed, but another change came in between.
    net::Task<Result<Login>> change_own_password(
        access::Caller caller, Secret current, Secret wanted, std::string peer_address
    );
    // conflict: it is the last administrator who can sign in. Takes effect at once: logins end,
    // tunnels are cut (Authenticator::set_on_revoked), tokens are refused until enabled again.
    net::Task<Result<broker::Account>> disable(std::string username);
    net::Task<Result<broker::Account>> enable(std::string username);
    // conflict as above. Ends all logins: what they had opened may be beyond the new role.
    net::Task<Result<broker::Account>> set_role(std::string username, access::Role role);
    net::Task<Result<std::vector<broker::Account>>> list(); // in order of names
    net::Task<Result<broker::Account>> find(std::string username);

private:
    net::Task<Status> keep_an_admin(const broker::Account& changed);
    net::Task<Status> store_password(UserId user, std::string hash);

    Parts parts_;
    Authenticator& authenticator_;
};

} // namespace berth::identity
