// SPDX-License-Identifier: Apache-2.0
#include "server/definitions.hpp"

#include <gtest/gtest.h>

namespace berth::server {
namespace {

TEST(Definitions, AStrategyReachesTheBroker) {
    config::Config config;
    config.placement.strategy = config::Strategy::pack;
    config.templates.resize(2);
    config.templates[0].strategy = config::Strategy::pack;
    config.templates[1].strategy = config::Strategy::spread;
    EXPECT_EQ(strategy_of(config), placement::Strategy::pack);
    auto templates = templates_of(config);
    EXPECT_EQ(templates[0].strategy, placement::Strategy::pack);
    EXPECT_EQ(templates[1].strategy, placement::Strategy::spread);
}

} // namespace
} // namespace berth::server
