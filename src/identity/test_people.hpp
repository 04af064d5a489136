// SPDX-License-Identifier: Apache-2.0
#pragma once
// A small world for the tests of this folder: memory store, cheap hashes, a clock that stands
// still.

#include "crypto/system_random.hpp"
#include "identity/accounts.hpp"
#include "identity/tokens.hpp"
#include "store/memory_store.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace berth::identity {

using test::run_task;

inline const std::string good_password = "correct horse";

inline crypto::PasswordHasherConfig cheap_hashes() {
    crypto::PasswordHasherConfig config;
    config.memory_bytes = 64 * 1024;
    config.passes = 1;
    return config;
}

class People : public ::testing::Test {
protected:
    test::ManualClock clock_;
    store::MemoryStore store_;
    crypto::SystemRandom random_;
    crypto::PasswordHasher hasher_{cheap_hashes()};
    Turn turn_;
    Parts parts_{store_.accounts(), store_.credentials(), hasher_, random_, clock_, turn_};
    AuthenticatorConfig config_;
    Authenticator authenticator_{parts_, config_};
    Accounts accounts_{parts_, authenticator_};
    Tokens tokens_{parts_, authenticator_};
    std::vector<std::string> revoked_;

    People() {
        authenticator_.set_on_revoked([this](std::string id) { revoked_.push_back(std::move(id)); }
        );
    }

    broker::Account add(std::string name, access::Role role = access::Role::user) {
        auto added = run_task(accounts_.add(std::move(name), Secret{good_password}, role));
        EXPECT_TRUE(added) << describe(added.error());
        return added ? *added : broker::Account{};
    }
    Result<Login> try_login(
        std::string name, std::string password = good_password, std::string peer = "192.0.2.1"
    ) {
        return run_task(authenticator_.login(
            std::move(name), Secret{std::move(password)}, std::move(peer), deadline_in(Seconds{20})
        ));
    }
    Login login(std::string name) {
        auto made = try_login(std::move(name));
        EXPECT_TRUE(made) << describe(made.error());
        return made ? *made : Login{};
    }
    Result<access::Caller> by_cookie(const Login& login) {
        return run_task(authenticator_.authenticate_cookie(std::string{login.cookie.reveal()}));
    }
    Result<access::Caller> by_token(const NewToken& token) {
        return run_task(authenticator_.authenticate_bearer(std::string{token.text.reveal()}));
    }
    NewToken
    make_token(const broker::Account& account, std::vector<std::string> scopes = {"sessions"}) {
        auto made = run_task(tokens_.create(account.id, "ci", std::move(scopes), {}));
        EXPECT_TRUE(made) << describe(made.error());
        return made ? *made : NewToken{};
    }
    bool was_revoked(const std::string& id) const {
        return std::find(revoked_.begin(), revoked_.end(), id) != revoked_.end();
    }
    static Errc code_of(const auto& result) {
        return result ? Errc::internal : result.error().code();
    }
};

} // namespace berth::identity
