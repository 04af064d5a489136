// SPDX-License-Identifier: Apache-2.0
#pragma once
// Counts what passes through the server.

#include "broker/pool_keeper.hpp"
#include "events/hub.hpp"
#include "gateway/gateway.hpp"
#include "http/listener.hpp"
#include "metrics/registry.hpp"

#include <map>
#include <utility>

namespace berth::server {

class Observer {
public:
    Observer(metrics::Registry& registry, const std::string& version);
    void request(const http::RequestRecord& record);
    // Gauges that are cheaper to ask than to keep; called before each exposition.
    void collect(const broker::RunnerRegistry& runners, const broker::HostRegistry& hosts,
                 const gateway::Gateway& gateway, const events::Hub& hub, const broker::StartQueue& queue);
    void collect(const http::Listener& listener);
    void collect(const gateway::Refusals& tunnels, const gateway::Refusals& web);
    void collect(const broker::PoolKeeper& pools);

private:
    metrics::Family<metrics::Counter> requests_;
    metrics::Family<metrics::Histogram> durations_;
    metrics::Family<metrics::Gauge> sessions_;
    metrics::Family<metrics::Gauge> host_up_;
    metrics::Family<metrics::Gauge> host_slots_;
    metrics::Family<metrics::Gauge> host_degraded_, host_load_;
    metrics::Family<metrics::Counter> refused_connections_;
    http::Refusals refused_before_;
    metrics::Family<metrics::Counter> refused_viewers_;
    metrics::Counter protocol_violations_;
    gateway::Refusals viewers_refused_before_;
    metrics::Family<metrics::Gauge> pool_sessions_, pool_target_;
    metrics::Family<metrics::Counter> pool_claims_;
    std::map<TemplateName, std::pair<std::uint64_t, std::uint64_t>> claims_before_; // hits, misses
    metrics::Gauge connections_;
    metrics::Gauge viewers_, subscribers_, queue_, broken_expectations_, failed_tasks_, dropped_streams_;
};

} // namespace berth::server
