// SPDX-License-Identifier: Apache-2.0
#include "docker/networks.hpp"
#include "docker/subnet.hpp"

#include <gtest/gtest.h>

namespace berth::docker {
namespace {

TEST(Subnet, ParsesAndPrints) {
    for (const char* good : {"10.231.0.0/16", "192.168.1.16/28", "0.0.0.0/1", "1.2.3.4/32"}) {
        auto subnet = parse_subnet(good);
        ASSERT_TRUE(subnet) << good;
        EXPECT_EQ(to_string(*subnet), good);
    }
    for (const char* bad :
         {"",
          "10.231.0.0",
          "10.231.0.0/",
          "10.231.0.1/16",
          "10.231.0/16",
          "256.0.0.0/8",
          "10.0.0.0/33",
          "10.0.0.0/0",
          "10.0.0.0/x",
          "10.0.0.0/8 ",
          "fd00::/8",
          "1.2.3.4/-1",
          "0001.2.3.4/32"})
        EXPECT_FALSE(parse_subnet(bad)) << bad;
}

TEST(Subnet, KnowsOverlaps) {
    auto at = [](const char* text) { return *parse_subnet(text); };
    EXPECT_TRUE(overlaps(at("10.0.0.0/8"), at("10.231.0.0/22")));
    EXPECT_TRUE(overlaps(at("10.231.0.0/22"), at("10.0.0.0/8")));
    EXPECT_FALSE(overlaps(at("10.231.0.0/22"), at("10.231.4.0/22")));
    EXPECT_TRUE(overlaps(at("255.255.255.0/24"), at("255.255.255.240/28")));
}

TEST(Subnet, KeepsSharedAndOwnRangesApart) {
    auto pool = *parse_subnet("10.231.0.0/16");
    auto shared = choose_subnet(pool, SubnetUse::shared, 0, {});
    auto own = choose_subnet(pool, SubnetUse::own, 0, {});
    ASSERT_TRUE(shared && own);
    EXPECT_EQ(to_string(*shared), "10.231.0.0/22");
    EXPECT_EQ(to_string(*own), "10.231.64.0/28");
}

TEST(Subnet, GoesAroundWhatIsTakenUntilThePoolIsFull) {
    auto pool = *parse_subnet("10.231.0.0/16");
    std::vector<Subnet> taken{*parse_subnet("10.231.0.0/20"), *parse_subnet("172.17.0.0/16")};
    auto next = choose_subnet(pool, SubnetUse::shared, 0, taken);
    ASSERT_TRUE(next);
    EXPECT_EQ(to_string(*next), "10.231.16.0/22");
    std::size_t count = 0;
    while (auto own = choose_subnet(pool, SubnetUse::own, 4'000'000'000U, taken)) {
        ASSERT_TRUE(overlaps(pool, *own));
        taken.push_back(*own);
        if (++count == 200) break; // far beyond the engine's own 30 (M-8)
    }
    EXPECT_EQ(count, 200U);
    taken.push_back(pool);
    EXPECT_FALSE(choose_subnet(pool, SubnetUse::own, 7, taken));
}

TEST(Subnet, ServesBothUsesFromASmallPool) {
    auto pool = *parse_subnet("10.9.8.0/22");
    EXPECT_EQ(to_string(*choose_subnet(pool, SubnetUse::shared, 3, {})), "10.9.8.0/22");
    EXPECT_TRUE(choose_subnet(pool, SubnetUse::own, 3, {}));
    EXPECT_FALSE(choose_subnet(*parse_subnet("10.9.8.0/24"), SubnetUse::shared, 3, {}));
}

TEST(Networks, NameBridgesWithinTheKernelsLimit) {
    auto name = own_network_name(
        "a-very-long-deployment-name", SessionId{"abcdefghijklmnopqrstuvwxyz"}, 12
    );
    EXPECT_EQ(bridge_name(name).size(), 12U);
    EXPECT_TRUE(bridge_name(name).starts_with("brth"));
    EXPECT_NE(bridge_name(name), bridge_name(shared_network_name("a-very-long-deployment-name")));
}

} // namespace
} // namespace berth::docker
