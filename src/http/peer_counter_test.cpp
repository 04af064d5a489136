// SPDX-License-Identifier: Apache-2.0
#include "http/peer_counter.hpp"

#include <gtest/gtest.h>

#include <list>

namespace berth::http {
namespace {

TEST(PeerCounter, CountsIpv6ByTheNetworkOfOneCustomer) {
    EXPECT_EQ(counted_as("192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(counted_as("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    EXPECT_EQ(counted_as("2001:db8:1:2:ffff::"), "2001:db8:1:2::/64");
    EXPECT_NE(counted_as("2001:db8:1:3::1"), counted_as("2001:db8:1:2::1"));
    EXPECT_EQ(counted_as("::ffff:192.0.2.7"), "192.0.2.7") << "the same client as the bare one";
    EXPECT_EQ(counted_as("unix"), "unix");
}

TEST(PeerCounter, GivesEachAddressItsShareAndTakesItBack) {
    PeerCounter counter{2};
    {
        auto first = counter.take("192.0.2.7");
        auto second = counter.take("192.0.2.7");
        EXPECT_TRUE(first && second);
        EXPECT_FALSE(counter.take("192.0.2.7"));
        EXPECT_TRUE(counter.take("192.0.2.8")) << "somebody else";
        second.reset();
        EXPECT_TRUE(counter.take("192.0.2.7"));
        auto moved = std::move(*first);
        first.reset();
        EXPECT_EQ(counter.addresses(), 1U) << "a moved place is still taken";
    }
    EXPECT_EQ(counter.addresses(), 0U) << "who is gone costs no memory";
}

TEST(PeerCounter, CountsAllAddressesOfOneNetworkTogether) {
    PeerCounter counter{3};
    std::list<PeerCounter::Place> places;
    for (int i = 0; i < 3; ++i) {
        auto place = counter.take("2001:db8::" + std::to_string(i));
        ASSERT_TRUE(place);
        places.push_back(std::move(*place));
    }
    EXPECT_FALSE(counter.take("2001:db8::abcd"));
    EXPECT_EQ(counter.addresses(), 1U);
}

} // namespace
} // namespace berth::http
