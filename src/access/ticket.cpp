// SPDX-License-Identifier: Apache-2.0
#include "access/ticket.hpp"

#include "base/limits.hpp"

#include <utility>

namespace berth::access {

TicketBook::TicketBook(RandomSource& random, std::size_t longest)
    : random_{random}
    , longest_{longest} {}

Ticket TicketBook::issue(Grant grant, TimePoint now) {
    while (!issued_.empty() && (issued_.front().first <= now || open_.size() >= longest_)) {
        open_.erase(issued_.front().second);
        issued_.pop_front();
    }
    Ticket ticket{make_token(random_, 32), now + limits::ticket_life};
    open_.insert_or_assign(ticket.text, Entry{std::move(grant), ticket.expires_at});
    issued_.emplace_back(ticket.expires_at, ticket.text);
    return ticket;
}

Result<Grant> TicketBook::redeem(std::string_view text, TimePoint now) {
    // One answer for unknown, used and expired: the caller learns nothing from the difference.
    const auto spent = [] { return Error{Errc::ticket_spent, "ticket unknown, used or expired"}; };
    auto found = open_.find(std::string{text});
    if (found == open_.end()) return spent();
    auto entry = std::move(found->second);
    open_.erase(found);
    if (entry.expires_at <= now) return spent();
    return std::move(entry.grant);
}

void TicketBook::revoke_login(std::string_view login_id) {
    std::erase_if(open_, [login_id](const auto& item) {
        return item.second.grant.caller.login_id == login_id;
    });
}

} // namespace berth::access
