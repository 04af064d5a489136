// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a test of the ContainerHost contract stands on: an engine (fake or real), the host under
// test, and a side door to do behind its back what people and faults do.

#include "docker/docker_host.hpp"
#include "net/task_scope.hpp"
#include "tests/support/fake_engine.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/sshd.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace berth::test {

inline constexpr const char* witness_image = "berth-contract:witness";

// One per test, with a deployment of its own; removes all that carries its label.
class EngineLab {
public:
    // kind: "fake", "docker", or "ssh": the same engine through an SSH server. An empty `problem()` means that the engine is there.
    explicit EngineLab(std::string kind);
    ~EngineLab();

    const std::string& problem() const { return problem_; }
    bool is_fake() const { return fake_ != nullptr; }
    FakeEngine& fake() { return *fake_; }
    docker::DockerHost& host() { return *host_; }
    docker::Client& door() { return *door_; }
    const std::string& deployment() const { return deployment_; }
    boost::asio::io_context& context() { return context_; }
    // A second host object over the same engine: another process of the same deployment, or of
    // another one.
    std::unique_ptr<docker::DockerHost> another_host(std::string deployment);

    broker::ContainerOrder order(int generation = 1) const;
    Deadline soon() const { return deadline_in(Seconds{30}); }
    template <class T>
    T run(net::Task<T> task) {
        return run_task(context_, std::move(task), Seconds{60});
    }

    // Lines go to the witness in the container; the answer is the greeting and what came back.
    Result<std::string> talk(const ContainerId& container, std::string line);
    // Output of `/witness words…` inside the container.
    std::string look_inside(const ContainerId& container, std::vector<std::string> words);

    void start_watch();
    const std::vector<broker::HostNotice>& notices() const { return notices_; }
    // Waits for a notice about that generation; nothing when none comes within the limit.
    std::optional<broker::HostNotice> wait_notice(int generation);
    bool wait_gap(std::size_t count);

private:
    std::string install_image();
    void clean();

    boost::asio::io_context context_{1};
    std::string deployment_, problem_, folder_;
    std::unique_ptr<FakeEngine> fake_;
    std::unique_ptr<Sshd> sshd_;
    std::unique_ptr<docker::Connector> connector_;
    std::unique_ptr<docker::Client> door_;
    std::unique_ptr<docker::DockerHost> host_;
    std::vector<broker::HostNotice> notices_;
    std::unique_ptr<net::TaskScope> scope_;
};

} // namespace berth::test
