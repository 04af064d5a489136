// SPDX-License-Identifier: Apache-2.0
#include "metrics/registry.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace berth::metrics {
namespace {

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, AreExposedAsText) {
    Registry registry;
    auto counter = registry.counter("berth_http_requests_total", "Requests answered.");
    auto gauge = registry.gauge("berth_http_connections", "Open connections.");
    auto histogram = registry.histogram("berth_http_seconds", "Time of a request.", {0.1, 1});
    counter.add();
    counter.add(2);
    gauge.set(5);
    gauge.add(-1);
    histogram.observe(0.5);
    const auto text = registry.text();
    EXPECT_TRUE(has_line(text, "# HELP berth_http_requests_total Requests answered."));
    EXPECT_TRUE(has_line(text, "# TYPE berth_http_requests_total counter"));
    EXPECT_TRUE(has_line(text, "berth_http_requests_total 3"));
    EXPECT_TRUE(has_line(text, "berth_http_connections 4"));
    EXPECT_TRUE(has_line(text, "berth_http_seconds_bucket{le=\"0.1\"} 0"));
    EXPECT_TRUE(has_line(text, "berth_http_seconds_bucket{le=\"1\"} 1")) << text;
}

TEST(Metrics, CountAValueOutsideAClosedListAsOther) {
    Registry registry;
    auto family = registry.counters(
        "berth_session_ends_total", "Ends by reason.", {Label{"reason", {"idle", "failed"}}}
    );
    family.with({"idle"}).add();
    family.with({"made up\" by=\"a stranger"}).add();
    family.with({"another"}).add();
    const auto text = registry.text();
    EXPECT_TRUE(has_line(text, "berth_session_ends_total{reason=\"idle\"} 1"));
    EXPECT_TRUE(has_line(text, "berth_session_ends_total{reason=\"other\"} 2")) << text;
    EXPECT_EQ(text.find("stranger"), std::string::npos);
}

TEST(Metrics, BoundTheNumberOfConfiguredNames) {
    Registry registry;
    auto family = registry.gauges("berth_host_up", "Host answers.", {Label{"host", 2}});
    for (const auto* host : {"a", "b", "c", "a"}) family.with({host}).add(1);
    const auto text = registry.text();
    EXPECT_TRUE(has_line(text, "berth_host_up{host=\"a\"} 2"));
    EXPECT_TRUE(has_line(text, "berth_host_up{host=\"b\"} 1"));
    EXPECT_TRUE(has_line(text, "berth_host_up{host=\"other\"} 1")) << text;
}

TEST(Metrics, KeepTheirNamingRules) {
    Registry registry;
    registry.gauge("berth_a", "x");
    EXPECT_THROW(registry.gauge("berth_a", "x"), std::invalid_argument);
    EXPECT_THROW(registry.gauge("other_a", "x"), std::invalid_argument);
    EXPECT_THROW(registry.gauge("berth_b", ""), std::invalid_argument);
    EXPECT_THROW(registry.gauge("berth_b_total", "x"), std::invalid_argument);
    EXPECT_THROW(registry.counter("berth_b", "x"), std::invalid_argument);
    EXPECT_THROW(registry.gauge("berth_B", "x"), std::invalid_argument);
    auto family = registry.gauges("berth_c", "x", {Label{"l", 2}});
    EXPECT_THROW(family.with({}), std::invalid_argument);
}

TEST(Metrics, AskBeforeTheyAreExposed) {
    Registry registry;
    auto gauge = registry.gauge("berth_a", "x");
    registry.on_collect([&] { gauge.set(7); });
    EXPECT_TRUE(has_line(registry.text(), "berth_a 7"));
}

} // namespace
} // namespace berth::metrics
