// SPDX-License-Identifier: Apache-2.0
#include "identity/login_limiter.hpp"

#include "identity/names.hpp"

#include <algorithm>
#include <cmath>

namespace berth::identity {
namespace {

// A space is in neither of them.
std::string pair_of(const std::string& account, const std::string& address) {
    return account + " " + address;
}

int seconds_up(Milliseconds span) {
    return static_cast<int>(std::max<std::int64_t>(1, (span.count() + 999) / 1000));
}

} // namespace

LoginLimiter::LoginLimiter(LoginLimits limits, const Clock& clock)
    : limits_{limits}
    , clock_{clock}
    , delays_{limits.longest}
    , addresses_{limits.longest}
    , accounts_{limits.longest}
    , known_{limits.longest} {}

LoginLimiter::Bucket&
LoginLimiter::refilled(LruMap<Bucket>& buckets, const std::string& key, Rate rate) {
    const auto now = clock_.now();
    auto* bucket = buckets.find(key);
    if (bucket == nullptr) return buckets.put(key, Bucket{rate.burst, now});
    // A clock that went back refills nothing.
    const auto passed = std::max(Milliseconds{0}, now - bucket->at);
    const double added = static_cast<double>(passed.count()) / 60000.0 * rate.per_minute;
    bucket->tokens = std::min(rate.burst, bucket->tokens + added);
    bucket->at = now;
    return *bucket;
}

int LoginLimiter::wait_of(const Bucket& bucket, Rate rate) {
    if (bucket.tokens >= 1) return 0;
    return std::max(1, static_cast<int>(std::ceil((1 - bucket.tokens) * 60 / rate.per_minute)));
}

Milliseconds LoginLimiter::delay_after(int failures) const {
    const int beyond = failures - limits_.free_failures;
    if (beyond < 0) return Milliseconds{0};
    const auto doubled = limits_.first_delay * (std::int64_t{1} << std::min(beyond, 30));
    return std::min(doubled, limits_.longest_delay);
}

std::string LoginLimiter::bucket_of(const Attempt& attempt) {
    return attempt.is_known_ ? attempt.address_ + " known" : attempt.address_;
}

LoginLimiter::Rate LoginLimiter::address_rate(const Attempt& attempt) const {
    if (attempt.is_known_) return {limits_.known_per_minute, limits_.known_burst};
    return {limits_.address_per_minute, limits_.address_burst};
}

Result<LoginLimiter::Attempt>
LoginLimiter::begin(std::string_view account, std::string_view peer_address) {
    const auto now = clock_.now();
    Attempt attempt;
    attempt.limiter_ = this;
    attempt.account_ = lower(account.substr(0, 64));
    attempt.address_ = address_block(peer_address);
    const auto pair = pair_of(attempt.account_, attempt.address_);
    attempt.is_known_ = known_.find(pair) != nullptr;

    Delay delay;
    if (const auto* known = delays_.find(pair); known && now < known->last + limits_.forget_after)
        delay = *known;
    int wait = now < delay.next ? seconds_up(delay.next - now) : 0;
    auto& address = refilled(addresses_, bucket_of(attempt), address_rate(attempt));
    wait = std::max(wait, wait_of(address, address_rate(attempt)));
    auto& everywhere = refilled(accounts_, attempt.account_, account_rate());
    if (!attempt.is_known_) wait = std::max(wait, wait_of(everywhere, account_rate()));
    if (wait > 0) return Error{Errc::rate_limited, "too many sign-ins"}.with_retry_after(wait);

    ++delay.failures;
    delay.next = now + delay_after(delay.failures);
    delay.last = now;
    delays_.put(pair, delay);
    address.tokens -= 1;
    if (!attempt.is_known_) everywhere.tokens -= 1;
    return attempt;
}

void LoginLimiter::give_back(const Attempt& attempt) {
    if (auto* address = addresses_.find(bucket_of(attempt))) address->tokens += 1;
    if (attempt.is_known_) return;
    if (auto* account = accounts_.find(attempt.account_)) account->tokens += 1;
}

void LoginLimiter::Attempt::succeeded() {
    if (limiter_ == nullptr) return;
    limiter_->give_back(*this);
    const auto pair = pair_of(account_, address_);
    limiter_->delays_.erase(pair);
    limiter_->known_.put(pair, true);
    limiter_ = nullptr;
}

void LoginLimiter::Attempt::withdrawn() {
    if (limiter_ == nullptr) return;
    limiter_->give_back(*this);
    if (auto* delay = limiter_->delays_.find(pair_of(account_, address_))) {
        delay->failures = std::max(0, delay->failures - 1);
        delay->next = delay->last;
    }
    limiter_ = nullptr;
}

} // namespace berth::identity
