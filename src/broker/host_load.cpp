// SPDX-License-Identifier: Apache-2.0
// How the registry's machines are loaded, and what keeps one that is up from being well.
#include "base/limits.hpp"
#include "base/log.hpp"
#include "broker/host_member.hpp"
#include "broker/host_registry.hpp"
#include "net/deadline.hpp"

#include <utility>

namespace berth::broker {

using Now = std::chrono::steady_clock;

namespace {

Concern full_disk(const MachineLoad& load) {
    constexpr std::int64_t mebibyte = std::int64_t{1} << 20;
    auto room = std::to_string((load.disk_total - load.disk_used) / mebibyte);
    return Concern{"disk_nearly_full", "its disk is nearly full, " + room + " MiB are left"};
}

Concern failing_starts(int count, const std::string& why) {
    return Concern{"starts_failing", "its last " + std::to_string(count) + " starts failed: " + why};
}

} // namespace

// One that does not tell is asked again after a while: its key may have got the right to run commands. One that
// never answered in time runs something else instead (ForceCommand).
net::Task<void> HostRegistry::keep_measuring(MemberPtr one) {
    for (;;) {
        while (one->health.state() != placement::HostState::up) {
            auto waiting = one->checked.wait_past(one->checked.count());
            co_await std::move(waiting);
        }
        auto engine = one->entry.engine;
        auto asking = engine->load(deadline_in(limits::load_read));
        auto limited = net::with_deadline(std::move(asking), deadline_in(limits::load_read));
        auto load = co_await std::move(limited);
        auto& loads = one->entry.loads;
        auto pause = health_.load_refused;
        if (load) {
            pause = loads.empty() ? health_.load_first : health_.load_interval;
            LoadSample sample;
            sample.at = clock_.now();
            sample.load = *load;
            sample.sessions = one->entry.view.used;
            loads.push_back(sample);
            if (loads.size() > limits::load_samples) loads.pop_front();
        } else {
            auto code = load.error().code();
            auto is_late = code == Errc::timed_out && !loads.empty();
            if (is_late || code == Errc::host_unreachable) pause = health_.load_interval;
            else loads.clear(); // it does not tell any more
            log("broker").debug("host_load host={} {}", one->entry.view.id.str(), log_safe(describe(load.error())));
        }
        refresh(*one);
        co_await net::sleep_for(pause);
    }
}

void HostRegistry::start_ended(const HostId& id, const Status& outcome) {
    auto one = member(id);
    if (!one) return;
    if (outcome) {
        one->failed_starts = 0;
    } else if (one->health.state() == placement::HostState::up) { // else its checks say it already
        ++one->failed_starts;
        one->start_failed_at = Now::now();
        one->start_failure = outcome.error().operator_text();
    }
    refresh(*one);
}

void HostRegistry::refresh_concerns(Member& one) {
    if (Now::now() - one.start_failed_at >= health_.failed_starts_kept) one.failed_starts = 0;
    std::vector<Concern> concerns;
    const auto& loads = one.entry.loads;
    if (!loads.empty() && is_disk_nearly_full(loads.back().load)) concerns.push_back(full_disk(loads.back().load));
    if (one.failed_starts >= limits::failed_starts) concerns.push_back(failing_starts(one.failed_starts, one.start_failure));
    auto was_well = one.entry.concerns.empty();
    one.entry.concerns = std::move(concerns);
    std::string text;
    for (const auto& concern : one.entry.concerns) text += (text.empty() ? "" : "; ") + concern.text;
    one.entry.view.concern = std::move(text);
    if (was_well == one.entry.concerns.empty()) return;
    const auto& id = one.entry.view.id;
    if (was_well) log("broker").warn("host_degraded host={} {}", id.str(), log_safe(one.entry.view.concern, 300));
    else log("broker").info("host_well_again host={}", id.str());
    sink_.host_changed(id);
}

} // namespace berth::broker
