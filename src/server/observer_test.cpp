// SPDX-License-Identifier: Apache-2.0
#include "server/observer.hpp"

#include <gtest/gtest.h>

namespace berth::server {
namespace {

bool has_line(const std::string& text, const std::string& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
}

TEST(Observer, CountsWhoWasNotLetInByReason) {
    metrics::Registry registry;
    Observer observer{registry, "1"};
    gateway::Refusals tunnels, web;
    observer.collect(tunnels, web);
    for (auto name : gateway::refusal_names)
        EXPECT_TRUE(has_line(registry.text(), "berth_gateway_refused_total{reason=\"" + std::string{name} + "\"} 0")) << name;
    tunnels.count(gateway::Refusal::ticket);
    tunnels.count(gateway::Refusal::full);
    observer.collect(tunnels, web);
    web.count(gateway::Refusal::ticket);
    tunnels.protocol_violations = 3;
    observer.collect(tunnels, web);
    const auto text = registry.text();
    EXPECT_TRUE(has_line(text, "berth_gateway_refused_total{reason=\"ticket\"} 2")) << text;
    EXPECT_TRUE(has_line(text, "berth_gateway_refused_total{reason=\"full\"} 1"));
    EXPECT_TRUE(has_line(text, "berth_gateway_refused_total{reason=\"origin\"} 0"));
    EXPECT_TRUE(has_line(text, "berth_gateway_protocol_violations_total 3"));
}

} // namespace
} // namespace berth::server
