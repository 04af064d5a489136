// SPDX-License-Identifier: Apache-2.0
#include "identity/accounts.hpp"
#include "identity/names.hpp"
#include "identity/test_people.hpp"

namespace berth::identity {
namespace {

using access::Role;
using AccountsTest = People;
using TokensTest = People;

TEST_F(AccountsTest, TheFirstAdministratorIsMadeOnce) {
    auto first = run_task(accounts_.ensure_first_admin(std::nullopt));
    ASSERT_TRUE(first && *first);
    EXPECT_EQ((*first)->username, "admin");
    const std::string password{(*first)->generated_password.reveal()};
    EXPECT_GE(password.size(), 16U);
    auto login = try_login("admin", password);
    ASSERT_TRUE(login);
    EXPECT_EQ(login->caller.role, Role::admin);
    auto again = run_task(accounts_.ensure_first_admin(Secret{"another password"}));
    ASSERT_TRUE(again);
    EXPECT_FALSE(*again);
    EXPECT_TRUE(try_login("admin", password)) << "an existing account keeps its password";
}

TEST_F(AccountsTest, TheFirstAdministratorsPasswordMayBeGiven) {
    auto first = run_task(accounts_.ensure_first_admin(Secret{good_password}));
    ASSERT_TRUE(first && *first);
    EXPECT_TRUE((*first)->generated_password.empty());
    EXPECT_TRUE(try_login("admin"));
}

TEST_F(AccountsTest, AShortFirstPasswordIsRefusedAndNobodyIsMade) {
    EXPECT_EQ(
        code_of(run_task(accounts_.ensure_first_admin(Secret{"short"}))), Errc::invalid_input
    );
    EXPECT_TRUE(run_task(accounts_.list())->empty());
}

TEST_F(AccountsTest, NamesAndPasswordsAreChecked) {
    auto add_with = [&](std::string name, std::string password) {
        return run_task(accounts_.add(std::move(name), Secret{std::move(password)}, Role::user));
    };
    for (const auto& name : {"", "a b", "../x", "a\n", "a'b"}) {
        auto refused = add_with(name, good_password);
        ASSERT_FALSE(refused) << name;
        ASSERT_EQ(refused.error().fields().size(), 1U);
        EXPECT_EQ(refused.error().fields()[0].pointer, "/username");
    }
    for (const auto& password :
         {std::string{}, std::string(7, 'x'), std::string(257, 'x'), std::string{"äöüß"}}) {
        auto refused = add_with("ann", password);
        ASSERT_FALSE(refused) << password;
        EXPECT_EQ(refused.error().fields()[0].pointer, "/password");
        EXPECT_EQ(describe(refused.error()).find("xxx"), std::string::npos);
    }
    EXPECT_TRUE(add_with("ann", std::string(8, 'x')));
    EXPECT_TRUE(add_with("bob", std::string(256, 'x')));
    EXPECT_TRUE(add_with("cleo", "äöüßäöüß"));
    EXPECT_EQ(code_of(add_with("ANN", good_password)), Errc::already_exists);
}

TEST_F(AccountsTest, ANewPasswordEndsAllLogins) {
    add("ann");
    auto login = this->login("ann");
    ASSERT_TRUE(by_cookie(login));
    ASSERT_TRUE(run_task(accounts_.set_password("ANN", Secret{"another password"})));
    EXPECT_EQ(code_of(by_cookie(login)), Errc::unauthenticated);
    EXPECT_TRUE(was_revoked(login.caller.login_id));
    EXPECT_EQ(code_of(try_login("ann")), Errc::unauthenticated);
    EXPECT_TRUE(try_login("ann", "another password"));
    EXPECT_EQ(
        code_of(run_task(accounts_.set_password("nobody", Secret{good_password}))), Errc::not_found
    );
}

TEST_F(AccountsTest, APersonsOwnChangeNeedsThePresentPasswordAndChangesTheCookie) {
    add("ann");
    auto here = login("ann");
    auto there = login("ann");
    auto change = [&](std::string current, std::string wanted) {
        return run_task(accounts_.change_own_password(
            here.caller, Secret{std::move(current)}, Secret{std::move(wanted)}, "192.0.2.1"
        ));
    };
    auto wrong = change("not it, sorry", "another password");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code(), Errc::forbidden);
    EXPECT_TRUE(by_cookie(there));
    auto weak = change(good_password, "short");
    ASSERT_FALSE(weak);
    EXPECT_EQ(weak.error().fields()[0].pointer, "/new_password");
    EXPECT_TRUE(by_cookie(here)) << "a refused change ends nothing";
    auto fresh = change(good_password, "another password");
    ASSERT_TRUE(fresh) << describe(fresh.error());
    EXPECT_TRUE(by_cookie(*fresh));
    EXPECT_EQ(fresh->caller.subject, here.caller.subject);
    EXPECT_EQ(fresh->expires_at, clock_.now() + config_.login_life);
    // Whoever had got hold of the old cookie is out, with what he had opened.
    EXPECT_EQ(code_of(by_cookie(here)), Errc::unauthenticated);
    EXPECT_TRUE(was_revoked(here.caller.login_id));
    EXPECT_EQ(code_of(by_cookie(there)), Errc::unauthenticated);
    EXPECT_FALSE(was_revoked(fresh->caller.login_id));
    EXPECT_TRUE(try_login("ann", "another password"));
}

TEST_F(AccountsTest, AStolenCookieCannotGuessThePasswordQuickly) {
    add("ann");
    auto stolen = login("ann");
    int verified = 0;
    for (int i = 0; i < 100; ++i) {
        auto guess = run_task(accounts_.change_own_password(
            stolen.caller, Secret{"guess"}, Secret{"another password"}, "192.0.2.1"
        ));
        if (code_of(guess) == Errc::forbidden) ++verified;
    }
    EXPECT_EQ(verified, 5);
}

TEST_F(AccountsTest, ADisabledPersonIsOutAtOnceWithEveryToken) {
    add("root", Role::admin);
    auto ann = add("ann");
    auto login = this->login("ann");
    auto token = make_token(ann);
    ASSERT_TRUE(by_cookie(login));
    ASSERT_TRUE(by_token(token));
    auto disabled = run_task(accounts_.disable("ann"));
    ASSERT_TRUE(disabled);
    EXPECT_TRUE(disabled->is_disabled);
    EXPECT_EQ(code_of(by_cookie(login)), Errc::unauthenticated);
    EXPECT_EQ(code_of(by_token(token)), Errc::unauthenticated);
    EXPECT_TRUE(was_revoked(login.caller.login_id));
    EXPECT_TRUE(was_revoked(token.token.hash));
    ASSERT_TRUE(run_task(accounts_.enable("ann")));
    EXPECT_EQ(code_of(by_cookie(login)), Errc::unauthenticated) << "a login does not come back";
    clock_.advance(config_.negative_life);
    EXPECT_TRUE(by_token(token)) << "a token does";
    EXPECT_TRUE(try_login("ann"));
}

TEST_F(AccountsTest, AnotherRoleCountsAtOnce) {
    add("root", Role::admin);
    auto ann = add("ann", Role::operator_);
    auto login = this->login("ann");
    auto token = make_token(ann);
    ASSERT_TRUE(by_cookie(login));
    ASSERT_EQ(by_token(token)->role, Role::operator_);
    ASSERT_TRUE(run_task(accounts_.set_role("ann", Role::user)));
    EXPECT_EQ(code_of(by_cookie(login)), Errc::unauthenticated);
    EXPECT_EQ(by_token(token)->role, Role::user);
    EXPECT_EQ(this->login("ann").caller.role, Role::user);
}

TEST_F(AccountsTest, TheLastAdministratorStays) {
    add("root", Role::admin);
    add("ann");
    EXPECT_EQ(code_of(run_task(accounts_.disable("root"))), Errc::conflict);
    EXPECT_EQ(code_of(run_task(accounts_.set_role("root", Role::user))), Errc::conflict);
    add("second", Role::admin);
    ASSERT_TRUE(run_task(accounts_.disable("second")));
    EXPECT_EQ(code_of(run_task(accounts_.disable("root"))), Errc::conflict)
        << "a disabled one does not count";
    ASSERT_TRUE(run_task(accounts_.enable("second")));
    EXPECT_TRUE(run_task(accounts_.set_role("root", Role::user)));
    EXPECT_TRUE(run_task(accounts_.disable("ann")));
}

TEST_F(AccountsTest, WhatDoesNotExistIsNotFound) {
    EXPECT_EQ(code_of(run_task(accounts_.disable("nobody"))), Errc::not_found);
    EXPECT_EQ(code_of(run_task(accounts_.enable("no body"))), Errc::not_found);
    EXPECT_EQ(code_of(run_task(accounts_.set_role("nobody", Role::user))), Errc::not_found);
    EXPECT_EQ(code_of(run_task(accounts_.find("nobody"))), Errc::not_found);
}

TEST_F(TokensTest, ATokenIsShownOnceAndListedWithoutItsText) {
    auto ann = add("ann");
    auto made =
        run_task(tokens_.create(ann.id, "ci", {"sessions:read", "sessions:read"}, Seconds{60}));
    ASSERT_TRUE(made);
    EXPECT_EQ(made->text.reveal().substr(0, 4), "brt_");
    EXPECT_EQ(made->text.reveal().size(), 47U);
    auto list = run_task(tokens_.list(ann.id));
    ASSERT_EQ(list->size(), 1U);
    EXPECT_EQ(list->front().name, "ci");
    EXPECT_EQ(list->front().scopes, std::vector<std::string>{"sessions:read"});
    EXPECT_NE(list->front().id, list->front().hash);
    ASSERT_TRUE(by_token(*made));
    clock_.advance(Seconds{60});
    EXPECT_EQ(code_of(by_token(*made)), Errc::unauthenticated);
}

TEST_F(TokensTest, BadRequestsNameEveryField) {
    auto ann = add("ann");
    auto refused = run_task(tokens_.create(ann.id, "No Name", {"everything"}, Seconds{0}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::invalid_input);
    EXPECT_EQ(refused.error().fields().size(), 3U);
    EXPECT_EQ(code_of(run_task(tokens_.create(ann.id, "ci", {}, {}))), Errc::invalid_input);
    EXPECT_EQ(
        code_of(run_task(tokens_.create(UserId{"nobody"}, "ci", {"admin"}, {}))), Errc::not_found
    );
}

TEST_F(TokensTest, ARemovedTokenIsRefusedAtOnceAndOthersCannotRemoveIt) {
    auto ann = add("ann");
    auto bob = add("bob");
    auto token = make_token(ann);
    ASSERT_TRUE(by_token(token));
    EXPECT_EQ(code_of(run_task(tokens_.remove(bob.id, token.token.id))), Errc::not_found);
    ASSERT_TRUE(by_token(token));
    ASSERT_TRUE(run_task(tokens_.remove(ann.id, token.token.id)));
    EXPECT_EQ(code_of(by_token(token)), Errc::unauthenticated);
    EXPECT_TRUE(was_revoked(token.token.hash));
    EXPECT_EQ(code_of(run_task(tokens_.remove(ann.id, token.token.id))), Errc::not_found);
}

TEST_F(TokensTest, ThereIsABound) {
    auto ann = add("ann");
    for (std::size_t i = 0; i < tokens_per_user; ++i)
        make_token(ann);
    EXPECT_EQ(code_of(run_task(tokens_.create(ann.id, "ci", {"admin"}, {}))), Errc::quota_exceeded);
}

} // namespace
} // namespace berth::identity
