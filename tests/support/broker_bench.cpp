// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker_bench.hpp"

#include "base/limits.hpp"
#include "net/deadline.hpp"

#include <gtest/gtest.h>

namespace berth::test {

net::Task<Status> FakeProbe::wait_ready(const session::Session& session, broker::ContainerHost& host, const Secret&, Deadline deadline) {
    auto is_failing = failing && *failing == std::pair{session.id, session.generation};
    co_await net::sleep_for(Milliseconds{0});
    if (failure) co_return *failure;
    if (is_failing) co_return Error{Errc::protocol_violation, "not RFB"};
    while (mute == &host && std::chrono::steady_clock::now() < deadline) co_await net::sleep_for(Milliseconds{5});
    if (is_never) {
        co_await net::sleep_until(deadline);
        co_return Error{Errc::timed_out, "probe"};
    }
    co_return Status{};
}

Secret FixedSecrets::rfb_secret(const SessionId& session, int) const { return Secret{session.str().substr(0, 8)}; }

std::uint32_t CountingRandom::next() {
    // Unpredictability is not needed here, uniqueness across all lives of a test is.
    static std::uint32_t state = 12345;
    state = state * 1664525U + 1013904223U;
    return state >> 8U;
}

void CountingRandom::fill(void* data, std::size_t size) {
    auto* bytes = static_cast<unsigned char*>(data);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(next());
}

namespace {

std::vector<broker::Template> templates() {
    broker::Template one;
    one.name = TemplateName{"desktop"};
    one.title = "Desktop";
    one.spec.image = "img";
    session::Endpoint endpoint;
    endpoint.name = "desktop";
    endpoint.port = 5900;
    one.spec.endpoints.push_back(endpoint);
    one.lease.grace = Seconds{0};
    one.lease.start_limit = Seconds{5};
    auto brief = one;
    brief.name = TemplateName{"brief"};
    brief.lease.initial = Seconds{1};
    auto doomed = one;
    doomed.name = TemplateName{"doomed"};
    doomed.lease.start_limit = Seconds{1};
    return {one, brief, doomed};
}

std::vector<broker::Template> all_templates(const BenchConfig& config) {
    auto list = templates();
    list.insert(list.end(), config.templates.begin(), config.templates.end());
    return list;
}

std::set<std::string> images_of(const broker::Catalog& catalog) {
    std::set<std::string> images;
    for (const auto& one : catalog.all()) images.insert(one.spec.image);
    return images;
}

void add_hosts(broker::HostRegistry& hosts, World& world, const BenchConfig& config) {
    auto add = [&](std::string name, FakeHost& host) {
        auto definition = host_definition(std::move(name));
        definition.capacity_sessions = config.capacity;
        definition.creating_limit = config.creating_limit;
        EXPECT_TRUE(hosts.add(std::move(definition), {}, borrowed(host)));
    };
    add("a", world.a);
    add("b", world.b);
    for (std::size_t i = 0; i < world.more.size(); ++i)
        add((i < 10 ? "h0" : "h") + std::to_string(i), *world.more[i]);
}

} // namespace

broker::HostDefinition host_definition(std::string name) {
    broker::HostDefinition made;
    made.name = HostId{std::move(name)};
    made.endpoint = "fake://" + made.name.str();
    made.capacity_sessions = 50;
    made.creating_limit = 4;
    return made;
}

broker::MadeHost borrowed(FakeHost& host) {
    broker::MadeHost made;
    made.engine = std::shared_ptr<broker::ContainerHost>{&host, [](auto*) {}};
    made.endpoint = "fake";
    return made;
}

std::vector<FakeHost*> World::hosts() {
    std::vector<FakeHost*> all{&a, &b};
    for (auto& one : more) all.push_back(one.get());
    return all;
}

BrokerBench::BrokerBench(World& world_, broker::SessionQuota quota, const BenchConfig& config)
    : world{world_}
    , clock{world.system}
    , catalog{all_templates(config)}
    , tickets{random}
    , hosts{world.context.get_executor(), clock, sink, images_of(catalog), config.health}
    , pulls{world.context.get_executor(), hosts, sink, config.pulls}
    , meter{clock, hosts}
    , queue{world.context.get_executor(), clock, hosts, meter, [](const SessionId&) {}}
    , keeper{world.context.get_executor(), clock,
             [this](const SessionId& id) {
                 if (auto runner = runners->find(id)) runner->post(session::TimePassed{});
             },
             [](Milliseconds) {}}
    , context{world.context.get_executor(), clock, world.store.sessions(), hosts, queue, probe, viewers, sink, keeper, secrets, start_times, meter, catalog}
    , scope{world.context.get_executor(), "bench"} {
    runners = std::make_unique<broker::RunnerRegistry>(context);
    broker::ReconcilerConfig reconciling;
    reconciling.unknown_kept = config.unknown_kept;
    reconciler = std::make_unique<broker::Reconciler>(
        world.context.get_executor(), *runners, hosts, world.store.sessions(), reconciling);
    pools = std::make_unique<broker::PoolKeeper>(context, *runners, random, config.pools);
    service = std::make_unique<broker::SessionService>(context, *runners, *pools, tickets, random, quota);
    add_hosts(hosts, world, config);
    queue.leases = [this] { return runners->lease_ends(); };
    queue.pull = [this](const placement::Need& need, int waiting) { return pulls.fetch_for(need, waiting); };
    queue.pull_state = [this](const std::string& image) { return pulls.furthest(image); };
    pulls.on_progress = [this] { queue.tell(); };
    pulls.on_end = [this](const HostId&, const std::string&, const Status&) { queue.pump(); };
    queue.on_full = [this](const placement::Need& need, int waiting) { pools->make_room(need, waiting); };
    pools->fetch = [this](const placement::Need& need) { (void)pulls.fetch_for(need, 1); };
    reconciler->on_listed = [this](const HostId& id, const std::vector<broker::Observed>& list) { pools->note_containers(id, list); };
    hosts.on_room = [this] {
        queue.pump();
        pools->poke();
    };
    hosts.on_up = [this](const HostId& id) { reconciler->look_at(id); };
    hosts.on_notice = [this](const HostId&, const broker::HostNotice& notice) {
        auto runner = runners->find(notice.session);
        if (runner && runner->session().generation == notice.generation) runner->post(notice.gone);
    };
}

BrokerBench::~BrokerBench() { stop(); }

void BrokerBench::boot() {
    run(hosts.check_all(deadline_in(Seconds{5})));
    auto live = run(world.store.sessions().load_live());
    ASSERT_TRUE(live);
    for (auto& one : *live) runners->recover(std::move(one));
    for (const auto* host : hosts.all()) (void)run(reconciler->reconcile(host->view.id));
    hosts.start();
    scope.spawn(keeper.run());
    scope.spawn(reconciler->run());
    scope.spawn(queue.run());
    scope.spawn(pools->run());
}

void BrokerBench::stop() {
    run(runners->stop());
    run(scope.stop());
    run(reconciler->stop());
    run(pools->stop());
    run(pulls.stop());
    run(hosts.stop());
}

access::Caller BrokerBench::caller(std::string subject, access::Role role) const {
    access::Caller who;
    who.realm = "local";
    who.subject = subject;
    who.username = std::move(subject);
    who.role = role;
    return who;
}

Result<broker::Created> BrokerBench::create(const access::Caller& who, std::string key, std::string slot) {
    broker::CreateSession command;
    command.template_name = TemplateName{"desktop"};
    command.idempotency_key = std::move(key);
    command.slot = std::move(slot);
    return run(service->create(who, std::move(command), deadline_in(Seconds{10})));
}

void BrokerBench::until(const std::function<bool()>& condition, const std::string& what) {
    auto give_up = std::chrono::steady_clock::now() + hard_limit;
    while (!condition()) {
        world.context.restart();
        world.context.run_one_until(std::min(give_up, deadline_in(Milliseconds{50})));
        if (std::chrono::steady_clock::now() >= give_up) {
            FAIL() << "waited in vain for: " << what;
        }
    }
}

session::Session BrokerBench::session(const SessionId& id) {
    auto found = run(service->find(caller("staff", access::Role::admin), id));
    EXPECT_TRUE(found) << describe(found.error());
    return found ? *found : session::Session{};
}

void BrokerBench::until_state(const SessionId& id, session::State state) {
    // It is stored as ended a moment before its runner leaves.
    auto has_left = [&] { return state != session::State::ended || !runners->find(id); };
    auto is_there = [&] { return session(id).state == state && has_left(); };
    until(is_there, "state " + std::string{session::name_of(state)});
}

void BrokerBench::run_for(Milliseconds span) { run(net::sleep_for(span)); }

} // namespace berth::test
