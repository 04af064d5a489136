// SPDX-License-Identifier: Apache-2.0
#include "broker/start_budget.hpp"

#include <algorithm>
#include <cmath>

namespace berth::broker {

StartBudget::StartBudget(StartBudgetConfig config)
    : config_{config} {}

StartBudget::Bucket StartBudget::filled(Bucket bucket, TimePoint now) const {
    // A clock that went back gives nothing and takes nothing.
    auto passed = std::max(now - bucket.filled_at, Milliseconds{0});
    auto per_ms = static_cast<double>(config_.per_window) / static_cast<double>(Milliseconds{config_.window}.count());
    bucket.tokens = std::min(static_cast<double>(config_.burst), bucket.tokens + per_ms * static_cast<double>(passed.count()));
    bucket.filled_at = now;
    return bucket;
}

std::optional<Seconds> StartBudget::take(const std::string& realm, const std::string& subject, TimePoint now) {
    if (config_.burst <= 0) return std::nullopt;
    if (buckets_.size() >= forget_at_) {
        std::erase_if(buckets_, [&](const auto& one) { return filled(one.second, now).tokens >= config_.burst; });
        forget_at_ = std::max<std::size_t>(1024, 2 * buckets_.size());
    }
    auto [place, is_new] = buckets_.try_emplace({realm, subject});
    auto& bucket = place->second;
    if (is_new) {
        bucket.tokens = config_.burst;
        bucket.filled_at = now;
    }
    bucket = filled(bucket, now);
    if (bucket.tokens >= 1) {
        bucket.tokens -= 1;
        return std::nullopt;
    }
    auto per_token = static_cast<double>(config_.window.count()) / std::max(1, config_.per_window);
    return Seconds{std::max(1L, std::lround(std::ceil((1 - bucket.tokens) * per_token)))};
}

void StartBudget::give_back(const std::string& realm, const std::string& subject) {
    auto known = buckets_.find({realm, subject});
    if (known != buckets_.end()) known->second.tokens = std::min<double>(config_.burst, known->second.tokens + 1);
}

} // namespace berth::broker
