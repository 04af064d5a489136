// SPDX-License-Identifier: Apache-2.0
// What a host does beside sessions' lives: standing still, images, volumes, and how it is reached.
#include "base/limits.hpp"
#include "base/log.hpp"
#include "docker/docker_host.hpp"

#include <algorithm>
#include <array>

namespace berth::docker {
namespace {

constexpr std::size_t most_layers = 128; // an image has at most 127
constexpr Seconds clocks_apart{60};

// The engine tells of each layer by itself; people want one number, too.
class PullSum {
public:
    broker::PullState take(const PullProgress& line) {
        if (auto* layer = layer_of(line)) {
            layer->text = log_safe(line.status, 80);
            // Extracting counts the same bytes once more: nobody wants to see it go back.
            layer->done_bytes = std::max(layer->done_bytes, line.current_bytes);
            if (line.total_bytes > 0) layer->total_bytes = line.total_bytes;
            if (is_done(*layer)) layer->done_bytes = layer->total_bytes;
        }
        auto state = sum_;
        for (const auto& layer : state.layers) {
            if (layer.total_bytes == 0) continue;
            state.done_bytes += layer.done_bytes;
            state.total_bytes += layer.total_bytes;
        }
        state.text = log_safe(line.status, 80);
        return state;
    }

private:
    static bool is_done(const broker::PullLayer& layer) {
        return layer.text == "Pull complete" || layer.text == "Already exists";
    }
    // The engine also puts the tag where a layer's id stands, without a number of bytes.
    broker::PullLayer* layer_of(const PullProgress& line) {
        if (line.layer.empty() || line.status.starts_with("Pulling from")) return nullptr;
        auto known = std::ranges::find(sum_.layers, line.layer, &broker::PullLayer::id);
        if (known != sum_.layers.end()) return &*known;
        if (sum_.layers.size() >= most_layers) return nullptr;
        broker::PullLayer layer;
        layer.id = log_safe(line.layer, 80);
        sum_.layers.push_back(std::move(layer));
        return &sum_.layers.back();
    }
    broker::PullState sum_; // only its layers
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

Task<void> keep(std::vector<broker::TestStep>& steps, const broker::TellStep& tell, broker::TestStep step) {
    steps.push_back(step);
    if (!tell) co_return;
    auto telling = tell(std::move(step));
    co_await std::move(telling);
}

broker::TestStep not_tried(const char* name, const char* title) {
    broker::TestStep step;
    step.name = name;
    step.title = title;
    step.text = "not tried";
    return step;
}

} // namespace

Task<std::vector<broker::TestStep>> DockerHost::examine(broker::TellStep tell, Deadline deadline) {
    auto until = earlier(deadline, deadline_in(limits::host_examination));
    ssh::AskEngine ask = [this](net::Dialer& engine, Deadline limit) {
        return ask_engine(executor_, engine, config_.client, limit);
    };
    std::vector<broker::TestStep> steps;
    ssh::TellStep take = [&steps, &tell](ssh::Step seen) { return keep(steps, tell, test_step(std::move(seen))); };
    auto examining = connector_.examine(std::move(ask), std::move(take), until);
    static_cast<void>(co_await std::move(examining));
    auto has_failed = std::ranges::any_of(steps, [](const auto& step) { return step.state == broker::TestState::failed; });
    struct Look {
        const char* name;
        const char* title;
        Task<broker::TestStep> (DockerHost::*at)(broker::TestStep, Deadline);
    };
    static constexpr std::array looks{
        Look{"clock", "Its clock", &DockerHost::examine_clock},
        Look{"disk", "Room for desktops", &DockerHost::examine_disk},
        Look{"network", "The network of the desktops", &DockerHost::examine_network}};
    for (const auto& look : looks) {
        auto step = not_tried(look.name, look.title);
        if (!has_failed) {
            auto began = std::chrono::steady_clock::now();
            auto looking = (this->*look.at)(std::move(step), until);
            step = co_await std::move(looking);
            step.took = since(began);
        }
        auto keeping = keep(steps, tell, std::move(step));
        co_await std::move(keeping);
    }
    co_return steps;
}

Task<broker::TestStep> DockerHost::examine_clock(broker::TestStep step, Deadline deadline) {
    auto info = co_await client_.info(deadline);
    if (info) note_machine(*info);
    auto theirs = info ? parse_engine_time(info->system_time) : std::nullopt;
    if (!theirs) {
        step.text = info ? "the engine does not say its time" : info.error().operator_text();
        co_return step;
    }
    auto apart = std::chrono::abs(std::chrono::duration_cast<Seconds>(SystemClock{}.now() - *theirs));
    step.state = apart > clocks_apart ? broker::TestState::failed : broker::TestState::ok;
    step.text = std::to_string(apart.count()) + " s apart from this machine's";
    if (apart > clocks_apart) step.remedy = "Let both machines keep time (systemd-timesyncd, chrony).";
    co_return step;
}

Task<broker::TestStep> DockerHost::examine_disk(broker::TestStep step, Deadline deadline) {
    auto load = co_await read_load(deadline);
    if (!load || load->disk_total == 0) {
        step.text = load ? "the machine does not tell of it" : load.error().operator_text();
        co_return step;
    }
    constexpr std::int64_t mebibyte = std::int64_t{1} << 20;
    auto is_full = broker::is_disk_nearly_full(*load);
    step.state = is_full ? broker::TestState::failed : broker::TestState::ok;
    step.text = std::to_string((load->disk_total - load->disk_used) / mebibyte) + " MiB of " +
                std::to_string(load->disk_total / mebibyte) + " free at " + machine_.data_root;
    if (is_full) step.remedy = "Make room there: docker image prune, docker volume prune, or a larger disk.";
    co_return step;
}

Task<broker::TestStep> DockerHost::examine_network(broker::TestStep step, Deadline deadline) {
    auto there = co_await networks_.has_shared(deadline);
    step.state = there ? broker::TestState::ok : broker::TestState::failed;
    if (there) {
        step.text = *there ? "it is there, and desktops cannot reach each other on it" : "it is made with the first desktop";
        co_return step;
    }
    step.text = there.error().operator_text();
    step.remedy = there.error().code() == Errc::conflict
                      ? "Remove it there (docker network rm), it is made anew with the first desktop."
                      : "See the engine's log there (journalctl -u docker).";
    co_return step;
}

// ---- the machine --------------------------------------------------------------------------------

Task<Result<broker::MachineLoad>> DockerHost::load(Deadline deadline) {
    auto result = co_await read_load(deadline);
    co_return named(std::move(result));
}

Task<Result<broker::MachineLoad>> DockerHost::read_load(Deadline deadline) {
    auto reading = connector_.read_machine(machine_, deadline);
    auto now = co_await std::move(reading);
    if (!now) co_return now.error();
    auto load = load_of(*now, reading_ ? &*reading_ : nullptr, machine_.data_root);
    reading_ = std::move(*now);
    co_return load;
}

Task<Status> DockerHost::accept_key(std::string fingerprint, Deadline deadline) {
    auto accepted = co_await connector_.accept_key(std::move(fingerprint), deadline);
    co_return named(std::move(accepted));
}

Task<void> DockerHost::close() { return connector_.stop(); }

} // namespace berth::docker
