// SPDX-License-Identifier: Apache-2.0
#include "broker/queue_forecast.hpp"

#include <algorithm>
#include <cmath>

namespace berth::broker {

std::string_view name_of(WaitReason reason) noexcept {
    switch (reason) {
    case WaitReason::busy: return "busy";
    case WaitReason::all_full: return "all_full";
    case WaitReason::no_host: return "no_host";
    case WaitReason::pulling: return "pulling";
    }
    return "busy";
}

Forecast forecast(const Prospect& prospect, int position, TimePoint now) {
    Forecast answer;
    if (prospect.hosts.empty()) {
        answer.reason = WaitReason::no_host;
        return answer;
    }
    std::optional<Seconds> by_pace;
    if (prospect.per_second > 0)
        by_pace = Seconds{static_cast<long>(std::ceil(position / prospect.per_second))};
    auto beyond = prospect.free_places ? position - std::max(0L, *prospect.free_places) : 0L;
    if (beyond <= 0) {
        answer.estimate = by_pace;
        return answer;
    }
    answer.reason = WaitReason::all_full;
    if (static_cast<std::size_t>(beyond) > prospect.ends.size()) return answer;
    auto until = std::chrono::ceil<Seconds>(prospect.ends[static_cast<std::size_t>(beyond) - 1] - now);
    answer.estimate = std::max({until, by_pace.value_or(Seconds{0}), Seconds{1}});
    return answer;
}

bool overlap(const Prospect& a, const Prospect& b) {
    auto left = a.hosts.begin();
    auto right = b.hosts.begin();
    while (left != a.hosts.end() && right != b.hosts.end()) {
        if (*left == *right) return true;
        if (*left < *right) ++left;
        else ++right;
    }
    return false;
}

} // namespace berth::broker
