// SPDX-License-Identifier: Apache-2.0
#pragma once
// A registry of hosts over fake engines, with a health whose times are short and fixed.

#include "broker/host_registry.hpp"
#include "broker/host_service.hpp"
#include "broker/image_puller.hpp"
#include "store/memory_store.hpp"
#include "tests/support/broker_bench.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace berth::test {

// Everything about twenty times as fast as in service.
broker::HealthConfig quick_health();

// Owns the fake engines by endpoint, so that a test may hold one while the broker lets go of it.
class FakeFactory final : public broker::HostFactory {
public:
    Result<broker::MadeHost> make_host(const broker::HostDefinition& definition) override;
    broker::MadeHost make_unusable(const broker::HostDefinition& definition, Error why) override;
    // The engine behind that endpoint; made when first asked for.
    FakeHost& at(const std::string& endpoint);
    long users_of(const std::string& endpoint) const; // who still holds an engine object of that endpoint
    std::map<std::string, std::shared_ptr<FakeHost>> engines;
    // Each is handed out with a count of its own: ours must not look like a user.
    std::multimap<std::string, std::weak_ptr<broker::ContainerHost>> handed_out;
    int made = 0;
};

class CountingSink final : public broker::EventSink {
public:
    void session_changed(const session::Session&) override {}
    void host_changed(const HostId& host) override { ++changes[host]; }
    std::map<HostId, int> changes;
};

class HostBench {
public:
    explicit HostBench(broker::HealthConfig health = quick_health(), std::set<std::string> images = {"img"},
                       broker::PullConfig pulling = {});
    ~HostBench();

    // Adds a host whose engine is factory.at("fake://NAME").
    FakeHost& add(const std::string& name);
    const broker::HostEntry& host(const std::string& name) const;
    placement::HostState state(const std::string& name) const { return host(name).view.state; }
    void until(const std::function<bool()>& condition, const std::string& what);
    void until_state(const std::string& name, placement::HostState state);
    template <class T>
    T run(net::Task<T> task) {
        return run_task(context, std::move(task));
    }
    void stop();

    boost::asio::io_context context;
    SystemClock system;
    AnchoredClock clock{system};
    CountingSink sink;
    FakeFactory factory;
    store::MemoryStore store;
    broker::HostRegistry hosts;
    broker::ImagePuller pulls;
    broker::HostService service;

private:
    bool is_stopped_ = false;
};

} // namespace berth::test
