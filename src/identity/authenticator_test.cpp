// SPDX-License-Identifier: Apache-2.0
#include "crypto/sha256.hpp"
#include "identity/authenticator.hpp"
#include "identity/test_people.hpp"

#include <boost/asio/co_spawn.hpp>

namespace berth::identity {
namespace {

using access::Role;
using AuthenticatorTest = People;

TEST_F(AuthenticatorTest, ALoginLeadsToItsCaller) {
    auto ann = add("Ann", Role::operator_);
    auto login = this->login("ann");
    EXPECT_EQ(login.cookie.reveal().size(), 43U);
    EXPECT_EQ(login.expires_at, clock_.now() + config_.login_life);
    auto caller = by_cookie(login);
    ASSERT_TRUE(caller) << describe(caller.error());
    EXPECT_EQ(caller->realm, "local");
    EXPECT_EQ(caller->subject, ann.id.str());
    EXPECT_EQ(caller->username, "Ann");
    EXPECT_EQ(caller->role, Role::operator_);
    EXPECT_TRUE(caller->by_cookie);
    EXPECT_TRUE(caller->scopes.empty());
    EXPECT_EQ(caller->login_id, login.caller.login_id);
    EXPECT_EQ(*run_task(store_.accounts().find(ann.id))->value().last_login_at, clock_.now());
}

TEST_F(AuthenticatorTest, OnlyTheHashOfTheCookieIsStored) {
    auto ann = add("ann");
    auto login = this->login("ann");
    auto stored = run_task(store_.credentials().list(ann.id, broker::Credential::Kind::login));
    ASSERT_EQ(stored->size(), 1U);
    EXPECT_EQ(stored->front().hash, crypto::sha256_hex(login.cookie.reveal()));
    EXPECT_EQ(stored->front().hash, login.caller.login_id);
    EXPECT_EQ(stored->front().id, stored->front().hash);
}

TEST_F(AuthenticatorTest, UnknownWrongAndDisabledGetTheSameAnswer) {
    add("ann");
    add("bob");
    add("root", Role::admin);
    ASSERT_TRUE(run_task(accounts_.disable("bob")));
    const std::string expected = "unauthenticated: sign-in refused";
    EXPECT_EQ(describe(try_login("ann", "wrong password").error()), expected);
    EXPECT_EQ(describe(try_login("nobody").error()), expected);
    EXPECT_EQ(describe(try_login("bob").error()), expected);
    EXPECT_EQ(describe(try_login("not a name").error()), expected);
    EXPECT_EQ(describe(try_login("ann", std::string(1000, 'x')).error()), expected);
    EXPECT_EQ(describe(try_login("ann", "").error()), expected);
}

TEST_F(AuthenticatorTest, AnAccountWithoutPasswordCannotSignIn) {
    auto ann = add("ann");
    ann.password_hash.clear();
    ASSERT_TRUE(run_task(store_.accounts().update(ann)));
    EXPECT_EQ(code_of(try_login("ann", "")), Errc::unauthenticated);
    EXPECT_EQ(code_of(try_login("ann")), Errc::unauthenticated);
}

TEST_F(AuthenticatorTest, GuessingIsSlowedDownAndThePersonElsewhereIsNot) {
    add("ann");
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(code_of(try_login("ann", "guess")), Errc::unauthenticated);
    auto limited = try_login("ann");
    ASSERT_FALSE(limited);
    EXPECT_EQ(limited.error().code(), Errc::rate_limited);
    EXPECT_EQ(limited.error().retry_after_s(), 1);
    EXPECT_TRUE(try_login("ann", good_password, "198.51.100.7"));
}

TEST_F(AuthenticatorTest, ADeadStoreIsNotHeldAgainstThePerson) {
    add("ann");
    store_.fail_with(Error{Errc::unavailable, "disk"});
    for (int i = 0; i < 50; ++i)
        EXPECT_EQ(code_of(try_login("ann")), Errc::unavailable);
    store_.fail_with(std::nullopt);
    EXPECT_TRUE(try_login("ann"));
}

TEST_F(AuthenticatorTest, WhatHasNoCookiesFormNeverReachesTheStore) {
    store_.fail_with(Error{Errc::unavailable, "disk"});
    for (const auto& bad :
         {std::string{}, std::string(42, 'a'), std::string(44, 'a'), std::string(1 << 20, 'a')}) {
        EXPECT_EQ(
            code_of(run_task(authenticator_.authenticate_cookie(bad))), Errc::unauthenticated
        );
        EXPECT_EQ(
            code_of(run_task(authenticator_.authenticate_bearer("brt_" + bad))),
            Errc::unauthenticated
        );
    }
    EXPECT_EQ(
        code_of(run_task(authenticator_.authenticate_bearer(std::string(47, 'a')))),
        Errc::unauthenticated
    );
}

TEST_F(AuthenticatorTest, AnswersFromMemoryWhileTheStoreIsAway) {
    add("ann");
    auto login = this->login("ann");
    EXPECT_FALSE(authenticator_.recall_cookie(login.cookie.reveal())) << "nobody has asked yet";
    ASSERT_TRUE(by_cookie(login));
    store_.fail_with(Error{Errc::unavailable, "disk"});
    EXPECT_TRUE(by_cookie(login));
    auto recalled = authenticator_.recall_cookie(login.cookie.reveal());
    ASSERT_TRUE(recalled);
    EXPECT_TRUE(*recalled);
    clock_.advance(config_.cache_life);
    EXPECT_EQ(code_of(by_cookie(login)), Errc::unavailable) << "it is asked again after a while";
}

TEST_F(AuthenticatorTest, AnUnknownCookieIsRefusedFromMemoryForAWhile) {
    const std::string unknown(43, 'a');
    EXPECT_EQ(
        code_of(run_task(authenticator_.authenticate_cookie(unknown))), Errc::unauthenticated
    );
    store_.fail_with(Error{Errc::unavailable, "disk"});
    EXPECT_EQ(
        code_of(run_task(authenticator_.authenticate_cookie(unknown))), Errc::unauthenticated
    );
    clock_.advance(config_.negative_life);
    EXPECT_EQ(code_of(run_task(authenticator_.authenticate_cookie(unknown))), Errc::unavailable);
}

TEST_F(AuthenticatorTest, ALogoutIsFinalAndToldAtOnce) {
    add("ann");
    auto login = this->login("ann");
    auto other = this->login("ann");
    ASSERT_TRUE(by_cookie(login));
    ASSERT_TRUE(run_task(authenticator_.logout(login.caller.login_id)));
    EXPECT_EQ(code_of(by_cookie(login)), Errc::unauthenticated);
    clock_.advance(std::chrono::minutes{5});
    EXPECT_EQ(code_of(by_cookie(login)), Errc::unauthenticated);
    EXPECT_TRUE(was_revoked(login.caller.login_id));
    EXPECT_FALSE(was_revoked(other.caller.login_id));
    EXPECT_TRUE(by_cookie(other));
}

TEST_F(AuthenticatorTest, ALogoutThatTheStoreDidNotTakeIsAnError) {
    add("ann");
    auto login = this->login("ann");
    ASSERT_TRUE(by_cookie(login));
    store_.fail_with(Error{Errc::unavailable, "disk"});
    EXPECT_EQ(code_of(run_task(authenticator_.logout(login.caller.login_id))), Errc::unavailable);
    EXPECT_EQ(code_of(by_cookie(login)), Errc::unavailable) << "memory does not answer for it";
    EXPECT_TRUE(was_revoked(login.caller.login_id));
}

TEST_F(AuthenticatorTest, ALoginEndsAfterItsLifeEvenInUse) {
    add("ann");
    auto login = this->login("ann");
    EXPECT_EQ(config_.login_life, std::chrono::hours{12});
    for (auto used = std::chrono::minutes{20}; used < config_.login_life; used += std::chrono::minutes{20}) {
        clock_.advance(std::chrono::minutes{20});
        ASSERT_TRUE(by_cookie(login)) << used.count();
        ASSERT_TRUE(run_task(authenticator_.maintain()));
    }
    clock_.advance(std::chrono::minutes{20});
    EXPECT_EQ(code_of(by_cookie(login)), Errc::unauthenticated);
    ASSERT_TRUE(run_task(authenticator_.maintain()));
    EXPECT_FALSE(*run_task(store_.credentials().find_by_hash(login.caller.login_id)));
}

TEST_F(AuthenticatorTest, ALoginEndsAfterHalfAnHourWithoutUse) {
    add("ann");
    auto login = this->login("ann");
    EXPECT_EQ(config_.login_idle, std::chrono::minutes{30});
    clock_.advance(config_.login_idle - Milliseconds{1});
    EXPECT_TRUE(by_cookie(login));
    clock_.advance(config_.login_idle);
    EXPECT_EQ(code_of(by_cookie(login)), Errc::unauthenticated);
    EXPECT_FALSE(was_revoked(login.caller.login_id)) << "its tunnels are not cut for that";
}

// What an open event stream does: it asks again with every heartbeat, mostly from memory.
TEST_F(AuthenticatorTest, AskingAgainAndAgainIsUse) {
    add("ann");
    auto login = this->login("ann");
    for (auto open = Seconds{0}; open < config_.login_life - Seconds{15}; open += Seconds{15}) {
        clock_.advance(Seconds{15});
        ASSERT_TRUE(by_cookie(login)) << open.count();
    }
}

TEST_F(AuthenticatorTest, UseIsRememberedAcrossARestart) {
    add("ann");
    auto login = this->login("ann");
    clock_.advance(std::chrono::minutes{29});
    ASSERT_TRUE(by_cookie(login));
    ASSERT_TRUE(run_task(authenticator_.maintain()));
    clock_.advance(std::chrono::minutes{29});
    Authenticator restarted{parts_, config_};
    EXPECT_TRUE(run_task(restarted.authenticate_cookie(std::string{login.cookie.reveal()})));
}

TEST_F(AuthenticatorTest, AShortIdleTimeIsStoredOftenEnoughForARestart) {
    config_.login_idle = Seconds{60};
    Authenticator before{parts_, config_};
    add("ann");
    auto login = this->login("ann");
    auto value = [&] { return std::string{login.cookie.reveal()}; };
    for (int i = 0; i < 8; ++i) {
        clock_.advance(Seconds{20});
        ASSERT_TRUE(run_task(before.authenticate_cookie(value()))) << i;
        ASSERT_TRUE(run_task(before.maintain()));
    }
    clock_.advance(Seconds{20});
    Authenticator after{parts_, config_};
    EXPECT_TRUE(run_task(after.authenticate_cookie(value())));
}

TEST_F(AuthenticatorTest, LastUsesAreStoredSparingly) {
    add("ann");
    auto login = this->login("ann");
    auto stored = [&] {
        return run_task(store_.credentials().find_by_hash(login.caller.login_id))
            ->value()
            .last_used_at;
    };
    clock_.advance(Seconds{200});
    ASSERT_TRUE(by_cookie(login));
    ASSERT_TRUE(run_task(authenticator_.maintain()));
    EXPECT_FALSE(stored());
    clock_.advance(Seconds{100});
    ASSERT_TRUE(by_cookie(login));
    ASSERT_TRUE(run_task(authenticator_.maintain()));
    EXPECT_EQ(stored(), clock_.now());
}

TEST_F(AuthenticatorTest, AnExpiredLoginIsReportedSoThatItsTunnelsEnd) {
    add("ann");
    auto login = this->login("ann");
    ASSERT_TRUE(by_cookie(login));
    clock_.advance(config_.login_life);
    ASSERT_TRUE(run_task(authenticator_.maintain()));
    EXPECT_TRUE(was_revoked(login.caller.login_id));
}

TEST_F(AuthenticatorTest, ATokenIsNotACookieAndACookieIsNotAToken) {
    auto ann = add("ann");
    auto token = make_token(ann);
    auto login = this->login("ann");
    auto caller = by_token(token);
    ASSERT_TRUE(caller);
    EXPECT_FALSE(caller->by_cookie);
    EXPECT_TRUE(caller->scopes.contains("sessions"));
    EXPECT_EQ(caller->subject, ann.id.str());
    auto text = std::string{token.text.reveal()};
    EXPECT_EQ(code_of(run_task(authenticator_.authenticate_cookie(text))), Errc::unauthenticated);
    auto cookie = "brt_" + std::string{login.cookie.reveal()};
    EXPECT_EQ(code_of(run_task(authenticator_.authenticate_bearer(cookie))), Errc::unauthenticated);
}

TEST_F(AuthenticatorTest, AStoredTokenIsNoLoginEvenWithTheRightForm) {
    auto ann = add("ann");
    broker::Credential odd;
    odd.kind = broker::Credential::Kind::token;
    odd.id = "odd";
    odd.hash = crypto::sha256_hex(std::string(43, 'a'));
    odd.user = ann.id;
    odd.scopes = {"admin"};
    odd.created_at = clock_.now();
    ASSERT_TRUE(run_task(store_.credentials().insert(odd)));
    EXPECT_EQ(
        code_of(run_task(authenticator_.authenticate_cookie(std::string(43, 'a')))),
        Errc::unauthenticated
    );
}

TEST_F(AuthenticatorTest, AStoredTokenWithoutScopesMayNothing) {
    auto ann = add("ann");
    const auto text = "brt_" + std::string(43, 'a');
    broker::Credential odd;
    odd.kind = broker::Credential::Kind::token;
    odd.id = "odd";
    odd.hash = crypto::sha256_hex(text);
    odd.user = ann.id;
    odd.created_at = clock_.now();
    ASSERT_TRUE(run_task(store_.credentials().insert(odd)));
    EXPECT_EQ(code_of(run_task(authenticator_.authenticate_bearer(text))), Errc::unauthenticated);
}

TEST_F(AuthenticatorTest, TheOldHashIsReplacedWhenTheCostsHaveRisen) {
    auto ann = add("ann");
    auto dearer = cheap_hashes();
    dearer.passes = 2;
    crypto::PasswordHasher dear{dearer};
    Parts parts{store_.accounts(), store_.credentials(), dear, random_, clock_, turn_};
    Authenticator authenticator{parts, config_};
    auto sign_in = [&] {
        return run_task(
            authenticator.login("ann", Secret{good_password}, "::1", deadline_in(Seconds{20}))
        );
    };
    EXPECT_TRUE(sign_in());
    auto hash = run_task(store_.accounts().find(ann.id))->value().password_hash;
    EXPECT_NE(hash, ann.password_hash);
    EXPECT_FALSE(dear.needs_rehash(hash));
    EXPECT_TRUE(sign_in());
}

// A store in which something happens between the reading of a credential and the answer.
class SlowCredentials final : public broker::CredentialStore {
public:
    explicit SlowCredentials(broker::CredentialStore& inner)
        : inner_{inner} {}
    std::function<net::Task<Status>()> after_find;
    int finds = 0;

    net::Task<Status> insert(broker::Credential c) override { return inner_.insert(std::move(c)); }
    net::Task<Result<std::optional<broker::Credential>>> find_by_hash(std::string hash) override {
        ++finds;
        auto found = co_await inner_.find_by_hash(std::move(hash));
        if (auto hook = std::exchange(after_find, nullptr)) {
            auto status = co_await hook();
            EXPECT_TRUE(status);
        }
        co_return found;
    }
    net::Task<Result<std::vector<broker::Credential>>>
    list(UserId user, broker::Credential::Kind kind) override {
        return inner_.list(std::move(user), kind);
    }
    net::Task<Status> touch(std::string hash, TimePoint at) override {
        return inner_.touch(std::move(hash), at);
    }
    net::Task<Status> remove(std::string hash) override { return inner_.remove(std::move(hash)); }
    net::Task<Status> remove_all_of(UserId user) override {
        return inner_.remove_all_of(std::move(user));
    }
    net::Task<Result<int>> remove_expired(TimePoint now) override {
        return inner_.remove_expired(now);
    }

private:
    broker::CredentialStore& inner_;
};

TEST_F(AuthenticatorTest, ALogoutDuringALookupIsNotForgottenByIt) {
    add("ann");
    auto login = this->login("ann");
    SlowCredentials slow{store_.credentials()};
    Parts parts{store_.accounts(), slow, hasher_, random_, clock_, turn_};
    Authenticator authenticator{parts, config_};
    slow.after_find = [&] { return authenticator.logout(login.caller.login_id); };
    auto caller = run_task(authenticator.authenticate_cookie(std::string{login.cookie.reveal()}));
    EXPECT_EQ(code_of(caller), Errc::unauthenticated);
    EXPECT_EQ(slow.finds, 2) << "what was read before the logout is not believed";
}

TEST_F(AuthenticatorTest, AccountsDisabledWhileTheirPasswordIsHashedDoNotGetALogin) {
    auto ann = add("ann");
    add("root", Role::admin);
    boost::asio::io_context context{1};
    std::optional<Result<Login>> outcome;
    auto task = authenticator_.login("ann", Secret{good_password}, "::1", deadline_in(Seconds{20}));
    boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr e, Result<Login> login) {
        ASSERT_FALSE(e);
        outcome = std::move(login);
    });
    // The login has read the account and waits for the hash before anything else runs here.
    auto account = ann;
    account.is_disabled = true;
    bool has_changed = false;
    while (!outcome && context.run_one_for(test::hard_limit) > 0) {
        if (!std::exchange(has_changed, true)) {
            ASSERT_TRUE(run_task(store_.accounts().update(account)));
        }
    }
    ASSERT_TRUE(outcome);
    EXPECT_EQ(code_of(*outcome), Errc::unauthenticated);
    EXPECT_TRUE(
        run_task(store_.credentials().list(ann.id, broker::Credential::Kind::login))->empty()
    );
}

} // namespace
} // namespace berth::identity
