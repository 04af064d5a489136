// SPDX-License-Identifier: Apache-2.0
#pragma once
// broker::ContainerHost over one Docker engine. Sees only containers that carry its deployment's
// label. Every failure names the host. Cancelled or timed out means: outcome unknown; nothing is
// undone here, remove() and list() find by label whatever the engine finished later.

#include "broker/ports.hpp"
#include "docker/client.hpp"
#include "docker/connector.hpp"
#include "docker/networks.hpp"

#include <deque>
#include <set>

namespace berth::docker {

struct DockerHostConfig {
    DockerHostConfig() = default;
    std::string name = "local";         // of the host, for error texts
    std::string deployment = "default"; // is_valid_name: which installation owns the containers
    std::string network_pool = "10.231.0.0/16"; // for our bridges; at least a /22
    std::string publish_address = "127.0.0.1"; // where endpoints are published; "0.0.0.0" for
                                               // hosts that others connect to themselves
    std::string program_version = "0";          // label for people
    Client::Config client;
    Milliseconds watch_silence = Seconds{60}; // then the event stream is opened anew
    Milliseconds watch_retry_longest = Seconds{5};
};

// Everything runs on `executor` (the core thread) but the streams of dial().
class DockerHost final : public broker::ContainerHost {
public:
    // The connector must outlive it. An unusable pool falls back to the default one.
    DockerHost(net::Executor executor, Connector& connector, DockerHostConfig config);

    Task<Result<ContainerId>>
    create(const broker::ContainerOrder& order, Deadline deadline) override;
    Task<Status> start(const ContainerId& container, Deadline deadline) override;
    Task<Status> remove(const SessionId& session, int generation, Deadline deadline) override;
    Task<Result<std::vector<broker::Observed>>> list(Deadline deadline) override;
    Task<Result<std::unique_ptr<net::ByteStream>>> dial(
        const ContainerId& container, std::uint16_t port, net::Traffic traffic, net::Executor executor, Deadline deadline
    ) override;
    Task<Result<broker::HostFacts>> check(Deadline deadline) override;
    std::chrono::steady_clock::time_point last_answer() const noexcept override {
        return client_.last_answer();
    }
    Task<Result<broker::ImageFacts>>
    check_image(const std::string& image, Deadline deadline) override;
    Task<void> watch(std::function<void(broker::HostNotice)> notice) override;
    Task<Result<std::vector<std::string>>>
    logs(const ContainerId& container, int lines, Deadline deadline) override;

    Task<Status> pause(const ContainerId& container, Deadline deadline) override;
    Task<Status> unpause(const ContainerId& container, Deadline deadline) override;
    Task<Status> pull(
        std::string image, std::function<void(const broker::PullState&)> progress, Deadline deadline
    ) override;
    Task<Result<std::set<std::string>>> volumes(Deadline deadline) override;
    Task<Result<std::set<std::pair<SessionId, int>>>> own_networks(Deadline deadline) override;
    Task<Result<broker::MachineLoad>> load(Deadline deadline) override;
    broker::HostAccess access() const override;
    Task<std::vector<broker::TestStep>> examine(broker::TellStep tell, Deadline deadline) override;
    Task<Status> accept_key(std::string fingerprint, Deadline deadline) override;
    Task<void> close() override;

    // Labels of an image and what they say: for templates and `berth doctor`.
    Task<Result<ImageDetails>> inspect_image(const std::string& image, Deadline deadline);
    Client& client() noexcept { return client_; }

private:
    using Notice = std::function<void(broker::HostNotice)>;

    Task<Result<ContainerId>> make(const broker::ContainerOrder& order, Deadline deadline);
    Task<Result<ContainerId>>
    make_or_adopt(const broker::ContainerOrder& order, std::string network, Deadline deadline);
    Task<Result<ContainerDetails>> adopt(const broker::ContainerOrder& order, Deadline deadline);
    Task<Result<ContainerConfig>>
    config_for(const broker::ContainerOrder& order, std::string network, Deadline deadline);
    Task<Status>
    deliver_secret(const broker::ContainerOrder& order, std::string container, Deadline deadline);
    Task<Result<std::string>> log_driver(Deadline deadline);

    Task<Status> run(std::string container, Deadline deadline);
    Task<Status> stand_still(std::string container, bool is_paused, Deadline deadline);
    Task<Status> remove_all(SessionId session, int generation, Deadline deadline);
    Task<Status> remove_one(ContainerSummary container, Deadline deadline);
    Task<Status> force_remove(std::string container, Deadline deadline);
    Task<Status> wait_until_gone(std::string container, Deadline deadline);

    Task<Result<std::vector<broker::Observed>>> observe(Deadline deadline);
    Task<Result<ContainerDetails>> inspect_ours(std::string container, Deadline deadline);
    Task<Result<std::unique_ptr<net::ByteStream>>>
    reach(std::string container, std::uint16_t port, net::Traffic traffic, net::Executor executor, Deadline deadline);
    Task<Result<broker::HostFacts>> facts(Deadline deadline);
    void note_machine(const EngineInfo& info);
    Task<Result<broker::MachineLoad>> read_load(Deadline deadline);
    // One step each, given as not tried: what was seen.
    Task<broker::TestStep> examine_clock(broker::TestStep step, Deadline deadline);
    Task<broker::TestStep> examine_disk(broker::TestStep step, Deadline deadline);
    Task<broker::TestStep> examine_network(broker::TestStep step, Deadline deadline);
    Task<Result<std::vector<std::string>>>
    read_logs(std::string container, int lines, Deadline deadline);

    Task<Result<EventStreamPtr>> open_events();
    Task<Status> follow_events(Notice& notice);
    Task<void> on_event(EngineEvent event, Notice& notice);
    bool is_our_doing(const broker::HostNotice& notice, const std::string& container) const;
    std::string label(std::string_view name, std::string_view value) const;
    template <class T>
    Result<T> named(Result<T> result) const; // the host's name in front of an error

    DockerHostConfig config_;
    net::Executor executor_;
    Connector& connector_;
    Client client_;
    Networks networks_;
    std::optional<Milliseconds> round_trip_; // of the last check that was answered
    Machine machine_;                        // as it said
    std::optional<MachineReading> reading_;  // the last one
    std::optional<std::string> log_driver_;              // known after the first look
    std::multiset<std::pair<std::string, int>> endings_; // session, generation under removal
    std::deque<std::string> ended_;                      // ids removed lately by us; bounded
    bool are_events_lost_ = false;
    std::deque<std::string> out_of_memory_; // ids with an oom event; bounded
};

template <class T>
Result<T> DockerHost::named(Result<T> result) const {
    if (result) return result;
    return std::move(result).error().with_context("host " + config_.name);
}

} // namespace berth::docker
