// SPDX-License-Identifier: Apache-2.0
// Operations of the Engine client that the ContainerHost does not need, on both engines.
#include "tests/contract/container_host/lab.hpp"

#include <atomic>

namespace berth::test {
namespace {

class EngineClient : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        lab_ = std::make_unique<EngineLab>(GetParam());
        if (!lab_->problem().empty()) GTEST_SKIP() << "NO ENGINE, NOT TESTED: " << lab_->problem();
    }
    template <class T>
    T run(net::Task<T> task) {
        return lab_->run(std::move(task));
    }
    docker::Client& client() { return lab_->door(); }
    Deadline soon() { return lab_->soon(); }

    ContainerId start() {
        auto made = run(lab_->host().create(lab_->order(), soon()));
        EXPECT_TRUE(made) << describe(made.error());
        EXPECT_TRUE(run(lab_->host().start(*made, soon())));
        return *made;
    }

    std::unique_ptr<EngineLab> lab_;
};

Errc code_of(const auto& result) {
    return result ? Errc{} : result.error().code();
}

TEST_P(EngineClient, RefusesIdsThatWouldMakeAnotherPath) {
    for (const char* bad : {"", "../info", "a/json", "a?force=1", "a b", "-x", "a\r\nHost: b"}) {
        EXPECT_EQ(code_of(run(client().container_inspect(bad, soon()))), Errc::invalid_input)
            << bad;
        EXPECT_EQ(code_of(run(client().container_start(bad, soon()))), Errc::invalid_input) << bad;
        EXPECT_EQ(code_of(run(client().network_remove(bad, soon()))), Errc::invalid_input) << bad;
        docker::ContainerRemoveOptions remove;
        remove.container = bad;
        EXPECT_EQ(
            code_of(run(client().container_remove(std::move(remove), soon()))), Errc::invalid_input
        ) << bad;
    }
    EXPECT_EQ(code_of(run(client().image_inspect("a?b", soon()))), Errc::invalid_input);
}

TEST_P(EngineClient, TellsItsUseOfResources) {
    auto container = start();
    auto stats = run(client().container_stats(container.str(), soon()));
    ASSERT_TRUE(stats) << describe(stats.error());
    EXPECT_GT(stats->memory_limit_bytes, 0);
    EXPECT_GT(stats->pids, 0);
}

TEST_P(EngineClient, PausesAndGoesOn) {
    auto container = start();
    ASSERT_TRUE(run(client().container_pause(container.str(), soon())));
    EXPECT_EQ(
        run(client().container_inspect(container.str(), soon()))->status,
        docker::ContainerStatus::paused
    );
    EXPECT_EQ(code_of(lab_->talk(container, {})), Errc::not_ready);
    ASSERT_TRUE(run(client().container_unpause(container.str(), soon())));
    EXPECT_TRUE(lab_->talk(container, {}));
}

TEST_P(EngineClient, ReportsAConflictWithTheState) {
    auto made = run(lab_->host().create(lab_->order(), soon()));
    ASSERT_TRUE(made);
    docker::ContainerKillOptions kill;
    kill.container = made->str();
    EXPECT_EQ(code_of(run(client().container_kill(std::move(kill), soon()))), Errc::conflict);
    docker::ContainerStopOptions stop;
    stop.container = made->str();
    auto stopped = run(client().container_stop(std::move(stop), soon()));
    ASSERT_TRUE(stopped);
    EXPECT_TRUE(stopped->was_stopped);
}

TEST_P(EngineClient, WaitsForTheEndNoLongerThanTheDeadline) {
    auto container = start();
    docker::ContainerWaitOptions wait;
    wait.container = container.str();
    EXPECT_EQ(
        code_of(run(client().container_wait(wait, deadline_in(Milliseconds{200})))), Errc::timed_out
    );
    static_cast<void>(lab_->talk(container, "exit 5"));
    auto ended = run(client().container_wait(wait, soon()));
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->exit_code, 5);
}

TEST_P(EngineClient, MakesAndRemovesVolumes) {
    docker::VolumeConfig config;
    config.name = lab_->deployment() + "-files";
    config.labels["io.berth.contract"] = lab_->deployment();
    ASSERT_TRUE(run(client().volume_create(config, soon())));
    EXPECT_EQ(run(client().volume_inspect(config.name, soon()))->labels, config.labels);
    docker::Filters filters;
    filters.emplace_back(
        "label", std::vector<std::string>{"io.berth.contract=" + lab_->deployment()}
    );
    EXPECT_EQ(run(client().volume_list(filters, soon()))->size(), 1U);
    docker::VolumeRemoveOptions remove;
    remove.volume = config.name;
    EXPECT_TRUE(run(client().volume_remove(remove, soon())));
    EXPECT_EQ(code_of(run(client().volume_remove(remove, soon()))), Errc::not_found);
}

TEST_P(EngineClient, RemovesAnOwnNetworkThatAStrangerIsOn) {
    auto order = lab_->order();
    order.spec.network = session::NetworkMode::own;
    auto made = run(lab_->host().create(order, soon()));
    ASSERT_TRUE(made);
    auto stranger = lab_->order(2);
    auto other = run(lab_->host().create(stranger, soon()));
    ASSERT_TRUE(other);
    ASSERT_TRUE(run(lab_->host().start(*other, soon())));
    auto name = docker::own_network_name(lab_->deployment(), order.session, 1);
    ASSERT_TRUE(run(client().network_connect(name, other->str(), soon())));
    auto removed = run(lab_->host().remove(order.session, 1, soon()));
    EXPECT_TRUE(removed) << describe(removed.error());
    EXPECT_EQ(code_of(run(client().network_inspect(name, soon()))), Errc::not_found);
}

TEST_P(EngineClient, SaysWhatAPullDidNotFind) {
    docker::ImagePullOptions options;
    options.image = "localhost:9/berth-contract/absent:1"; // a registry that is not there
    auto pulled = run(client().image_pull(std::move(options), {}, soon()));
    EXPECT_EQ(code_of(pulled), Errc::engine_error);
}

INSTANTIATE_TEST_SUITE_P(Fake, EngineClient, testing::Values("fake"));
INSTANTIATE_TEST_SUITE_P(Docker, EngineClient, testing::Values("docker"));
INSTANTIATE_TEST_SUITE_P(Ssh, EngineClient, testing::Values("ssh"));

TEST(FakePull, ShowsItsProgress) {
    EngineLab lab{"fake"};
    docker::ImagePullOptions options;
    options.image = "berth/new";
    std::vector<std::string> seen;
    std::function<void(const docker::PullProgress&)> note = [&](const docker::PullProgress& step) {
        seen.push_back(step.status);
    };
    auto pulled = lab.run(lab.door().image_pull(std::move(options), note, lab.soon()));
    ASSERT_TRUE(pulled) << describe(pulled.error());
    EXPECT_EQ(seen, (std::vector<std::string>{"Pulling", "Done"}));
    EXPECT_TRUE(lab.run(lab.host().check_image("berth/new", lab.soon())));
}

} // namespace
} // namespace berth::test
