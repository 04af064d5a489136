// SPDX-License-Identifier: Apache-2.0
#include "tests/support/pool_bench.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <set>

namespace berth::test {

using session::State;

broker::Template warm_template(std::string name, int min, int max, broker::WarmKind kind) {
    broker::Template made;
    made.name = TemplateName{std::move(name)};
    made.spec.image = "img";
    made.lease.initial = Seconds{600};
    made.lease.grace = Seconds{0};
    made.lease.start_limit = Seconds{5};
    made.warm.min = min;
    made.warm.max = std::max(min, max);
    made.warm.kind = kind;
    return made;
}

PoolTest::PoolTest() {
    config.pools.interval = Milliseconds{20};
    config.pools.least_pause = Milliseconds{1};
}

void PoolTest::boot(std::vector<broker::Template> templates, broker::SessionQuota quota) {
    bench.reset();
    config.templates = std::move(templates);
    bench = std::make_unique<BrokerBench>(world, quota, config);
    bench->boot();
}

broker::PoolView PoolTest::view(const std::string& name) const {
    for (auto& one : bench->pools->views()) {
        if (one.name.str() == name) return one;
    }
    return {};
}

void PoolTest::until_ready(const std::string& name, int count) {
    bench->until([&] { return view(name).ready == count && view(name).starting == 0; }, std::to_string(count) + " ready of " + name);
}

void PoolTest::until_paused(const std::string& name, int count) {
    until_ready(name, count);
    auto are_paused = [&] {
        return std::ranges::all_of(warm_ids(), [&](const auto& id) { return state_of(id) == broker::ContainerState::paused; });
    };
    bench->until(are_paused, "all of them paused");
}

std::vector<SessionId> PoolTest::warm_ids() const {
    std::vector<SessionId> ids;
    for (const auto& runner : bench->runners->of_pools()) {
        if (runner->session().state < State::stopping) ids.push_back(runner->session().id);
    }
    return ids;
}

namespace {

broker::CreateSession command(const std::string& name, const std::string& key, const std::string& slot, const std::string& resolution) {
    broker::CreateSession made;
    made.template_name = TemplateName{name};
    made.idempotency_key = key;
    made.slot = slot;
    made.resolution = resolution;
    return made;
}

} // namespace

Result<broker::Created> PoolTest::start(
    const std::string& subject, const std::string& name, const std::string& key, const std::string& slot, const std::string& resolution
) {
    auto what = command(name, key, slot, resolution);
    return bench->run(bench->service->create(bench->caller(subject), std::move(what), deadline_in(Seconds{10})));
}

std::vector<Result<broker::Created>> PoolTest::start_together(const std::vector<std::string>& subjects) {
    std::vector<Result<broker::Created>> answers;
    for (const auto& subject : subjects) {
        auto task = bench->service->create(bench->caller(subject), command("pooled", "", "", ""), deadline_in(Seconds{10}));
        boost::asio::co_spawn(world.context, std::move(task), [&answers](std::exception_ptr error, Result<broker::Created> created) {
            EXPECT_FALSE(error);
            answers.push_back(std::move(created));
        });
    }
    bench->until([&] { return answers.size() == subjects.size(); }, "answers to all");
    return answers;
}

SessionId PoolTest::only_of(const std::string& subject) const {
    for (const auto& runner : bench->runners->all()) {
        if (runner->session().owner.subject == subject) return runner->session().id;
    }
    ADD_FAILURE() << "no session of " << subject;
    return {};
}

SessionId PoolTest::on_host(const std::vector<SessionId>& ids, const std::string& host) {
    for (const auto& id : ids) {
        if (bench->session(id).host == HostId{host}) return id;
    }
    ADD_FAILURE() << "none of them is on " << host;
    return {};
}

FakeHost& PoolTest::host_of(const SessionId& id) {
    auto host = bench->session(id).host;
    EXPECT_TRUE(host);
    return host && host->str() == "b" ? world.b : world.a;
}

bool PoolTest::has_container(const SessionId& id, int generation) {
    return std::ranges::any_of(world.hosts(), [&](auto* host) { return host->containers.contains({id, generation}); });
}

ContainerId PoolTest::container_of(const SessionId& id) {
    auto s = bench->session(id);
    return s.container.value_or(ContainerId{});
}

broker::ContainerState PoolTest::state_of(const SessionId& id) {
    auto s = bench->session(id);
    auto& containers = host_of(id).containers;
    auto found = containers.find({id, s.generation});
    return found == containers.end() ? broker::ContainerState::other : found->second.state;
}

void PoolTest::expect_agreement() {
    auto is_settled = [&] {
        auto all = bench->runners->all();
        return std::ranges::all_of(all, [](const auto& one) { return one->session().state == State::ready; });
    };
    bench->until(is_settled, "peace");
    for (const auto* host : bench->hosts.all()) (void)bench->run(bench->reconciler->reconcile(host->view.id));
    std::set<FakeHost::Key> live, there;
    for (const auto& runner : bench->runners->all()) live.emplace(runner->session().id, runner->session().generation);
    for (auto* host : world.hosts()) {
        for (const auto& [key, one] : host->containers) there.insert(key);
    }
    EXPECT_EQ(live, there);
    int used = 0;
    for (const auto* host : bench->hosts.views()) {
        used += host->used;
        EXPECT_EQ(host->creating, 0) << host->id.str();
    }
    EXPECT_EQ(used, static_cast<int>(live.size()));
    auto stored = bench->run(world.store.sessions().load_live());
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->size(), live.size());
}

} // namespace berth::test
