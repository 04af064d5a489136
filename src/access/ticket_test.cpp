// SPDX-License-Identifier: Apache-2.0
#include "access/ticket.hpp"
#include "base/limits.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace berth::access {
namespace {

class CountingSource final : public RandomSource {
public:
    void fill(void* data, std::size_t size) override {
        auto* bytes = static_cast<unsigned char*>(data);
        for (std::size_t i = 0; i < size; ++i)
            bytes[i] = 0;
        for (std::size_t i = 0; i < sizeof next_ && i < size; ++i)
            bytes[i] = static_cast<unsigned char>(next_ >> (8 * i));
        ++next_;
    }

private:
    std::uint64_t next_ = 0;
};

const TimePoint noon{Milliseconds{1'763'900'000'000}};

Grant grant_for(std::string login) {
    Grant grant;
    grant.session = SessionId{"aaaaaaaaaaaaaaaaaaaaaaaaaa"};
    grant.endpoint = "desktop";
    grant.rights = session::Rights::control;
    grant.caller.login_id = std::move(login);
    return grant;
}

TEST(TicketBook, GivesTheGrantExactlyOnce) {
    CountingSource random;
    TicketBook book{random};
    auto ticket = book.issue(grant_for("a"), noon);
    auto first = book.redeem(ticket.text, noon);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->endpoint, "desktop");
    EXPECT_EQ(first->rights, session::Rights::control);
    EXPECT_EQ(first->caller.login_id, "a");
    auto second = book.redeem(ticket.text, noon);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Errc::ticket_spent);
}

TEST(TicketBook, ATicketCarries256Bits) {
    CountingSource random;
    TicketBook book{random};
    EXPECT_EQ(book.issue(grant_for("a"), noon).text.size(), 43U);
}

TEST(TicketBook, IsOverAtTheEndOfItsLifeAndNotBefore) {
    CountingSource random;
    TicketBook book{random};
    auto early = book.issue(grant_for("a"), noon);
    auto late = book.issue(grant_for("a"), noon);
    EXPECT_EQ(early.expires_at, noon + limits::ticket_life);
    EXPECT_TRUE(book.redeem(early.text, early.expires_at - Milliseconds{1}));
    EXPECT_FALSE(book.redeem(late.text, late.expires_at));
}

TEST(TicketBook, AnswersUnknownUsedAndExpiredAlike) {
    CountingSource random;
    TicketBook book{random};
    auto used = book.issue(grant_for("a"), noon);
    auto expired = book.issue(grant_for("a"), noon);
    ASSERT_TRUE(book.redeem(used.text, noon));
    auto later = noon + limits::ticket_life;
    for (const auto& text : {std::string{}, std::string{"never issued"}, used.text, expired.text}) {
        auto answer = book.redeem(text, later);
        ASSERT_FALSE(answer) << text;
        EXPECT_EQ(describe(answer.error()), "ticket_spent: ticket unknown, used or expired");
    }
}

TEST(TicketBook, DropsTheOldestWhenItIsFull) {
    CountingSource random;
    TicketBook book{random, 3};
    std::vector<Ticket> tickets;
    for (int i = 0; i < 5; ++i)
        tickets.push_back(book.issue(grant_for("a"), noon));
    EXPECT_FALSE(book.redeem(tickets[0].text, noon));
    EXPECT_FALSE(book.redeem(tickets[1].text, noon));
    for (int i = 2; i < 5; ++i)
        EXPECT_TRUE(book.redeem(tickets[static_cast<std::size_t>(i)].text, noon));
}

TEST(TicketBook, ExpiredTicketsMakeRoomBeforeAnOpenOneGoes) {
    CountingSource random;
    TicketBook book{random, 2};
    book.issue(grant_for("a"), noon);
    auto open = book.issue(grant_for("a"), noon + Seconds{20});
    auto newest = book.issue(grant_for("a"), noon + limits::ticket_life);
    EXPECT_TRUE(book.redeem(open.text, noon + limits::ticket_life));
    EXPECT_TRUE(book.redeem(newest.text, noon + limits::ticket_life));
}

TEST(TicketBook, ALogoutTakesTheTicketsOfThatLoginOnly) {
    CountingSource random;
    TicketBook book{random};
    auto mine = book.issue(grant_for("a"), noon);
    auto other = book.issue(grant_for("b"), noon);
    book.revoke_login("a");
    EXPECT_FALSE(book.redeem(mine.text, noon));
    EXPECT_TRUE(book.redeem(other.text, noon));
}

} // namespace
} // namespace berth::access
