// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "base/scope_exit.hpp"
#include "docker/docker_host.hpp"
#include "docker/labels.hpp"
#include "net/deadline.hpp"

namespace berth::docker {
namespace {

constexpr std::size_t remembered_endings = 1024;
constexpr int most_attempts = 3;
constexpr Milliseconds first_pause{50}, longest_pause{500};
// What the engine may need beyond the grace to report a stop.
constexpr Seconds stop_margin{10};

bool is_gone(const Error& error) {
    return error.code() == Errc::not_found;
}

} // namespace

Task<Status> DockerHost::remove(const SessionId& session, int generation, Deadline deadline) {
    auto ending = endings_.emplace(session.str(), generation);
    ScopeExit forget{[this, ending] { endings_.erase(ending); }};
    auto result = co_await remove_all(session, generation, deadline);
    co_return named(std::move(result));
}

Task<Status> DockerHost::remove_all(SessionId session, int generation, Deadline deadline) {
    std::vector<std::string> wanted;
    wanted.push_back(label(labels::deployment, config_.deployment));
    wanted.push_back(label(labels::session, session.str()));
    wanted.push_back(label(labels::generation, std::to_string(generation)));
    while (true) {
        ContainerListOptions options;
        options.filters.emplace_back("label", wanted);
        auto list = co_await client_.container_list(std::move(options), deadline);
        if (!list) co_return list.error();
        if (list->empty()) break;
        // Again and again only while there is time: a container that comes back is not ours to
        // chase.
        if (std::chrono::steady_clock::now() >= deadline)
            co_return Error{
                Errc::timed_out, "the containers of session " + session.str() + " do not go away"};
        for (const auto& container : *list) {
            auto removed = co_await remove_one(container, deadline);
            if (!removed) co_return removed.error();
        }
    }
    co_return co_await networks_.remove_own(std::move(session), generation, deadline);
}

Task<Status> DockerHost::remove_one(ContainerSummary container, Deadline deadline) {
    auto id = container.id.str();
    ended_.push_back(id);
    if (ended_.size() > remembered_endings) ended_.pop_front();
    bool is_alive = container.status == ContainerStatus::running ||
                    container.status == ContainerStatus::paused ||
                    container.status == ContainerStatus::restarting;
    if (is_alive) {
        ContainerStopOptions stop;
        stop.container = id;
        stop.grace_s = static_cast<int>(limits::stop_grace.count());
        auto limit = earlier(deadline, deadline_in(limits::stop_grace + stop_margin));
        auto stopped = co_await client_.container_stop(std::move(stop), limit);
        if (!stopped && is_gone(stopped.error())) co_return Status{};
        if (!stopped && stopped.error().code() == Errc::host_unreachable) co_return stopped.error();
        if (!stopped) {
            ContainerKillOptions kill;
            kill.container = id;
            // Whether it helped shows in the removal.
            static_cast<void>(co_await client_.container_kill(std::move(kill), deadline));
        }
    }
    co_return co_await force_remove(std::move(id), deadline);
}

Task<Status> DockerHost::force_remove(std::string container, Deadline deadline) {
    auto pause = first_pause;
    for (int attempt = 1;; ++attempt) {
        ContainerRemoveOptions options;
        options.container = container;
        auto removed = co_await client_.container_remove(std::move(options), deadline);
        if (removed || is_gone(removed.error())) co_return Status{};
        // "removal … is already in progress": somebody else's, or an earlier one of ours.
        if (removed.error().code() == Errc::conflict)
            co_return co_await wait_until_gone(std::move(container), deadline);
        if (removed.error().code() != Errc::engine_error || attempt == most_attempts)
            co_return removed.error();
        co_await net::sleep_until(earlier(deadline, deadline_in(pause)));
        pause *= 4;
    }
}

Task<Status> DockerHost::wait_until_gone(std::string container, Deadline deadline) {
    for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
        auto details = co_await client_.container_inspect(container, deadline);
        if (!details && is_gone(details.error())) co_return Status{};
        if (!details) co_return details.error();
        if (std::chrono::steady_clock::now() >= deadline)
            co_return Error{
                Errc::timed_out,
                "the removal of container " + container.substr(0, 12) + " does not end"};
        co_await net::sleep_until(earlier(deadline, deadline_in(pause)));
    }
}

} // namespace berth::docker
