// SPDX-License-Identifier: Apache-2.0
// The contract of broker::HostStore, for every implementation.
#include "tests/contract/store/stores.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace berth::store {
namespace {

using broker::HostMode, broker::HostRecord, test::run_task;

HostRecord full(std::string name) {
    HostRecord record;
    record.name = HostId{std::move(name)};
    broker::HostDefinition host;
    host.name = record.name;
    host.endpoint = "ssh://root@10.0.0.1:2222";
    host.weight = 3;
    host.capacity_sessions = 40;
    host.memory_bytes = std::numeric_limits<std::int64_t>::max();
    host.nano_cpus = 16'000'000'000;
    host.creating_limit = 5;
    host.labels = {{"gpu", "yes"}, {"Zone \"1\"", "käfig"}};
    host.public_name = "desk.example";
    host.data_path = broker::DataPath::direct;
    host.transport = broker::SshTransport::openssh;
    host.max_connections = 7;
    host.tls_directory = "/etc/berth/tls";
    host.origin = broker::HostOrigin::added;
    record.definition = host;
    record.mode.mode = HostMode::maintenance;
    record.mode.message = "new disks';--";
    record.mode.until = noon;
    return record;
}

HostRecord mode_only(std::string name, HostMode mode) {
    HostRecord record;
    record.name = HostId{std::move(name)};
    record.mode.mode = mode;
    return record;
}

template <class Store>
class HostStoreContract : public ::testing::Test {
protected:
    Store store_;

    broker::HostStore& hosts() { return store_.get().hosts(); }
    void put(HostRecord record) {
        auto put = run_task(hosts().put_host(std::move(record)));
        EXPECT_TRUE(put) << describe(put.error());
    }
    std::vector<HostRecord> load() {
        auto found = run_task(hosts().load_hosts());
        EXPECT_TRUE(found) << describe(found.error());
        return found ? *found : std::vector<HostRecord>{};
    }
};
TYPED_TEST_SUITE(HostStoreContract, Stores);

TYPED_TEST(HostStoreContract, EverythingOfAHostComesBack) {
    auto a = full("a"), b = mode_only("b", HostMode::draining);
    this->put(b);
    this->put(a);
    this->store_.reopen();
    EXPECT_EQ(this->load(), (std::vector<HostRecord>{a, b})) << "by name";
}

TYPED_TEST(HostStoreContract, ASecondOneTakesThePlaceOfTheFirst) {
    this->put(full("a"));
    auto changed = full("a");
    changed.definition->weight = 9;
    changed.mode = broker::HostModeRecord{};
    this->put(changed);
    EXPECT_EQ(this->load(), std::vector<HostRecord>{changed});
    auto bare = mode_only("a", HostMode::active);
    this->put(bare);
    EXPECT_EQ(this->load(), std::vector<HostRecord>{bare}) << "without its definition";
}

TYPED_TEST(HostStoreContract, RemovingIsForgettingAndMayBeRepeated) {
    this->put(full("a"));
    this->put(full("b"));
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(run_task(this->hosts().remove_host(HostId{"a"})));
    this->store_.reopen();
    EXPECT_EQ(this->load(), std::vector<HostRecord>{full("b")});
}

TYPED_TEST(HostStoreContract, ADefinitionIsOfAnAddedHostUnderItsOwnName) {
    auto record = full("a");
    record.definition->origin = broker::HostOrigin::file;
    record.definition->name = HostId{"other"};
    this->put(record);
    EXPECT_EQ(this->load(), std::vector<HostRecord>{full("a")});
}

} // namespace
} // namespace berth::store
