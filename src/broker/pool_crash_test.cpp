// SPDX-License-Identifier: Apache-2.0
// F-01 for pools: the process dies after the n-th step of making a warm session, or of handing one
// out, and the next one agrees with the engines.
#include "broker/pool_keeper.hpp"

#include "net/deadline.hpp"
#include "tests/support/pool_bench.hpp"

#include <gtest/gtest.h>

namespace berth::broker {
namespace {

using session::State;
using test::BrokerBench;
using test::PoolTest;
using test::warm_template;

class PoolCrash : public PoolTest, public testing::WithParamInterface<int> {
protected:
    PoolCrash() { world.a.latency = world.b.latency = Milliseconds{1}; }
    void die_after_steps() {
        world.context.restart();
        for (int i = 0; i < GetParam(); ++i) world.context.run_one_for(Milliseconds{5});
        bench.reset();
    }
};

TEST_P(PoolCrash, F01WhileOneIsMade) {
    boot({warm_template("pooled", 1)});
    die_after_steps();
    boot({warm_template("pooled", 1)});
    until_paused("pooled", 1);
    expect_agreement();
    EXPECT_EQ(world.a.starts + world.b.starts, 1) << "what was begun is finished, not begun anew";
    EXPECT_EQ(warm_ids().size(), 1U);
}

net::Task<void> ask(SessionService& service, access::Caller who, CreateSession what) {
    auto creating = service.create(std::move(who), std::move(what), deadline_in(Seconds{10}));
    (void)co_await std::move(creating);
}

TEST_P(PoolCrash, F01WhileOneIsHandedOut) {
    boot({warm_template("pooled", 1)});
    until_paused("pooled", 1);
    auto warm = warm_ids().front();
    CreateSession what;
    what.template_name = TemplateName{"pooled"};
    what.idempotency_key = "k1";
    bench->scope.spawn(ask(*bench->service, bench->caller("ann"), what));
    die_after_steps();
    boot({warm_template("pooled", 1)});
    // The person tries again, as browsers do.
    auto again = start("ann", "pooled", "k1");
    ASSERT_TRUE(again) << describe(again.error());
    EXPECT_EQ(again->session.id, warm) << "nobody else was there to take it";
    bench->until_state(warm, State::ready);
    EXPECT_EQ(bench->service->used_by(bench->caller("ann")), 1);
    EXPECT_EQ(state_of(warm), ContainerState::running);
    EXPECT_EQ(bench->session(warm).generation, 1);
    until_paused("pooled", 1);
    expect_agreement();
    EXPECT_EQ(world.a.starts + world.b.starts, 2) << "the claimed one and the next";
    ASSERT_TRUE(bench->run(bench->service->stop(bench->caller("ann"), warm)));
    bench->until([&] { return !is_live(warm); }, "the end");
    expect_agreement();
}

INSTANTIATE_TEST_SUITE_P(Broker, PoolCrash, testing::Range(0, 45));

} // namespace
} // namespace berth::broker
