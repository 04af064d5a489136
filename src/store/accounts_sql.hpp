// SPDX-License-Identifier: Apache-2.0
#pragma once
// The statements for people and their credentials. They block; database.cpp calls them on its own
// thread. Contract of each: broker::AccountStore and broker::CredentialStore. Private to store/.

#include "broker/accounts.hpp"

#include <optional>
#include <string>
#include <vector>

namespace berth::store {

class Connection;

Status insert_account(Connection& connection, const broker::Account& account);
Status update_account(Connection& connection, const broker::Account& account);
Result<std::optional<broker::Account>>
find_account_by_name(Connection& connection, const std::string& username);
Result<std::optional<broker::Account>> find_account(Connection& connection, const UserId& id);
Result<std::vector<broker::Account>> list_accounts(Connection& connection);

Status insert_credential(Connection& connection, const broker::Credential& credential);
Result<std::optional<broker::Credential>>
find_credential(Connection& connection, const std::string& hash);
Result<std::vector<broker::Credential>>
list_credentials(Connection& connection, const UserId& user, broker::Credential::Kind kind);
Status touch_credential(Connection& connection, const std::string& hash, TimePoint last_used_at);
Status remove_credential(Connection& connection, const std::string& hash);
Status remove_credentials_of(Connection& connection, const UserId& user);
Result<int> remove_expired_credentials(Connection& connection, TimePoint now);

} // namespace berth::store
