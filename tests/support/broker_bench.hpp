// SPDX-License-Identifier: Apache-2.0
#pragma once
// The whole broker between fakes, as often as a test wants to start it: the store and the host
// outlive it, as they do when the process dies.

#include "broker/image_puller.hpp"
#include "broker/reconciler.hpp"
#include "broker/session_service.hpp"
#include "store/memory_store.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <vector>

namespace berth::test {

// A host as a test writes it down: 50 sessions, 4 creations at once.
broker::HostDefinition host_definition(std::string name);
// An engine that outlives the registry, not owned by it.
broker::MadeHost borrowed(FakeHost& host);

// What stays when the broker goes.
struct World {
    boost::asio::io_context context;
    SystemClock system;
    store::MemoryStore store;
    FakeHost a, b;
    // Further hosts h00, h01 … for tests that need many; made before the bench.
    std::vector<std::unique_ptr<FakeHost>> more;
    std::vector<FakeHost*> hosts();
};

class FakeProbe final : public broker::ReadinessProbe {
public:
    net::Task<Status> wait_ready(const session::Session&, broker::ContainerHost&, const Secret&, Deadline) override;
    bool is_never = false;
    const broker::ContainerHost* mute = nullptr; // nothing that runs there answers, as long as it is set
    std::optional<std::pair<SessionId, int>> failing; // that generation of that session does not answer
    std::optional<Error> failure;
};

class NoViewers final : public broker::Viewers {
public:
    void close_session(const SessionId& session, session::EndReason) override { closed.push_back(session); }
    void close_login(std::string_view) override {}
    std::vector<SessionId> closed;
};

class QuietSink final : public broker::EventSink {
public:
    void session_changed(const session::Session& session) override { last[session.id] = session; }
    void host_changed(const HostId&) override {}
    std::map<SessionId, session::Session> last;
};

class FixedSecrets final : public broker::SecretSource {
public:
    Secret rfb_secret(const SessionId& session, int generation) const override;
};

class CountingRandom final : public RandomSource {
public:
    void fill(void* data, std::size_t size) override;

private:
    static std::uint32_t next();
};

struct BenchConfig {
    BenchConfig() = default;
    int capacity = 50;      // of each host
    int creating_limit = 4;
    broker::HealthConfig health;
    Milliseconds unknown_kept{0}; // containers without a row
    broker::PullConfig pulls;
    broker::PoolConfig pools;
    std::vector<broker::Template> templates; // beside "desktop", "brief" and "doomed"
};

// One life of the broker process.
class BrokerBench {
public:
    explicit BrokerBench(World& world, broker::SessionQuota quota = {}, const BenchConfig& config = {});
    ~BrokerBench();

    // What the server does before it listens: checks hosts, takes up stored sessions, reconciles.
    void boot();
    // Ends the process: nothing is undone.
    void stop();

    access::Caller caller(std::string subject, access::Role role = access::Role::user) const;
    Result<broker::Created> create(const access::Caller& who, std::string key = "", std::string slot = "");
    // Runs until the condition holds; fails the test after the hard limit.
    void until(const std::function<bool()>& condition, const std::string& what);
    session::Session session(const SessionId& id);
    void until_state(const SessionId& id, session::State state);
    void run_for(Milliseconds span);
    template <class T>
    T run(net::Task<T> task);

    World& world;
    AnchoredClock clock;
    FakeProbe probe;
    NoViewers viewers;
    QuietSink sink;
    FixedSecrets secrets;
    CountingRandom random;
    broker::Catalog catalog;
    access::TicketBook tickets;
    broker::HostRegistry hosts;
    broker::ImagePuller pulls;
    broker::StartMeter meter;
    broker::StartQueue queue;
    broker::DeadlineKeeper keeper;
    broker::StartTimes start_times;
    broker::RunnerContext context;
    // After the queue and the pools: a runner that goes gives its slot back, and they are told.
    std::unique_ptr<broker::PoolKeeper> pools;
    std::unique_ptr<broker::RunnerRegistry> runners;
    std::unique_ptr<broker::Reconciler> reconciler;
    std::unique_ptr<broker::SessionService> service;
    net::TaskScope scope;
};

template <class T>
T BrokerBench::run(net::Task<T> task) {
    return run_task(world.context, std::move(task));
}

} // namespace berth::test
