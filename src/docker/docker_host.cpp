// SPDX-License-Identifier: Apache-2.0
#include "docker/docker_host.hpp"

#include "docker/image_description.hpp"

#include "base/limits.hpp"
#include "base/log.hpp"
#include "docker/image_description.hpp"
#include "docker/labels.hpp"
#include "docker/order.hpp"
#include "net/deadline.hpp"

#include <algorithm>

namespace berth::docker {
namespace {

constexpr std::string_view default_pool = "10.231.0.0/16";
constexpr std::size_t longest_log_line = 2000;

NetworkPolicy policy_of(const DockerHostConfig& config) {
    NetworkPolicy policy;
    policy.deployment = config.deployment;
    auto pool = parse_subnet(config.network_pool);
    policy.pool = pool && pool->bits <= 22 ? *pool : *parse_subnet(default_pool);
    return policy;
}

broker::ContainerState state_of(ContainerStatus status) {
    switch (status) {
    case ContainerStatus::created:
        return broker::ContainerState::created;
    case ContainerStatus::running:
        return broker::ContainerState::running;
    case ContainerStatus::paused:
        return broker::ContainerState::paused;
    case ContainerStatus::exited:
    case ContainerStatus::dead:
        return broker::ContainerState::exited;
    case ContainerStatus::restarting:
    case ContainerStatus::removing:
    case ContainerStatus::unknown:
        break;
    }
    return broker::ContainerState::other;
}

std::vector<std::string> last_lines(const std::vector<OutputChunk>& chunks, std::size_t most) {
    std::string text;
    for (const auto& chunk : chunks)
        text += chunk.data;
    std::vector<std::string> lines;
    for (std::string_view rest = text; !rest.empty();) {
        auto end = rest.find('\n');
        auto line = rest.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.push_back(log_safe(line, longest_log_line));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    if (lines.size() > most)
        lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(most));
    return lines;
}

// The engine is not believed about addresses (T-50): only the port counts, and only one that is
// published where this host's loopback reaches it.
std::uint16_t published_port(const ContainerDetails& details, std::uint16_t port) {
    for (const auto& binding : details.ports) {
        bool is_reachable = binding.host_ip == "127.0.0.1" || binding.host_ip == "0.0.0.0" ||
                            binding.host_ip.empty();
        if (binding.container_port == port && binding.protocol == "tcp" && is_reachable)
            return binding.host_port;
    }
    return 0;
}

} // namespace

DockerHost::DockerHost(net::Executor executor, Connector& connector, DockerHostConfig config)
    : config_{std::move(config)}
    , executor_{executor}
    , connector_{connector}
    , client_{executor, connector.engine(), config_.client}
    , networks_{client_, policy_of(config_)} {}

std::string DockerHost::label(std::string_view name, std::string_view value) const {
    return std::string{name} + "=" + std::string{value};
}

// ---- start --------------------------------------------------------------------------------------

Task<Status> DockerHost::start(const ContainerId& container, Deadline deadline) {
    auto result = co_await run(container.str(), deadline);
    co_return named(std::move(result));
}

Task<Status> DockerHost::run(std::string container, Deadline deadline) {
    auto started = co_await client_.container_start(container, deadline);
    if (started) co_return Status{};
    auto error = std::move(started).error();
    if (error.code() == Errc::not_found) {
        // The engine says the same when something the container needs is missing, e.g. its network.
        auto details = co_await inspect_ours(container, deadline);
        if (!details) co_return error;
    }
    bool is_refusal = error.code() == Errc::invalid_input || error.code() == Errc::conflict ||
                      error.code() == Errc::not_found;
    if (is_refusal) co_return Error{Errc::engine_error, error.operator_text()};
    co_return error;
}

// ---- looking ------------------------------------------------------------------------------------

Task<Result<std::vector<broker::Observed>>> DockerHost::list(Deadline deadline) {
    auto result = co_await observe(deadline);
    co_return named(std::move(result));
}

Task<Result<std::set<std::pair<SessionId, int>>>> DockerHost::own_networks(Deadline deadline) {
    std::vector<std::string> wanted;
    wanted.push_back(label(labels::deployment, config_.deployment));
    wanted.push_back(label(labels::network, "own"));
    Filters filters;
    filters.emplace_back("label", std::move(wanted));
    auto list = co_await client_.network_list(std::move(filters), deadline);
    auto named_list = named(std::move(list));
    if (!named_list) co_return named_list.error();
    std::set<std::pair<SessionId, int>> owners;
    for (const auto& network : *named_list) {
        auto owner = identity_from(network.labels, config_.deployment);
        if (owner) owners.emplace(owner->session, owner->generation);
    }
    co_return owners;
}

Task<Result<std::vector<broker::Observed>>> DockerHost::observe(Deadline deadline) {
    std::vector<std::string> wanted;
    wanted.push_back(label(labels::deployment, config_.deployment));
    ContainerListOptions options;
    options.filters.emplace_back("label", std::move(wanted));
    auto summaries = co_await client_.container_list(std::move(options), deadline);
    if (!summaries) co_return summaries.error();
    std::vector<broker::Observed> list;
    for (const auto& summary : *summaries) {
        auto identity = identity_from(summary.labels, config_.deployment);
        if (!identity) continue; // labelled by somebody else in our name: not ours to judge
        broker::Observed observed;
        observed.container = summary.id;
        observed.session = identity->session;
        observed.generation = identity->generation;
        observed.state = state_of(summary.status);
        observed.image_id = summary.image_id;
        if (observed.state == broker::ContainerState::exited) {
            // The list does not tell how it ended.
            auto details = co_await client_.container_inspect(summary.id.str(), deadline);
            if (!details && details.error().code() == Errc::not_found) continue;
            if (!details) co_return details.error();
            observed.state = state_of(details->status);
            observed.exit_code = details->exit_code;
            observed.is_oom_killed = details->is_oom_killed;
            observed.error = log_safe(details->error);
        }
        list.push_back(std::move(observed));
    }
    co_return list;
}

Task<Result<ContainerDetails>> DockerHost::inspect_ours(std::string container, Deadline deadline) {
    auto details = co_await client_.container_inspect(container, deadline);
    if (!details) co_return details.error();
    if (!identity_from(details->labels, config_.deployment))
        co_return Error{
            Errc::not_found, "container " + container.substr(0, 12) + " is not of this deployment"};
    co_return details;
}

Task<Result<std::vector<std::string>>>
DockerHost::logs(const ContainerId& container, int lines, Deadline deadline) {
    auto result = co_await read_logs(container.str(), lines, deadline);
    co_return named(std::move(result));
}

Task<Result<std::vector<std::string>>>
DockerHost::read_logs(std::string container, int lines, Deadline deadline) {
    auto details = co_await inspect_ours(container, deadline);
    if (!details) co_return details.error();
    ContainerLogsOptions options;
    options.container = container;
    options.last_lines = std::clamp(lines, 1, 1000);
    options.has_tty = details->has_tty;
    options.max_bytes = limits::engine_reply;
    auto most = static_cast<std::size_t>(options.last_lines);
    auto output = co_await client_.container_logs(std::move(options), deadline);
    if (!output) co_return output.error();
    co_return last_lines(output->chunks, most);
}

// ---- reaching -----------------------------------------------------------------------------------

Task<Result<std::unique_ptr<net::ByteStream>>> DockerHost::dial(
    const ContainerId& container, std::uint16_t port, net::Traffic traffic, net::Executor executor, Deadline deadline
) {
    auto result = co_await reach(container.str(), port, traffic, std::move(executor), deadline);
    co_return named(std::move(result));
}

Task<Result<std::unique_ptr<net::ByteStream>>> DockerHost::reach(
    std::string container, std::uint16_t port, net::Traffic traffic, net::Executor executor, Deadline deadline
) {
    // Looked up each time: the port changes when the container restarts (M-9).
    auto details = co_await inspect_ours(container, deadline);
    if (!details) co_return details.error();
    if (details->status != ContainerStatus::running)
        co_return Error{Errc::not_ready, "the container does not run"};
    auto published = published_port(*details, port);
    if (published == 0)
        co_return Error{Errc::not_ready, "port " + std::to_string(port) + " is not published"};
    auto task = connector_.dial_port(published, traffic, std::move(executor), deadline);
    auto stream = co_await std::move(task);
    if (!stream && stream.error().code() == Errc::host_unreachable)
        co_return Error{Errc::not_ready, stream.error().operator_text()};
    co_return stream;
}

// ---- the engine itself --------------------------------------------------------------------------

Task<Result<broker::HostFacts>> DockerHost::check(Deadline deadline) {
    auto result = co_await facts(deadline);
    co_return named(std::move(result));
}

Task<Result<broker::HostFacts>> DockerHost::facts(Deadline deadline) {
    auto began = std::chrono::steady_clock::now();
    auto info = co_await client_.info(deadline);
    if (!info) co_return info.error();
    round_trip_ = since(began);
    auto version = co_await client_.version(deadline);
    if (!version) co_return version.error();
    log_driver_ = choose_log_driver(info->log_drivers);
    note_machine(*info);
    broker::HostFacts facts;
    facts.engine_id = info->id;
    facts.version = version->version;
    facts.api_version = version->api_version;
    facts.os = info->operating_system;
    facts.cpus = info->cpus;
    facts.memory_bytes = info->memory_bytes;
    co_return facts;
}

void DockerHost::note_machine(const EngineInfo& info) {
    machine_.name = info.name;
    machine_.data_root = info.data_root;
}

Task<Result<broker::ImageFacts>>
DockerHost::check_image(const std::string& image, Deadline deadline) {
    auto details = co_await inspect_image(image, deadline);
    if (!details) co_return details.error();
    auto said = describe_image(details->labels);
    broker::ImageFacts facts;
    facts.id = details->id;
    facts.endpoints = std::move(said.endpoints);
    facts.secret_delivery = said.secret_delivery;
    facts.secret_target = std::move(said.secret_target);
    facts.user_id = said.user_id;
    facts.resolution_env = std::move(said.resolution_env);
    co_return facts;
}

Task<Result<ImageDetails>> DockerHost::inspect_image(const std::string& image, Deadline deadline) {
    auto details = co_await client_.image_inspect(image, deadline);
    co_return named(std::move(details));
}

} // namespace berth::docker
