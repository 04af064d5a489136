// SPDX-License-Identifier: Apache-2.0
// The contracts of broker::AccountStore and broker::CredentialStore, for every implementation.
#include "tests/contract/store/stores.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace berth::store {
namespace {

using broker::Account, broker::Credential, test::run_task;

Account account_of(std::string id, std::string name) {
    Account account;
    account.id = UserId{std::move(id)};
    account.username = std::move(name);
    account.role = access::Role::operator_;
    account.password_hash = "$argon2id$…";
    account.created_at = noon;
    return account;
}

Credential credential_of(std::string hash, std::string user, Credential::Kind kind) {
    Credential credential;
    credential.kind = kind;
    credential.id = kind == Credential::Kind::login ? hash : "id-" + hash;
    credential.hash = std::move(hash);
    credential.user = UserId{std::move(user)};
    credential.created_at = noon;
    return credential;
}

bool is_same(const Account& a, const Account& b) {
    auto all = [](const Account& x) {
        return std::tie(
            x.id, x.username, x.role, x.is_disabled, x.password_hash, x.created_at, x.last_login_at
        );
    };
    return all(a) == all(b);
}

bool is_same(const Credential& a, const Credential& b) {
    auto all = [](const Credential& x) {
        return std::tie(
            x.kind,
            x.id,
            x.hash,
            x.user,
            x.name,
            x.scopes,
            x.created_at,
            x.expires_at,
            x.last_used_at
        );
    };
    return all(a) == all(b);
}

template <class Store>
class AccountStoreContract : public ::testing::Test {
protected:
    Store store_;
    broker::AccountStore& accounts() { return store_.get().accounts(); }
    broker::CredentialStore& credentials() { return store_.get().credentials(); }
    void add_ann_and_bob() {
        ASSERT_TRUE(run_task(accounts().insert(account_of("1", "ann"))));
        ASSERT_TRUE(run_task(accounts().insert(account_of("2", "bob"))));
    }
    void add(std::string hash, std::string user, Credential::Kind kind) {
        ASSERT_TRUE(
            run_task(credentials().insert(credential_of(std::move(hash), std::move(user), kind)))
        );
    }
    bool has(std::string hash) {
        auto found = run_task(credentials().find_by_hash(std::move(hash)));
        EXPECT_TRUE(found);
        return found && found->has_value();
    }
};
TYPED_TEST_SUITE(AccountStoreContract, Stores);

TYPED_TEST(AccountStoreContract, AnAccountComesBackAsItWasWritten) {
    auto account = account_of("1", "Ann.O+x@example.org");
    account.is_disabled = true;
    account.last_login_at = noon + Milliseconds{7};
    ASSERT_TRUE(run_task(this->accounts().insert(account)));
    this->store_.reopen();
    auto by_id = run_task(this->accounts().find(UserId{"1"}));
    ASSERT_TRUE(by_id && *by_id);
    EXPECT_TRUE(is_same(**by_id, account));
    auto by_name = run_task(this->accounts().find_by_name("aNN.o+X@EXAMPLE.org"));
    ASSERT_TRUE(by_name && *by_name);
    EXPECT_TRUE(is_same(**by_name, account));
    EXPECT_FALSE(*run_task(this->accounts().find(UserId{"2"})));
    EXPECT_FALSE(*run_task(this->accounts().find_by_name("ann")));
}

TYPED_TEST(AccountStoreContract, NamesAreUniqueWhateverTheirCase) {
    this->add_ann_and_bob();
    auto twin = run_task(this->accounts().insert(account_of("3", "ANN")));
    ASSERT_FALSE(twin);
    EXPECT_EQ(twin.error().code(), Errc::already_exists);
    auto same_id = run_task(this->accounts().insert(account_of("1", "cleo")));
    ASSERT_FALSE(same_id);
    EXPECT_EQ(same_id.error().code(), Errc::already_exists);
    auto renamed = run_task(this->accounts().update(account_of("2", "Ann")));
    ASSERT_FALSE(renamed);
    EXPECT_EQ(renamed.error().code(), Errc::already_exists);
    EXPECT_EQ(run_task(this->accounts().list())->size(), 2U);
}

TYPED_TEST(AccountStoreContract, AnUpdateChangesEverythingButTheId) {
    this->add_ann_and_bob();
    auto changed = account_of("1", "Anna");
    changed.role = access::Role::admin;
    changed.is_disabled = true;
    changed.password_hash = "";
    changed.last_login_at = noon + Seconds{1};
    ASSERT_TRUE(run_task(this->accounts().update(changed)));
    auto found = run_task(this->accounts().find(UserId{"1"}));
    ASSERT_TRUE(found && *found);
    EXPECT_TRUE(is_same(**found, changed));
    auto missing = run_task(this->accounts().update(account_of("9", "nobody")));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), Errc::not_found);
}

TYPED_TEST(AccountStoreContract, TheListIsInOrderOfNames) {
    for (const auto* name : {"cleo", "Bob", "ann"})
        ASSERT_TRUE(run_task(this->accounts().insert(account_of(std::string{"id-"} + name, name))));
    auto list = run_task(this->accounts().list());
    ASSERT_TRUE(list);
    std::vector<std::string> names;
    for (const auto& account : *list)
        names.push_back(account.username);
    const std::vector<std::string> expected{"ann", "Bob", "cleo"};
    EXPECT_EQ(names, expected);
}

TYPED_TEST(AccountStoreContract, ACredentialComesBackAsItWasWritten) {
    this->add_ann_and_bob();
    auto token = credential_of("h1", "1", Credential::Kind::token);
    token.name = "ci \"x\"";
    token.scopes = {"sessions", "admin"};
    token.expires_at = noon + Seconds{3};
    ASSERT_TRUE(run_task(this->credentials().insert(token)));
    this->store_.reopen();
    auto found = run_task(this->credentials().find_by_hash("h1"));
    ASSERT_TRUE(found && *found);
    EXPECT_TRUE(is_same(**found, token));
    ASSERT_TRUE(run_task(this->credentials().touch("h1", noon + Seconds{1})));
    found = run_task(this->credentials().find_by_hash("h1"));
    EXPECT_EQ((*found)->last_used_at, noon + Seconds{1});
    EXPECT_FALSE(*run_task(this->credentials().find_by_hash("H1")));
}

TYPED_TEST(AccountStoreContract, ACredentialNeedsItsAccountAndItsOwnHash) {
    this->add_ann_and_bob();
    auto orphan =
        run_task(this->credentials().insert(credential_of("h", "9", Credential::Kind::login)));
    ASSERT_FALSE(orphan);
    EXPECT_EQ(orphan.error().code(), Errc::not_found);
    this->add("h", "1", Credential::Kind::login);
    auto twin =
        run_task(this->credentials().insert(credential_of("h", "2", Credential::Kind::token)));
    ASSERT_FALSE(twin);
    EXPECT_EQ(twin.error().code(), Errc::already_exists);
    auto untouched = run_task(this->credentials().touch("none", noon));
    ASSERT_FALSE(untouched);
    EXPECT_EQ(untouched.error().code(), Errc::not_found);
}

TYPED_TEST(AccountStoreContract, AListHoldsOneUsersCredentialsOfOneKind) {
    this->add_ann_and_bob();
    this->add("a", "1", Credential::Kind::login);
    this->add("b", "1", Credential::Kind::token);
    this->add("c", "2", Credential::Kind::token);
    auto list = run_task(this->credentials().list(UserId{"1"}, Credential::Kind::token));
    ASSERT_TRUE(list);
    ASSERT_EQ(list->size(), 1U);
    EXPECT_EQ(list->front().hash, "b");
}

TYPED_TEST(AccountStoreContract, RemovalTakesWhatItNamesAndIsRepeatable) {
    this->add_ann_and_bob();
    this->add("a", "1", Credential::Kind::login);
    this->add("b", "1", Credential::Kind::token);
    this->add("c", "2", Credential::Kind::login);
    EXPECT_TRUE(run_task(this->credentials().remove("a")));
    EXPECT_TRUE(run_task(this->credentials().remove("a")));
    EXPECT_FALSE(this->has("a"));
    EXPECT_TRUE(this->has("b"));
    EXPECT_TRUE(run_task(this->credentials().remove_all_of(UserId{"1"})));
    EXPECT_FALSE(this->has("b"));
    EXPECT_TRUE(this->has("c"));
}

TYPED_TEST(AccountStoreContract, ExpiryTakesWhatIsOverAndNotWhatNeverEnds) {
    this->add_ann_and_bob();
    this->add("forever", "1", Credential::Kind::token);
    for (int i = 0; i < 3; ++i) {
        auto login = credential_of("h" + std::to_string(i), "1", Credential::Kind::login);
        login.expires_at = noon + Seconds{i};
        ASSERT_TRUE(run_task(this->credentials().insert(login)));
    }
    auto removed = run_task(this->credentials().remove_expired(noon + Seconds{1}));
    ASSERT_TRUE(removed);
    EXPECT_EQ(*removed, 2);
    EXPECT_TRUE(this->has("h2"));
    EXPECT_TRUE(this->has("forever"));
}

} // namespace
} // namespace berth::store
