// SPDX-License-Identifier: Apache-2.0
#include "tests/support/host_bench.hpp"

#include <gtest/gtest.h>

namespace berth::test {

broker::HealthConfig quick_health() {
    broker::HealthConfig health;
    health.interval = Milliseconds{40};
    health.check_limit = Milliseconds{30};
    health.first_check_limit = Milliseconds{60};
    health.recheck = Milliseconds{10};
    health.recheck_longest = Milliseconds{50};
    health.image_interval = Milliseconds{50};
    health.images_limit = Milliseconds{200};
    health.unknown_after = Milliseconds{150};
    health.load_interval = Milliseconds{30};
    health.load_first = Milliseconds{10};
    health.load_refused = Milliseconds{60};
    health.failed_starts_kept = Milliseconds{300};
    return health;
}

FakeHost& FakeFactory::at(const std::string& endpoint) {
    auto& engine = engines[endpoint];
    if (!engine) engine = std::make_shared<FakeHost>();
    return *engine;
}

long FakeFactory::users_of(const std::string& endpoint) const {
    long users = 0;
    auto [begin, end] = handed_out.equal_range(endpoint);
    for (auto it = begin; it != end; ++it) users += it->second.use_count();
    return users;
}

Result<broker::MadeHost> FakeFactory::make_host(const broker::HostDefinition& definition) {
    if (!definition.endpoint.starts_with("fake://"))
        return Error{Errc::invalid_input, definition.endpoint}.with_field("/endpoint", "fake:// only");
    ++made;
    (void)at(definition.endpoint);
    broker::MadeHost host;
    auto kept = engines.at(definition.endpoint);
    host.engine = std::shared_ptr<broker::ContainerHost>{kept.get(), [kept](broker::ContainerHost*) {}};
    handed_out.emplace(definition.endpoint, host.engine);
    host.endpoint = definition.endpoint;
    return host;
}

broker::MadeHost FakeFactory::make_unusable(const broker::HostDefinition& definition, Error why) {
    auto engine = std::make_shared<FakeHost>();
    engine->refusal = Error{Errc::host_unreachable, why.operator_text()};
    broker::MadeHost host;
    host.engine = std::move(engine);
    host.endpoint = definition.endpoint;
    return host;
}

HostBench::HostBench(broker::HealthConfig health, std::set<std::string> images, broker::PullConfig pulling)
    : hosts{context.get_executor(), clock, sink, std::move(images), health}
    , pulls{context.get_executor(), hosts, sink, pulling}
    , service{context.get_executor(), broker::HostServiceParts{clock, hosts, factory, store.hosts(), store.sessions(), sink, pulls}} {}

HostBench::~HostBench() { stop(); }

void HostBench::stop() {
    if (std::exchange(is_stopped_, true)) return;
    run(service.stop());
    run(pulls.stop());
    run(hosts.stop());
}

FakeHost& HostBench::add(const std::string& name) {
    auto definition = host_definition(name);
    auto made = factory.make_host(definition);
    EXPECT_TRUE(made);
    EXPECT_TRUE(hosts.add(definition, {}, std::move(*made)));
    return factory.at(definition.endpoint);
}

const broker::HostEntry& HostBench::host(const std::string& name) const {
    static const broker::HostEntry none;
    const auto* found = hosts.find(HostId{name});
    EXPECT_NE(found, nullptr) << name;
    return found ? *found : none;
}

void HostBench::until(const std::function<bool()>& condition, const std::string& what) {
    EXPECT_TRUE(run_until(context, condition)) << "waited in vain for: " << what;
}

void HostBench::until_state(const std::string& name, placement::HostState wanted) {
    until([&] { return state(name) == wanted; }, name + " " + std::string{placement::name_of(wanted)});
}

} // namespace berth::test
