// SPDX-License-Identifier: Apache-2.0
#include "broker/host_slot.hpp"

#include "broker/host_registry.hpp"

#include <utility>

namespace berth::broker {

HostLoad load_of(const session::Spec& spec) {
    HostLoad load;
    load.memory_bytes = spec.memory_bytes;
    load.nano_cpus = spec.nano_cpus;
    for (const auto& [name, path] : spec.volumes) load.volumes.insert(name);
    return load;
}

HostLoad load_of(const placement::Need& need) {
    HostLoad load;
    load.memory_bytes = need.memory_bytes;
    load.nano_cpus = need.nano_cpus;
    load.volumes = need.volumes;
    return load;
}

HostSlot::HostSlot(HostRegistry& hosts, HostId host, bool is_creating, HostLoad load)
    : hosts_{&hosts}
    , host_{std::move(host)}
    , load_{std::move(load)}
    , is_creating_{is_creating} {
    hosts_->occupy(host_, load_, is_creating_);
}

HostSlot::HostSlot(HostSlot&& other) noexcept
    : hosts_{std::exchange(other.hosts_, nullptr)}
    , host_{std::move(other.host_)}
    , load_{std::move(other.load_)}
    , is_creating_{std::exchange(other.is_creating_, false)} {}

HostSlot& HostSlot::operator=(HostSlot&& other) noexcept {
    if (this != &other) {
        release();
        hosts_ = std::exchange(other.hosts_, nullptr);
        host_ = std::move(other.host_);
        load_ = std::move(other.load_);
        is_creating_ = std::exchange(other.is_creating_, false);
    }
    return *this;
}

HostSlot::~HostSlot() { release(); }

void HostSlot::creation_done() {
    if (hosts_ && std::exchange(is_creating_, false)) hosts_->creation_done(host_);
}

void HostSlot::release() {
    creation_done();
    if (auto* hosts = std::exchange(hosts_, nullptr)) hosts->release(host_, load_);
}

} // namespace berth::broker
