// SPDX-License-Identifier: Apache-2.0
#include "broker/start_meter.hpp"

#include <algorithm>

namespace berth::broker {
namespace {

constexpr double fading = 0.95; // what is left of the past after one more creation

} // namespace

StartMeter::StartMeter(const Clock& clock, HostRegistry& hosts)
    : clock_{clock}
    , hosts_{hosts} {}

StartMeter::Meter& StartMeter::meter_of(const HostId& host) {
    auto known = meters_.find(host);
    if (known == meters_.end()) {
        // Hosts that are gone make room here, since new ones come only now and then.
        std::erase_if(meters_, [&](const auto& one) { return one.second.in_flight == 0 && !hosts_.find(one.first); });
        known = meters_.emplace(host, Meter{placement::Pace{hosts_.most_creating(host)}}).first;
    }
    return known->second;
}

void StartMeter::began(const HostId& host) {
    auto& meter = meter_of(host);
    if (meter.in_flight++ == 0) meter.busy_since = clock_.now();
}

void StartMeter::ended(const HostId& host, std::optional<Milliseconds> took) {
    auto& meter = meter_of(host);
    auto now = clock_.now();
    meter.busy_ms = fading * meter.busy_ms + static_cast<double>(std::max(now - meter.busy_since, Milliseconds{0}).count());
    meter.busy_since = now;
    meter.finished = fading * meter.finished + 1;
    if (took) {
        meter.pace.set_most(hosts_.most_creating(host));
        meter.pace.note(*took, meter.in_flight);
        hosts_.set_creating_limit(host, meter.pace.limit());
    }
    meter.in_flight = std::max(0, meter.in_flight - 1);
}

double StartMeter::per_second(const HostId& host) const {
    auto known = meters_.find(host);
    if (known == meters_.end() || known->second.finished == 0) return 0;
    return known->second.finished * 1000.0 / std::max(1.0, known->second.busy_ms);
}

} // namespace berth::broker
