// SPDX-License-Identifier: Apache-2.0
#pragma once
// One-time tickets: the right to open one tunnel, once, within limits::ticket_life.

#include "access/policy.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "session/machine.hpp"

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>

namespace berth::access {

struct Grant {
    SessionId session;
    std::string endpoint;
    session::Rights rights = session::Rights::view;
    Caller caller;
};

struct Ticket {
    std::string text; // 256 random bits; given to the browser once, kept here as a key only
    TimePoint expires_at;
};

// Core thread only. Memory is bounded: expired tickets are dropped at each issue, and beyond
// `longest` open tickets the oldest goes.
class TicketBook {
public:
    explicit TicketBook(RandomSource& random, std::size_t longest = 10000);
    Ticket issue(Grant grant, TimePoint now);
    // The grant, exactly once; ticket_spent for unknown, used and expired alike.
    Result<Grant> redeem(std::string_view text, TimePoint now);
    // Drops what was granted to that login (logout, disable).
    void revoke_login(std::string_view login_id);

private:
    struct Entry {
        Grant grant;
        TimePoint expires_at;
    };
    RandomSource& random_;
    std::size_t longest_;
    std::unordered_map<std::string, Entry> open_;
    // In order of issue, which is the order of expiry; may name tickets that are gone.
    std::deque<std::pair<TimePoint, std::string>> issued_;
};

} // namespace berth::access
