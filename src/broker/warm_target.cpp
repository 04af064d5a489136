// SPDX-License-Identifier: Apache-2.0
#include "broker/warm_target.hpp"

#include "base/limits.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace berth::broker {
namespace {

constexpr std::chrono::minutes window{1};

} // namespace

// ---- how many -------------------------------------------------------------------------------------

void WarmDemand::asked(Now now) {
    while (!minute_.empty() && (minute_.front() + window <= now || minute_.size() >= limits::sessions_queued)) minute_.pop_front();
    minute_.push_back(now);
    auto count = static_cast<double>(minute_.size());
    if (count < peak(now)) return;
    peak_ = count;
    peak_at_ = now;
}

double WarmDemand::peak(Now now) const {
    auto age = std::chrono::duration<double>(now - peak_at_) / std::chrono::duration<double>(limits::warm_half_life);
    return peak_ * std::exp2(-age);
}

int warm_target(const WarmSituation& now) noexcept {
    auto wanted = std::clamp<long>(std::lround(now.demand), now.min, std::max(now.min, now.max));
    if (now.startable) wanted = std::min(wanted, std::max(0L, *now.startable));
    if (now.free_places) wanted = std::min(wanted, now.have + std::max(0L, *now.free_places));
    return static_cast<int>(wanted);
}

// ---- whose place ----------------------------------------------------------------------------------

namespace {

using placement::Fit;
using placement::Host;
using placement::Need;

void leave(Host& host, const WarmPlace& one) {
    --host.used;
    host.committed_memory -= one.memory_bytes;
    host.committed_nano_cpus -= one.nano_cpus;
}

void enter(Host& host, const Need& need) {
    ++host.used;
    host.committed_memory += need.memory_bytes;
    host.committed_nano_cpus += need.nano_cpus;
}

bool has_room(const Host& host, const Need& need) {
    auto fit = placement::fit_of(host, need);
    return fit == Fit::free || fit == Fit::busy;
}

// One host as it will be, and the warm sessions there in the order in which they are given up.
struct Prospective {
    Host host;
    std::vector<WarmPlace> warm;
};

// How many from the front must go until the need has room there; nothing when all would not do.
std::optional<std::size_t> price(const Prospective& one, const Need& need) {
    auto host = one.host;
    for (std::size_t count = 0; count < one.warm.size(); ++count) {
        leave(host, one.warm[count]);
        if (has_room(host, need)) return count + 1;
    }
    return std::nullopt;
}

std::map<HostId, Prospective> prospects(
    const std::vector<const Host*>& hosts, const Need& need, std::vector<WarmPlace> warm
) {
    auto has_files = [&](const Host* host) {
        return std::ranges::any_of(need.volumes, [&](const auto& name) { return host->volumes.contains(name); });
    };
    auto is_bound = std::ranges::any_of(hosts, has_files);
    std::map<HostId, Prospective> list;
    for (const auto* host : hosts) {
        if (is_bound && !has_files(host)) continue;
        if (placement::fit_of(*host, need) != Fit::never) list[host->id].host = *host;
    }
    std::ranges::sort(warm, [](const WarmPlace& a, const WarmPlace& b) {
        if (a.is_spare != b.is_spare) return a.is_spare;
        return a.since != b.since ? a.since > b.since : a.session < b.session;
    });
    for (auto& one : warm) {
        auto found = list.find(one.host);
        if (found == list.end()) continue;
        if (one.is_going) leave(found->second.host, one);
        else found->second.warm.push_back(std::move(one));
    }
    return list;
}

// The host where the fewest have to go.
Prospective* cheapest(std::map<HostId, Prospective>& list, const Need& need, std::size_t& cost) {
    Prospective* best = nullptr;
    for (auto& [id, one] : list) {
        auto count = price(one, need);
        if (!count || (best && *count >= cost)) continue;
        best = &one;
        cost = *count;
    }
    return best;
}

} // namespace

std::vector<SessionId> give_up_for(
    const std::vector<const Host*>& hosts, const Need& need, std::vector<WarmPlace> warm, int waiting
) {
    std::vector<SessionId> given_up;
    auto list = prospects(hosts, need, std::move(warm));
    for (int person = 0; person < waiting; ++person) {
        auto open = std::ranges::find_if(list, [&](const auto& one) { return has_room(one.second.host, need); });
        if (open != list.end()) {
            enter(open->second.host, need);
            continue;
        }
        std::size_t cost = 0;
        auto* one = cheapest(list, need, cost);
        if (!one) return given_up;
        for (std::size_t i = 0; i < cost; ++i) {
            leave(one->host, one->warm[i]);
            given_up.push_back(one->warm[i].session);
        }
        one->warm.erase(one->warm.begin(), one->warm.begin() + static_cast<std::ptrdiff_t>(cost));
        enter(one->host, need);
    }
    return given_up;
}

} // namespace berth::broker
