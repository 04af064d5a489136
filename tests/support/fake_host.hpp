// SPDX-License-Identifier: Apache-2.0
#pragma once
// A container engine in memory behind broker::ContainerHost, with faults on demand: the n-th call
// fails, answers are lost after the work was done, the host does not answer at all.

#include "broker/ports.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace berth::test {

class FakeHost final : public broker::ContainerHost {
public:
    enum class Fault { none, fails_before, answer_lost, engine_error };
    struct Container {
        ContainerId id;
        broker::ContainerState state = broker::ContainerState::created;
        session::Owner owner;
        std::string image_id; // of that moment
        int exit_code = 0;
    };
    using Key = std::pair<SessionId, int>;

    net::Task<Result<ContainerId>> create(const broker::ContainerOrder& order, Deadline deadline) override;
    net::Task<Status> start(const ContainerId& container, Deadline deadline) override;
    net::Task<Status> remove(const SessionId& session, int generation, Deadline deadline) override;
    net::Task<Result<std::vector<broker::Observed>>> list(Deadline deadline) override;
    net::Task<Result<std::unique_ptr<net::ByteStream>>>
    dial(const ContainerId&, std::uint16_t, net::Traffic, net::Executor, Deadline) override;
    net::Task<Result<broker::HostFacts>> check(Deadline deadline) override;
    std::chrono::steady_clock::time_point last_answer() const noexcept override { return answered_at; }
    net::Task<Result<broker::ImageFacts>> check_image(const std::string& image, Deadline deadline) override;
    net::Task<void> watch(std::function<void(broker::HostNotice)> notice) override;
    net::Task<Result<std::vector<std::string>>> logs(const ContainerId&, int, Deadline) override;
    net::Task<Status> pause(const ContainerId& container, Deadline deadline) override;
    net::Task<Status> unpause(const ContainerId& container, Deadline deadline) override;
    net::Task<Status> pull(std::string image, std::function<void(const broker::PullState&)> progress, Deadline deadline) override;
    net::Task<Result<std::set<std::string>>> volumes(Deadline deadline) override;
    net::Task<Result<std::set<Key>>> own_networks(Deadline deadline) override;
    net::Task<Result<broker::MachineLoad>> load(Deadline deadline) override;
    broker::HostAccess access() const override;
    net::Task<std::vector<broker::TestStep>> examine(broker::TellStep tell, Deadline deadline) override;
    net::Task<Status> accept_key(std::string fingerprint, Deadline deadline) override;
    net::Task<void> close() override;

    // The n-th mutating or listing call from now on (0 = the next) meets the fault.
    void fault_at(int n, Fault fault) { countdown_ = n, fault_ = fault; }
    // The next creations meet the fault, whatever else is called.
    void fail_creates(int count, Fault fault) { failing_creates_ = count, create_fault_ = fault; }
    int calls = 0;                // mutating and listing calls so far
    bool is_unreachable = false;  // every call: host_unreachable
    bool is_frozen = false;       // every call waits until its deadline
    bool is_busy = false;         // a check waits until its deadline, other calls are answered
    std::chrono::steady_clock::time_point answered_at{};
    std::optional<Error> refusal; // of every check, e.g. an unknown host key
    int checks = 0;               // begun
    int closes = 0;
    std::optional<broker::MachineLoad> machine; // nothing = it does not tell
    std::string host_key;         // fingerprint that accept_key takes; empty = no keys here
    std::set<std::string> missing_images;
    std::set<std::string> known_volumes;
    std::string engine_id = "fake";
    int cpus = 2;
    int pulls = 0;                // begun
    int pulling = 0;              // now
    int most_pulling = 0;
    Milliseconds pull_time{20};
    std::optional<Error> pull_failure;
    std::map<std::string, broker::ImageFacts> image_facts; // of images that say something of themselves
    Milliseconds latency{0};
    std::map<Key, Container> containers;
    std::set<Key> networks;       // of their own
    int starts = 0;               // containers that were really started
    int most_creating = 0;        // creations in flight at the same time
    // By hand, behind the broker's back.
    void kill(const SessionId& session, int exit_code, bool is_oom = false);
    void erase(const SessionId& session, bool is_announced);
    // The engine's event stream was connected (again); somebody listens to it.
    void announce_gap();
    bool is_watched() const { return notice_ != nullptr; }

private:
    net::Task<Fault> enter(Deadline deadline);
    net::Task<Status> meet(Deadline deadline); // unreachable or frozen
    net::Task<Status> stand_still(ContainerId container, broker::ContainerState from, broker::ContainerState to);
    void announce(const Key& key, session::ContainerGone gone);
    int countdown_ = -1;
    Fault fault_ = Fault::none;
    int creating_ = 0;
    int failing_creates_ = 0;
    Fault create_fault_ = Fault::none;
    int next_id_ = 1;
    int watchers_ = 0; // begun
    std::function<void(broker::HostNotice)> notice_;
};

} // namespace berth::test
