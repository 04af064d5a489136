// SPDX-License-Identifier: Apache-2.0
#pragma once
// Slows password guessing down without locking the rightful person out (threat T-06). Three
// counters, charged by failures only:
//  - one account from one address: a few free failures, then a delay that doubles;
//  - one address, whatever the account: a token bucket;
//  - one account, whatever the address: a wider token bucket against many addresses at once.
// Where an account has signed in before from an address, it pays into neither bucket but into a
// wider one of that address: a school behind one address goes on after a morning of typing errors.
// Core thread only; memory is bounded.

#include "base/error.hpp"
#include "base/time.hpp"
#include "identity/lru_map.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::identity {

struct LoginLimits {
    // Failures of one account from one address that cost nothing.
    int free_failures = 5;
    // The first delay after them; each further failure doubles it.
    Seconds first_delay{1};
    // The longest delay.
    Seconds longest_delay{300};
    // After so long without an attempt the failures are forgotten.
    Seconds forget_after{3600};
    // Failures per minute, and at once, from one address.
    double address_per_minute = 20;
    double address_burst = 10;
    // The same for accounts that have signed in from that address before.
    double known_per_minute = 120;
    double known_burst = 60;
    // Failures per minute, and at once, on one account from addresses it has not used before.
    double account_per_minute = 60;
    double account_burst = 60;
    // Entries kept of each kind.
    std::size_t longest = 10000;
};

class LoginLimiter {
public:
    LoginLimiter(LoginLimits limits, const Clock& clock);

    // One attempt that may go on. It was charged as a failure; one of the two calls gives it back.
    class [[nodiscard]] Attempt {
    public:
        Attempt() = default;
        // The password was right: forget this account's failures from there.
        void succeeded();
        // Nothing was verified (database, queue, cancelled): as if it had not been.
        void withdrawn();

    private:
        friend class LoginLimiter;
        LoginLimiter* limiter_ = nullptr;
        std::string account_, address_;
        bool is_known_ = false;
    };

    // rate_limited with retry_after. Unknown accounts are counted like known ones.
    Result<Attempt> begin(std::string_view account, std::string_view peer_address);

private:
    struct Delay {
        int failures = 0;
        TimePoint next{};
        TimePoint last{};
    };
    struct Bucket {
        double tokens = 0;
        TimePoint at{};
    };
    struct Rate {
        double per_minute, burst;
    };
    Bucket& refilled(LruMap<Bucket>& buckets, const std::string& key, Rate rate);
    static int wait_of(const Bucket& bucket, Rate rate);
    Milliseconds delay_after(int failures) const;
    void give_back(const Attempt& attempt);
    static std::string bucket_of(const Attempt& attempt);
    Rate address_rate(const Attempt& attempt) const;
    Rate account_rate() const { return {limits_.account_per_minute, limits_.account_burst}; }

    LoginLimits limits_;
    const Clock& clock_;
    LruMap<Delay> delays_;     // by account and address
    LruMap<Bucket> addresses_; // two of an address: its own, and that of accounts known there
    LruMap<Bucket> accounts_;
    LruMap<bool> known_; // account and address of past successes
};

} // namespace berth::identity
