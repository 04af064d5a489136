// SPDX-License-Identifier: Apache-2.0
#include "access/ticket.hpp"

#include "base/limits.hpp"

#include <algorithm>
#include <utility>

namespace berth::access {

TicketBook::TicketBook(RandomSource& random, std::size_t longest)
    : random_{random}
    , longest_{longest} {}

Ticket TicketBook::issue(Grant grant, TimePoint now) {
    std::erase_if(open_, [now](const auto& item) { return item.second.expires_at <= now; });
    while (!open_.empty() && open_.size() >= longest_) {
        open_.erase(std::min_element(open_.begin(), open_.end(), [](const auto& a, const auto& b) {
            return a.second.order < b.second.order;
        }));
    }
    Ticket ticket{make_token(random_, 32), now + limits::ticket_life};
    open_.insert_or_assign(ticket.text, Entry{std::move(grant), ticket.expires_at, next_order_++});
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
