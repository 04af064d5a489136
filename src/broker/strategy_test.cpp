// SPDX-License-Identifier: Apache-2.0
// Spread or pack: the installation's word, and a template's own.
#include "broker/session_service.hpp"

#include "tests/support/broker_bench.hpp"

#include <gtest/gtest.h>

namespace berth::broker {
namespace {

using placement::Strategy;
using session::State;
using test::BenchConfig;
using test::BrokerBench;
using test::World;

Template with_strategy(std::string name, std::optional<Strategy> strategy) {
    Template made;
    made.name = TemplateName{std::move(name)};
    made.spec.image = "img";
    made.strategy = strategy;
    return made;
}

class StrategyTest : public testing::Test {
protected:
    StrategyTest() {
        config.templates = {with_strategy("packed", Strategy::pack), with_strategy("spread", Strategy::spread)};
    }

    // Four sessions of the template, one after the other; the hosts they are on.
    std::string hosts_of_four(BrokerBench& bench, const std::string& name) {
        std::string hosts;
        for (auto slot : {"s1", "s2", "s3", "s4"}) {
            CreateSession command;
            command.template_name = TemplateName{name};
            command.slot = name + slot;
            auto created = bench.run(bench.service->create(bench.caller("ann"), std::move(command), deadline_in(Seconds{10})));
            EXPECT_TRUE(created) << describe(created.error());
            bench.until_state(created->session.id, State::ready);
            hosts += bench.session(created->session.id).host->str();
        }
        return hosts;
    }

    World world;
    BenchConfig config;
};

TEST_F(StrategyTest, ATemplatesOwnWinsOverTheInstallations) {
    BrokerBench bench{world, SessionQuota{}, config};
    bench.boot();
    EXPECT_EQ(hosts_of_four(bench, "desktop"), "abab");
    EXPECT_EQ(hosts_of_four(bench, "packed"), "aaaa");
}

TEST_F(StrategyTest, TheInstallationsHoldsForTemplatesThatSayNothing) {
    BrokerBench bench{world, SessionQuota{}, config};
    bench.hosts.set_strategy(Strategy::pack);
    bench.boot();
    EXPECT_EQ(hosts_of_four(bench, "desktop"), "aaaa");
    EXPECT_EQ(hosts_of_four(bench, "spread"), "bbbb");
}

// Who had to wait is placed by the same rule.
TEST_F(StrategyTest, ItHoldsInTheQueueToo) {
    BrokerBench bench{world, SessionQuota{}, config};
    bench.boot();
    auto first = bench.create(bench.caller("bob"));
    ASSERT_TRUE(first);
    bench.until_state(first->session.id, State::ready);
    // Now: the end of a creation says what its host can do.
    for (auto name : {"a", "b"}) bench.hosts.set_creating_limit(HostId{name}, 1);
    HostSlot lanes[2];
    for (auto& lane : lanes) (void)bench.hosts.choose_and_reserve(need_of(*bench.catalog.find(TemplateName{"packed"})), lane);
    std::vector<SessionId> waiting;
    for (auto slot : {"s1", "s2"}) {
        CreateSession command;
        command.template_name = TemplateName{"packed"};
        command.slot = slot;
        auto created = bench.run(bench.service->create(bench.caller("ann"), std::move(command), deadline_in(Seconds{10})));
        ASSERT_TRUE(created);
        EXPECT_EQ(created->session.state, State::queued);
        waiting.push_back(created->session.id);
    }
    for (auto& lane : lanes) lane.creation_done();
    for (const auto& id : waiting) {
        bench.until_state(id, State::ready);
        const auto& placement = bench.session(id).placement;
        ASSERT_FALSE(placement.empty());
        EXPECT_EQ(placement.front().host.str(), bench.session(id).host->str());
        for (const auto& one : placement) {
            if (one.verdict == "free") EXPECT_LE(one.score, placement.front().score) << one.text;
        }
        EXPECT_EQ(placement.front().text.find('/'), std::string::npos) << "the score of pack: " << placement.front().text;
    }
}

} // namespace
} // namespace berth::broker
