// SPDX-License-Identifier: Apache-2.0
#include "server/observer.hpp"

#include "base/assert.hpp"
#include "net/task_scope.hpp"

#include <limits>
#include <map>
#include <set>

namespace berth::server {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

double ratio(std::int64_t part, std::int64_t whole) {
    return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : unknown;
}

metrics::Label state_label() {
    return {"state", {"queued", "creating", "starting", "probing", "ready", "stopping"}};
}

} // namespace

Observer::Observer(metrics::Registry& registry, const std::string& version)
    : requests_{registry.counters("berth_http_requests_total", "Answered HTTP requests.",
                                  {metrics::Label{"route", 64}, metrics::Label{"code", 64}})}
    , durations_{registry.histograms("berth_http_request_duration_seconds", "Time from the parsed head to the written answer.",
                                     {metrics::Label{"route", 64}}, metrics::request_seconds())}
    , sessions_{registry.gauges("berth_sessions", "Live sessions by template and state, without those of pools.",
                                {metrics::Label{"template", 64}, state_label()})}
    , host_up_{registry.gauges("berth_host_up", "1 when the host takes part, else 0.", {metrics::Label{"host", 512}})}
    , host_slots_{registry.gauges("berth_host_slots", "Places of a host.",
                                  {metrics::Label{"host", 512}, metrics::Label{"kind", {"used", "creating", "capacity"}}})}
    , host_degraded_{registry.gauges("berth_host_degraded", "1 when the host is up but taken last: its disk, its failed starts.", {metrics::Label{"host", 512}})}
    , host_load_{registry.gauges("berth_host_load_ratio", "How far the machine is used, 0 to 1; NaN where it does not tell.",
                                 {metrics::Label{"host", 512}, metrics::Label{"kind", {"cpu", "memory", "disk"}}})}
    , refused_connections_{registry.counters("berth_http_connections_refused_total", "Connections turned away at the public door.",
                                             {metrics::Label{"reason", {"full", "address", "descriptors"}}})}
    , refused_viewers_{registry.counters("berth_gateway_refused_total", "Tunnels and web endpoints that were not opened.",
                                         {metrics::Label{"reason", {gateway::refusal_names.begin(), gateway::refusal_names.end()}}})}
    , protocol_violations_{registry.counter("berth_gateway_protocol_violations_total", "Tunnels ended because the browser broke the protocol.")}
    , pool_sessions_{registry.gauges("berth_pool_sessions", "Sessions made ahead of time: ready to be claimed, or on their way.",
                                     {metrics::Label{"template", 64}, metrics::Label{"state", {"ready", "starting"}}})}
    , pool_target_{registry.gauges("berth_pool_target", "How many of them there should be now.", {metrics::Label{"template", 64}})}
    , pool_claims_{registry.counters("berth_pool_claims_total", "Starts of templates with a pool: one was ready, or none.",
                                     {metrics::Label{"template", 64}, metrics::Label{"result", {"hit", "miss"}}})}
    , connections_{registry.gauge("berth_http_connections", "Open connections at the public door.")}
    , viewers_{registry.gauge("berth_gateway_viewers", "Open tunnels.")}
    , subscribers_{registry.gauge("berth_event_streams", "Open event streams.")}
    , queue_{registry.gauge("berth_queue_length", "Sessions that wait for a place.")}
    , broken_expectations_{registry.gauge("berth_broken_expectations", "Expectations that did not hold; each is a defect.")}
    , failed_tasks_{registry.gauge("berth_failed_tasks", "Tasks that ended with an exception; each is a defect.")}
    , dropped_streams_{registry.gauge("berth_event_streams_dropped", "Event streams cut because their reader was too slow.")} {
    registry.gauges("berth_build_info", "1, with the version.", {metrics::Label{"version", 1}}).with({version}).set(1);
}

void Observer::request(const http::RequestRecord& record) {
    auto route = record.route.empty() ? std::string_view{"none"} : record.route;
    auto code = std::to_string(record.status);
    requests_.with({route, code}).add();
    durations_.with({route}).observe(static_cast<double>(record.duration.count()) / 1e6);
}

void Observer::collect(
    const broker::RunnerRegistry& runners, const broker::HostRegistry& hosts, const gateway::Gateway& gateway,
    const events::Hub& hub, const broker::StartQueue& queue
) {
    std::map<std::pair<std::string, std::string>, int> counts;
    std::set<std::string> templates;
    for (const auto& runner : runners.all()) {
        const auto& s = runner->session();
        if (!s.pool.empty()) continue;
        templates.insert(s.template_name.str());
        ++counts[{s.template_name.str(), std::string{session::name_of(s.state)}}];
    }
    for (const auto& name : templates) {
        for (auto state : {"queued", "creating", "starting", "probing", "ready", "stopping"})
            sessions_.with({name, state}).set(counts[{name, state}]);
    }
    for (const auto* host : hosts.all()) {
        const auto& name = host->view.id.str();
        host_up_.with({name}).set(host->view.state == placement::HostState::up ? 1 : 0);
        host_slots_.with({name, "used"}).set(host->view.used);
        host_slots_.with({name, "creating"}).set(host->view.creating);
        host_slots_.with({name, "capacity"}).set(host->view.capacity);
        host_degraded_.with({name}).set(host->concerns.empty() ? 0 : 1);
        const auto load = host->loads.empty() ? broker::MachineLoad{} : host->loads.back().load;
        host_load_.with({name, "cpu"}).set(load.cpu.value_or(unknown));
        host_load_.with({name, "memory"}).set(ratio(load.memory_used, load.memory_total));
        host_load_.with({name, "disk"}).set(ratio(load.disk_used, load.disk_total));
    }
    viewers_.set(static_cast<double>(gateway.viewer_count()));
    subscribers_.set(static_cast<double>(hub.subscribers()));
    queue_.set(static_cast<double>(queue.size()));
    failed_tasks_.set(static_cast<double>(net::failed_tasks()));
    dropped_streams_.set(static_cast<double>(hub.dropped()));
    broken_expectations_.set(static_cast<double>(broken_expectations()));
}

void Observer::collect(const http::Listener& listener) {
    connections_.set(static_cast<double>(listener.connections()));
    const auto now = listener.refusals();
    auto add = [this](const char* reason, std::uint64_t total, std::uint64_t before) {
        refused_connections_.with({reason}).add(static_cast<double>(total - before));
    };
    add("full", now.full, refused_before_.full);
    add("address", now.address, refused_before_.address);
    add("descriptors", now.descriptors, refused_before_.descriptors);
    refused_before_ = now;
}

void Observer::collect(const gateway::Refusals& tunnels, const gateway::Refusals& web) {
    for (std::size_t i = 0; i < gateway::refusal_names.size(); ++i) {
        const auto now = tunnels.by_reason[i] + web.by_reason[i];
        const auto before = std::exchange(viewers_refused_before_.by_reason[i], now);
        refused_viewers_.with({gateway::refusal_names[i]}).add(static_cast<double>(now - before));
    }
    const auto violations = tunnels.protocol_violations + web.protocol_violations;
    const auto before = std::exchange(viewers_refused_before_.protocol_violations, violations);
    protocol_violations_.add(static_cast<double>(violations - before));
}

void Observer::collect(const broker::PoolKeeper& pools) {
    for (const auto& pool : pools.views()) {
        const auto& name = pool.name.str();
        pool_sessions_.with({name, "ready"}).set(pool.ready);
        pool_sessions_.with({name, "starting"}).set(pool.starting);
        pool_target_.with({name}).set(pool.target);
        auto& [hits, misses] = claims_before_[pool.name];
        pool_claims_.with({name, "hit"}).add(static_cast<double>(pool.hits - std::exchange(hits, pool.hits)));
        pool_claims_.with({name, "miss"}).add(static_cast<double>(pool.misses - std::exchange(misses, pool.misses)));
    }
}

} // namespace berth::server
