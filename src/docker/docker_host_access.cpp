// SPDX-License-Identifier: Apache-2.0
// What a host does beside sessions' lives: standing still, images, volumes, and how it is reached.
#include "base/limits.hpp"
#include "base/log.hpp"
#include "docker/docker_host.hpp"

#include <algorithm>
#include <map>

namespace berth::docker {
namespace {

// The engine tells of each layer by itself; people want one number.
class PullSum {
public:
    broker::PullState take(const PullProgress& line) {
        if (!line.layer.empty() && line.total_bytes > 0) {
            auto& layer = layers_[line.layer];
            // Extracting counts the same bytes once more: nobody wants to see it go back.
            layer.first = std::max(layer.first, line.current_bytes);
            layer.second = line.total_bytes;
        }
        broker::PullState state;
        for (const auto& [layer, bytes] : layers_) {
            state.done_bytes += bytes.first;
            state.total_bytes += bytes.second;
        }
        state.text = log_safe(line.status, 80);
        return state;
    }

private:
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> layers_;
};

} // namespace

// ---- standing still -----------------------------------------------------------------------------

Task<Status> DockerHost::pause(const ContainerId& container, Deadline deadline) {
    auto result = co_await stand_still(container.str(), true, deadline);
    co_return named(std::move(result));
}

Task<Status> DockerHost::unpause(const ContainerId& container, Deadline deadline) {
    auto result = co_await stand_still(container.str(), false, deadline);
    co_return named(std::move(result));
}

Task<Status> DockerHost::stand_still(std::string container, bool is_paused, Deadline deadline) {
    auto task = is_paused ? client_.container_pause(container, deadline) : client_.container_unpause(container, deadline);
    auto done = co_await std::move(task);
    if (done) co_return done;
    // The engine refuses what is so already, in words of its own.
    auto details = co_await inspect_ours(container, deadline);
    if (!details) co_return details.error();
    auto wanted = is_paused ? ContainerStatus::paused : ContainerStatus::running;
    if (details->status == wanted) co_return Status{};
    co_return done;
}

// ---- images and volumes -------------------------------------------------------------------------

Task<Status> DockerHost::pull(
    std::string image, std::function<void(const broker::PullState&)> progress, Deadline deadline
) {
    ImagePullOptions options;
    options.image = std::move(image);
    PullSum sum;
    std::function<void(const PullProgress&)> on_line = [&sum, &progress](const PullProgress& line) {
        if (progress) progress(sum.take(line));
    };
    auto pulled = co_await client_.image_pull(std::move(options), std::move(on_line), deadline);
    co_return named(std::move(pulled));
}

Task<Result<std::set<std::string>>> DockerHost::volumes(Deadline deadline) {
    Filters all;
    auto list = co_await client_.volume_list(std::move(all), deadline);
    auto named_list = named(std::move(list));
    if (!named_list) co_return named_list.error();
    std::set<std::string> names;
    for (const auto& volume : *named_list) names.insert(volume.name);
    co_return names;
}

// ---- the way in ---------------------------------------------------------------------------------

broker::HostAccess DockerHost::access() const {
    auto report = connector_.report();
    broker::HostAccess access;
    access.way = report.way;
    access.last_error = report.last_error;
    switch (report.key) {
    case ssh::KeyState::none: access.key = broker::KeyStatus::none; break;
    case ssh::KeyState::ok: access.key = broker::KeyStatus::ok; break;
    case ssh::KeyState::unknown: access.key = broker::KeyStatus::unknown; break;
    case ssh::KeyState::changed: access.key = broker::KeyStatus::changed; break;
    }
    access.key_type = report.offered.type;
    access.fingerprint = report.offered.fingerprint;
    access.known_fingerprint = report.known.fingerprint;
    access.connections = report.connections;
    access.most_connections = report.most_connections;
    access.round_trip = round_trip_;
    return access;
}

namespace {

// Over a connection that nobody else uses: what is kept may still answer although the way is broken.
Task<ssh::Step> ask_engine(net::Executor executor, net::Dialer& engine, Client::Config config, Deadline deadline) {
    ssh::Step step;
    step.title = "The Docker engine answers";
    auto began = std::chrono::steady_clock::now();
    Client client{executor, engine, std::move(config)};
    auto info = co_await client.info(deadline);
    step.took = since(began);
    if (info) {
        auto spoken = co_await client.api_version(deadline); // known since the call before
        step.state = ssh::StepState::ok;
        step.text = "Docker " + info->server_version + ", API " + (spoken ? *spoken : "");
        co_return step;
    }
    step.state = ssh::StepState::failed;
    step.text = info.error().operator_text();
    step.remedy = info.error().code() == Errc::invalid_input
                      ? "Use Docker 19.03 (API 1.40) or newer there."
                      : "Start the engine there (systemctl start docker), and let the account use its socket (group docker).";
    co_return step;
}

broker::TestStep test_step(ssh::Step seen) {
    broker::TestStep step;
    step.name = std::move(seen.name);
    step.title = std::move(seen.title);
    switch (seen.state) {
    case ssh::StepState::ok: step.state = broker::TestState::ok; break;
    case ssh::StepState::failed: step.state = broker::TestState::failed; break;
    case ssh::StepState::skipped: step.state = broker::TestState::skipped; break;
    }
    step.took = seen.took;
    step.text = std::move(seen.text);
    step.remedy = std::move(seen.remedy);
    return step;
}

} // namespace

Task<std::vector<broker::TestStep>> DockerHost::examine(Deadline deadline) {
    auto until = earlier(deadline, deadline_in(limits::host_examination));
    ssh::AskEngine ask = [this](net::Dialer& engine, Deadline limit) {
        return ask_engine(executor_, engine, config_.client, limit);
    };
    auto examining = connector_.examine(std::move(ask), until);
    auto seen = co_await std::move(examining);
    std::vector<broker::TestStep> steps;
    for (auto& one : seen) steps.push_back(test_step(std::move(one)));
    co_return steps;
}

Task<Status> DockerHost::accept_key(std::string fingerprint, Deadline deadline) {
    auto accepted = co_await connector_.accept_key(std::move(fingerprint), deadline);
    co_return named(std::move(accepted));
}

Task<void> DockerHost::close() { return connector_.stop(); }

} // namespace berth::docker
