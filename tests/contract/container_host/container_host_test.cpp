// SPDX-License-Identifier: Apache-2.0
// The contract of broker::ContainerHost, for the fake engine and for a real one.
#include "docker/labels.hpp"
#include "net/deadline.hpp"
#include "tests/contract/container_host/lab.hpp"

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>

#include <algorithm>
#include <set>

namespace berth::test {
namespace {

using broker::ContainerState;
using session::EndReason;

class ContainerHost : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        lab_ = std::make_unique<EngineLab>(GetParam());
        if (!lab_->problem().empty()) GTEST_SKIP() << "NO ENGINE, NOT TESTED: " << lab_->problem();
    }

    ContainerId create(const broker::ContainerOrder& order) {
        auto made = lab_->run(lab_->host().create(order, lab_->soon()));
        EXPECT_TRUE(made) << describe(made.error());
        return made ? *made : ContainerId{};
    }

    ContainerId create_and_start(const broker::ContainerOrder& order) {
        auto container = create(order);
        auto started = lab_->run(lab_->host().start(container, lab_->soon()));
        EXPECT_TRUE(started) << describe(started.error());
        return container;
    }

    std::vector<broker::Observed> list() {
        auto found = lab_->run(lab_->host().list(lab_->soon()));
        EXPECT_TRUE(found) << describe(found.error());
        return found ? *found : std::vector<broker::Observed>{};
    }

    void remove(const broker::ContainerOrder& order) {
        auto removed =
            lab_->run(lab_->host().remove(order.session, order.generation, lab_->soon()));
        EXPECT_TRUE(removed) << describe(removed.error());
    }

    std::unique_ptr<EngineLab> lab_;
};

Errc code_of(const auto& result) {
    return result ? Errc{} : result.error().code();
}

// ---- create -------------------------------------------------------------------------------------

TEST_P(ContainerHost, CreatesAContainerThatDoesNotRunYet) {
    auto container = create(lab_->order());
    auto found = list();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].container, container);
    EXPECT_EQ(found[0].session, lab_->order().session);
    EXPECT_EQ(found[0].generation, 1);
    EXPECT_EQ(found[0].state, ContainerState::created);
}

TEST_P(ContainerHost, AdoptsWhatASecondCreateFinds) {
    auto first = create(lab_->order());
    EXPECT_EQ(create(lab_->order()), first);
    EXPECT_EQ(list().size(), 1U);
}

TEST_P(ContainerHost, MakesOneContainerOfSixParallelCreates) {
    auto order = lab_->order();
    std::vector<Result<ContainerId>> results;
    net::TaskScope scope{lab_->context().get_executor(), "six"};
    auto make = [](docker::DockerHost& host,
                   const broker::ContainerOrder& wanted,
                   Deadline deadline,
                   std::vector<Result<ContainerId>>& out) -> net::Task<void> {
        auto result = co_await host.create(wanted, deadline);
        out.push_back(std::move(result));
    };
    for (int i = 0; i < 6; ++i)
        scope.spawn(make(lab_->host(), order, lab_->soon(), results));
    lab_->run(scope.join());
    ASSERT_EQ(results.size(), 6U);
    std::set<std::string> ids;
    for (const auto& result : results) {
        ASSERT_TRUE(result) << describe(result.error());
        ids.insert(result->str());
    }
    EXPECT_EQ(ids.size(), 1U);
    EXPECT_EQ(list().size(), 1U);
}

TEST_P(ContainerHost, RefusesANameThatBelongsToSomebodyElse) {
    auto order = lab_->order();
    auto first = create(order); // makes the network
    remove(order);
    docker::ContainerCreateOptions foreign;
    foreign.name = session::container_name(lab_->deployment(), order.session, order.generation);
    foreign.config.image = witness_image;
    foreign.config.network = "none";
    // Deleted by the lab, which goes by this one label.
    foreign.config.labels[std::string{docker::labels::deployment}] = lab_->deployment();
    foreign.config.labels[std::string{docker::labels::session}] = "somebody else";
    auto made = lab_->run(lab_->door().container_create(std::move(foreign), lab_->soon()));
    ASSERT_TRUE(made) << describe(made.error());
    auto refused = lab_->run(lab_->host().create(order, lab_->soon()));
    EXPECT_EQ(code_of(refused), Errc::conflict);
    remove(order); // not ours: must stay
    EXPECT_TRUE(lab_->run(lab_->door().container_inspect(made->id.str(), lab_->soon())));
}

TEST_P(ContainerHost, SaysThatAnImageIsMissing) {
    auto order = lab_->order();
    order.spec.image = "berth-contract/absent:1";
    auto made = lab_->run(lab_->host().create(order, lab_->soon()));
    EXPECT_EQ(code_of(made), Errc::image_missing);
    EXPECT_EQ(
        code_of(lab_->run(lab_->host().check_image(order.spec.image, lab_->soon()))),
        Errc::image_missing
    );
    EXPECT_TRUE(lab_->run(lab_->host().check_image(witness_image, lab_->soon())));
    EXPECT_TRUE(list().empty());
}

TEST_P(ContainerHost, RefusesWhatTheEngineDoesNotAccept) {
    auto order = lab_->order();
    order.spec.memory_bytes = 1024; // below every engine's minimum
    EXPECT_EQ(code_of(lab_->run(lab_->host().create(order, lab_->soon()))), Errc::invalid_input);
}

TEST_P(ContainerHost, NeverAsksForACapabilityThatOpensTheHost) {
    auto order = lab_->order();
    order.spec.cap_add.emplace_back("SYS_ADMIN");
    EXPECT_EQ(code_of(lab_->run(lab_->host().create(order, lab_->soon()))), Errc::invalid_input);
    EXPECT_TRUE(list().empty());
}

TEST_P(ContainerHost, LeavesACancelledCreateWhereRemoveFindsIt) {
    auto order = lab_->order();
    create(lab_->order(2)); // the network is there: the next call goes to the point
    for (int steps : {1, 3, 6, 10, 20, 40}) {
        net::TaskScope scope{lab_->context().get_executor(), "cancelled"};
        auto make =
            [](docker::DockerHost& host, const broker::ContainerOrder& wanted, Deadline deadline
            ) -> net::Task<void> { static_cast<void>(co_await host.create(wanted, deadline)); };
        scope.spawn(make(lab_->host(), order, lab_->soon()));
        lab_->context().restart();
        for (int i = 0; i < steps; ++i)
            lab_->context().run_one_for(Milliseconds{2});
        scope.cancel();
        lab_->run(scope.join());
    }
    // The engine finishes what it began; afterwards a create adopts it and a remove takes it away.
    create(order);
    remove(order);
    auto left = list();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].generation, 2);
}

// ---- what is inside -----------------------------------------------------------------------------

TEST_P(ContainerHost, AppliesTheHardening) {
    auto container = create_and_start(lab_->order());
    auto details = lab_->run(lab_->door().container_inspect(container.str(), lab_->soon()));
    ASSERT_TRUE(details) << describe(details.error());
    const auto& applied = details->applied;
    EXPECT_EQ(applied.cap_drop, std::vector<std::string>{"ALL"});
    EXPECT_TRUE(applied.cap_add.empty());
    EXPECT_EQ(applied.security_options, std::vector<std::string>{"no-new-privileges"});
    EXPECT_FALSE(applied.is_privileged);
    EXPECT_TRUE(applied.has_init);
    EXPECT_EQ(applied.memory_bytes, 32 << 20);
    EXPECT_EQ(applied.memory_swap_bytes, 32 << 20);
    EXPECT_EQ(applied.nano_cpus, 500'000'000);
    EXPECT_EQ(applied.pids, 64);
    EXPECT_EQ(applied.restart_policy, "no");
    EXPECT_EQ(applied.log_driver, "local");
    ASSERT_EQ(details->ports.size(), 1U);
    EXPECT_EQ(details->ports[0].host_ip, "127.0.0.1");
    auto status = lab_->look_inside(container, {"status"});
    EXPECT_NE(status.find("CapEff:\t0000000000000000\n"), std::string::npos) << status;
    EXPECT_NE(status.find("CapBnd:\t0000000000000000\n"), std::string::npos) << status;
    EXPECT_NE(status.find("NoNewPrivs:\t1\n"), std::string::npos) << status;
    EXPECT_NE(status.find("Seccomp:\t2\n"), std::string::npos) << status;
}

TEST_P(ContainerHost, DeliversTheSecretAsAFileOfItsOwnerOnly) {
    auto container = create_and_start(lab_->order());
    EXPECT_EQ(lab_->look_inside(container, {"show", "/run/berth/rfb_secret"}), "400 1000 s3cr3t42");
    auto details = lab_->run(lab_->door().container_inspect(container.str(), lab_->soon()));
    ASSERT_TRUE(details);
    for (const auto& [name, value] : details->labels)
        EXPECT_EQ(value.find("s3cr3t42"), std::string::npos) << name;
}

TEST_P(ContainerHost, IsolatesNeighboursOnTheSharedNetwork) {
    create(lab_->order());
    auto name = docker::shared_network_name(lab_->deployment());
    auto network = lab_->run(lab_->door().network_inspect(name, lab_->soon()));
    ASSERT_TRUE(network) << describe(network.error());
    EXPECT_EQ(network->options["com.docker.network.bridge.enable_icc"], "false");
    EXPECT_TRUE(network->options["com.docker.network.bridge.name"].starts_with("brth"));
    ASSERT_EQ(network->subnets.size(), 1U);
    EXPECT_TRUE(network->subnets[0].starts_with("10.233.")) << network->subnets[0];
}

TEST_P(ContainerHost, TakesAnOwnNetworkAwayWithItsSession) {
    auto order = lab_->order();
    order.spec.network = session::NetworkMode::own;
    create_and_start(order);
    auto name = docker::own_network_name(lab_->deployment(), order.session, order.generation);
    EXPECT_TRUE(lab_->run(lab_->door().network_inspect(name, lab_->soon())));
    auto owners = lab_->run(lab_->host().own_networks(lab_->soon()));
    ASSERT_TRUE(owners) << describe(owners.error());
    EXPECT_EQ(*owners, (std::set{std::pair{order.session, order.generation}}));
    remove(order);
    EXPECT_TRUE(lab_->run(lab_->host().own_networks(lab_->soon()))->empty());
    EXPECT_EQ(
        code_of(lab_->run(lab_->door().network_inspect(name, lab_->soon()))), Errc::not_found
    );
}

TEST_P(ContainerHost, LeavesNoNetworkAfterACreateThatWasRefused) {
    auto order = lab_->order();
    order.spec.network = session::NetworkMode::own;
    order.spec.image = "berth-contract/absent:1";
    EXPECT_EQ(code_of(lab_->run(lab_->host().create(order, lab_->soon()))), Errc::image_missing);
    auto name = docker::own_network_name(lab_->deployment(), order.session, order.generation);
    EXPECT_EQ(
        code_of(lab_->run(lab_->door().network_inspect(name, lab_->soon()))), Errc::not_found
    );
}

TEST_P(ContainerHost, GivesParallelSessionsDifferentNetworks) {
    std::set<std::string> subnets;
    for (int generation = 1; generation <= 3; ++generation) {
        auto order = lab_->order(generation);
        order.spec.network = session::NetworkMode::own;
        create(order);
        auto name = docker::own_network_name(lab_->deployment(), order.session, generation);
        auto network = lab_->run(lab_->door().network_inspect(name, lab_->soon()));
        ASSERT_TRUE(network) << describe(network.error());
        subnets.insert(network->subnets.at(0));
    }
    EXPECT_EQ(subnets.size(), 3U);
}

// ---- start, dial, logs --------------------------------------------------------------------------

TEST_P(ContainerHost, StartsTwiceWithSuccess) {
    auto container = create_and_start(lab_->order());
    EXPECT_TRUE(lab_->run(lab_->host().start(container, lab_->soon())));
    EXPECT_EQ(list().at(0).state, ContainerState::running);
}

TEST_P(ContainerHost, SaysThatThereIsNothingToStart) {
    ContainerId absent{std::string(64, 'a')};
    EXPECT_EQ(code_of(lab_->run(lab_->host().start(absent, lab_->soon()))), Errc::not_found);
    EXPECT_EQ(code_of(lab_->talk(absent, {})), Errc::not_found);
}

TEST_P(ContainerHost, BlamesTheEngineWhenAStartFails) {
    auto container = create(lab_->order());
    auto network = docker::shared_network_name(lab_->deployment());
    ASSERT_TRUE(lab_->run(lab_->door().network_remove(network, lab_->soon())));
    EXPECT_EQ(code_of(lab_->run(lab_->host().start(container, lab_->soon()))), Errc::engine_error);
}

TEST_P(ContainerHost, DialsThePortOfARunningContainerOnly) {
    auto container = create(lab_->order());
    EXPECT_EQ(code_of(lab_->talk(container, {})), Errc::not_ready);
    ASSERT_TRUE(lab_->run(lab_->host().start(container, lab_->soon())));
    auto greeting = lab_->talk(container, {});
    ASSERT_TRUE(greeting) << describe(greeting.error());
    EXPECT_EQ(*greeting, "RFB 003.008\n");
    auto other =
        lab_->run(lab_->host().dial(container, 5901, net::Traffic::bulk, lab_->context().get_executor(), lab_->soon()));
    EXPECT_EQ(code_of(other), Errc::not_ready);
}

TEST_P(ContainerHost, ReachesTheContainerAfterARestartByHand) {
    auto container = create_and_start(lab_->order());
    docker::ContainerKillOptions kill;
    kill.container = container.str();
    ASSERT_TRUE(lab_->run(lab_->door().container_kill(std::move(kill), lab_->soon())));
    docker::ContainerWaitOptions wait;
    wait.container = container.str();
    ASSERT_TRUE(lab_->run(lab_->door().container_wait(std::move(wait), lab_->soon())));
    EXPECT_EQ(code_of(lab_->talk(container, {})), Errc::not_ready);
    ASSERT_TRUE(lab_->run(lab_->door().container_start(container.str(), lab_->soon())));
    EXPECT_TRUE(lab_->talk(container, {})); // the port is another one now
}

TEST_P(ContainerHost, KeepsItsHandsOffOtherDeployments) {
    auto order = lab_->order();
    auto container = create_and_start(order);
    auto stranger = lab_->another_host(lab_->deployment() + "x");
    auto seen = lab_->run(stranger->list(lab_->soon()));
    ASSERT_TRUE(seen);
    EXPECT_TRUE(seen->empty());
    EXPECT_TRUE(lab_->run(stranger->remove(order.session, order.generation, lab_->soon())));
    auto reached =
        lab_->run(stranger->dial(container, 5900, net::Traffic::bulk, lab_->context().get_executor(), lab_->soon()));
    EXPECT_EQ(code_of(reached), Errc::not_found);
    EXPECT_EQ(list().size(), 1U);
}

TEST_P(ContainerHost, ShowsTheLastLinesOfTheOutput) {
    auto container = create_and_start(lab_->order());
    for (const char* line : {"say one", "say two\x1b[31m", "say three"})
        ASSERT_TRUE(lab_->talk(container, line));
    // What a program has written reaches the engine's log a little later; nothing announces it.
    std::vector<std::string> lines;
    auto limit = deadline_in(Seconds{10});
    while (std::chrono::steady_clock::now() < limit && (lines.empty() || lines.back() != "three")) {
        auto read = lab_->run(lab_->host().logs(container, 2, lab_->soon()));
        ASSERT_TRUE(read) << describe(read.error());
        lines = *read;
    }
    EXPECT_EQ(lines, (std::vector<std::string>{"two?[31m", "three"}));
}

// ---- remove -------------------------------------------------------------------------------------

TEST_P(ContainerHost, RemovesWhatNeverStartedWhatRunsAndWhatIsNotThere) {
    create(lab_->order(1));
    create_and_start(lab_->order(2));
    remove(lab_->order(1));
    remove(lab_->order(2));
    remove(lab_->order(3));
    remove(lab_->order(2));
    EXPECT_TRUE(list().empty());
}

TEST_P(ContainerHost, RemovesWhatIsPausedOrIgnoresTheRequestToStop) {
    auto stubborn = lab_->order(1);
    stubborn.spec.env["STUBBORN"] = "1";
    create_and_start(stubborn);
    auto paused = create_and_start(lab_->order(2));
    ASSERT_TRUE(lab_->run(lab_->door().container_pause(paused.str(), lab_->soon())));
    auto seen = list();
    EXPECT_EQ(std::ranges::count(seen, ContainerState::paused, &broker::Observed::state), 1);
    remove(stubborn);
    remove(lab_->order(2));
    EXPECT_TRUE(list().empty());
}

TEST_P(ContainerHost, RemovesTheSameThingTwiceAtOnce) {
    auto order = lab_->order();
    create_and_start(order);
    std::vector<Status> results;
    auto end = [](docker::DockerHost& host,
                  const broker::ContainerOrder& wanted,
                  Deadline deadline,
                  std::vector<Status>& out) -> net::Task<void> {
        auto result = co_await host.remove(wanted.session, wanted.generation, deadline);
        out.push_back(std::move(result));
    };
    net::TaskScope scope{lab_->context().get_executor(), "twice"};
    for (int i = 0; i < 3; ++i)
        scope.spawn(end(lab_->host(), order, lab_->soon(), results));
    lab_->run(scope.join());
    for (const auto& result : results)
        EXPECT_TRUE(result) << describe(result.error());
    EXPECT_TRUE(list().empty());
}

TEST_P(ContainerHost, TellsHowAContainerEnded) {
    auto container = create_and_start(lab_->order());
    static_cast<void>(lab_->talk(container, "exit 3"));
    docker::ContainerWaitOptions wait;
    wait.container = container.str();
    auto ended = lab_->run(lab_->door().container_wait(std::move(wait), lab_->soon()));
    ASSERT_TRUE(ended) << describe(ended.error());
    auto found = list();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].state, ContainerState::exited);
    EXPECT_EQ(found[0].exit_code, 3);
    EXPECT_FALSE(found[0].is_oom_killed);
}

TEST_P(ContainerHost, KnowsItsEngine) {
    auto facts = lab_->run(lab_->host().check(lab_->soon()));
    ASSERT_TRUE(facts) << describe(facts.error());
    EXPECT_FALSE(facts->engine_id.empty());
    EXPECT_FALSE(facts->version.empty());
    EXPECT_FALSE(facts->api_version.empty());
    EXPECT_GT(facts->cpus, 0);
    EXPECT_GT(facts->memory_bytes, 0);
}

TEST_P(ContainerHost, ShowsTheWayToItsEngineStepByStep) {
    std::string told;
    broker::TellStep tell = [&told](broker::TestStep step) -> net::Task<void> {
        told += step.name + " ";
        co_return;
    };
    auto steps = lab_->run(lab_->host().examine(std::move(tell), lab_->soon()));
    std::string names;
    for (const auto& step : steps) {
        names += step.name + " ";
        auto may_be_unknown = step.name == "disk" && step.state == broker::TestState::skipped;
        EXPECT_TRUE(may_be_unknown || step.state == broker::TestState::ok) << step.name << ": " << step.text;
        EXPECT_FALSE(step.title.empty() || step.text.empty()) << step.name;
        EXPECT_EQ(step.remedy, "") << step.name;
        if (step.name == "engine") EXPECT_THAT(step.text, testing::MatchesRegex("Docker .+, API 1\\..+"));
    }
    auto is_far = std::string_view{GetParam()} == "ssh";
    std::string way = is_far ? "resolve tcp host_key authentication forwarding engine ports " : "engine ";
    EXPECT_EQ(names, way + "clock disk network ");
    EXPECT_EQ(told, names) << "each was told when it was decided";
}

TEST_P(ContainerHost, TellsTheLoadOfItsMachineOrThatItDoesNot) {
    ASSERT_TRUE(lab_->run(lab_->host().check(lab_->soon())));
    auto first = lab_->run(lab_->host().load(lab_->soon()));
    auto is_this_machine = std::string_view{GetParam()} != "fake";
    if (!is_this_machine) {
        EXPECT_EQ(first.error().code(), Errc::not_found);
        return;
    }
    ASSERT_TRUE(first) << describe(first.error());
    EXPECT_FALSE(first->cpu) << "it takes two looks";
    EXPECT_GT(first->memory_used, 0);
    EXPECT_LE(first->memory_used, first->memory_total);
    EXPECT_GT(first->disk_total, 0);
    lab_->run(net::sleep_for(Milliseconds{200}));
    auto second = lab_->run(lab_->host().load(lab_->soon()));
    ASSERT_TRUE(second && second->cpu);
    EXPECT_GE(*second->cpu, 0);
    EXPECT_LE(*second->cpu, 1);
}

// ---- watch --------------------------------------------------------------------------------------

TEST_P(ContainerHost, NoticesAnEnd) {
    auto container = create_and_start(lab_->order());
    lab_->start_watch();
    static_cast<void>(lab_->talk(container, "exit 3"));
    auto notice = lab_->wait_notice(1);
    ASSERT_TRUE(notice);
    EXPECT_EQ(notice->session, lab_->order().session);
    EXPECT_EQ(notice->gone.reason, EndReason::container_died);
    EXPECT_NE(notice->gone.detail.find('3'), std::string::npos);
}

TEST_P(ContainerHost, NoticesARemovalByHand) {
    auto container = create_and_start(lab_->order());
    lab_->start_watch();
    docker::ContainerRemoveOptions options;
    options.container = container.str();
    ASSERT_TRUE(lab_->run(lab_->door().container_remove(std::move(options), lab_->soon())));
    auto notice = lab_->wait_notice(1);
    ASSERT_TRUE(notice);
    EXPECT_EQ(notice->gone.reason, EndReason::removed_outside);
}

// An engine learns of it by a word of the kernel that now and then comes too late: then it says
// nothing of memory itself, and a second desktop has to show it.
TEST_P(ContainerHost, NoticesAnEndByMemory) {
    lab_->start_watch();
    for (int generation = 1; generation <= 3; ++generation) {
        auto container = create_and_start(lab_->order(generation));
        static_cast<void>(lab_->talk(container, "eat"));
        auto notice = lab_->wait_notice(generation);
        ASSERT_TRUE(notice);
        auto all = list();
        auto it = std::ranges::find(all, generation, &broker::Observed::generation);
        ASSERT_NE(it, all.end());
        if (notice->gone.reason == EndReason::out_of_memory) {
            EXPECT_TRUE(it->is_oom_killed);
            return;
        }
        EXPECT_EQ(notice->gone.reason, EndReason::container_died);
    }
    FAIL() << "the engine never told of memory";
}

TEST_P(ContainerHost, SaysNothingAboutItsOwnRemovals) {
    create_and_start(lab_->order(1));
    auto second = create_and_start(lab_->order(2));
    lab_->start_watch();
    remove(lab_->order(1));
    static_cast<void>(lab_->talk(second, "exit 4"));
    ASSERT_TRUE(lab_->wait_notice(2)); // events come in order: the first one's have passed
    for (const auto& notice : lab_->notices())
        EXPECT_NE(notice.generation, 1);
}

TEST_P(ContainerHost, StopsWatchingWhenItIsCancelled) {
    net::TaskScope scope{lab_->context().get_executor(), "watch"};
    bool is_connected = false;
    std::function<void(broker::HostNotice)> keep = [&](broker::HostNotice) { is_connected = true; };
    scope.spawn(lab_->host().watch(std::move(keep)));
    ASSERT_TRUE(run_until(
        lab_->context(), [&] { return is_connected; }, Seconds{10}
    ));
    lab_->run(scope.stop());
    EXPECT_EQ(scope.size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Fake, ContainerHost, testing::Values("fake"));
INSTANTIATE_TEST_SUITE_P(Docker, ContainerHost, testing::Values("docker"));
INSTANTIATE_TEST_SUITE_P(Ssh, ContainerHost, testing::Values("ssh"));

} // namespace
} // namespace berth::test
