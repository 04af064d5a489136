// SPDX-License-Identifier: Apache-2.0
#pragma once
// The broker bench with pools, their times short.

#include "tests/support/broker_bench.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace berth::test {

broker::Template warm_template(std::string name, int min, int max = 0, broker::WarmKind kind = broker::WarmKind::paused);

class PoolTest : public testing::Test {
protected:
    PoolTest();
    // Ends the process, if one runs, and begins the next with these templates beside the bench's own.
    void boot(std::vector<broker::Template> templates, broker::SessionQuota quota = {});
    broker::PoolView view(const std::string& name) const;
    void until_ready(const std::string& name, int count);
    void until_paused(const std::string& name, int count); // in their engines too
    std::vector<SessionId> warm_ids() const;               // by id
    Result<broker::Created> start(const std::string& subject, const std::string& name = "pooled", const std::string& key = "",
                                  const std::string& slot = "", const std::string& resolution = "");
    std::vector<Result<broker::Created>> start_together(const std::vector<std::string>& subjects);
    SessionId only_of(const std::string& subject) const;
    bool is_live(const SessionId& id) const { return bench->runners->find(id) != nullptr; }
    SessionId on_host(const std::vector<SessionId>& ids, const std::string& host);
    FakeHost& host_of(const SessionId& id);
    bool has_container(const SessionId& id, int generation);
    ContainerId container_of(const SessionId& id);
    broker::ContainerState state_of(const SessionId& id);
    // Once all has settled: containers = live sessions = places taken, nothing in flight.
    void expect_agreement();

    World world;
    BenchConfig config;
    std::unique_ptr<BrokerBench> bench;
};

} // namespace berth::test
