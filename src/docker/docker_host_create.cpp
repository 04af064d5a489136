// SPDX-License-Identifier: Apache-2.0
#include "docker/docker_host.hpp"
#include "docker/labels.hpp"
#include "docker/order.hpp"
#include "docker/secret_archive.hpp"
#include "net/deadline.hpp"

#include <algorithm>

namespace berth::docker {
namespace {

// A name without a container: an engine takes the name first, so one is being made (an answer that
// nobody waited for), or removed. A slow disk makes either take seconds.
constexpr Seconds longest_nameless{10};
constexpr Milliseconds first_pause{50}, longest_pause{500};

// Nothing is known about what the engine did or still does.
bool is_unknown(const Error& error) {
    return error.code() == Errc::timed_out || error.code() == Errc::host_unreachable;
}

} // namespace

Task<Result<ContainerId>>
DockerHost::create(const broker::ContainerOrder& order, Deadline deadline) {
    auto result = co_await make(order, deadline);
    co_return named(std::move(result));
}

Task<Result<ContainerId>> DockerHost::make(const broker::ContainerOrder& order, Deadline deadline) {
    if (auto valid = check_order(order); !valid) co_return valid.error();
    bool is_own = order.spec.network == session::NetworkMode::own;
    Result<std::string> network;
    if (is_own)
        network = co_await networks_.ensure_own(order.session, order.generation, deadline);
    else
        network = co_await networks_.ensure_shared(deadline);
    if (!network) co_return network.error();
    auto container = co_await make_or_adopt(order, std::move(*network), deadline);
    if (!container && is_own && !is_unknown(container.error())) {
        // Surely no container: do not leave its network to the reconciler.
        static_cast<void>(co_await networks_.remove_own(order.session, order.generation, deadline));
    }
    co_return container;
}

Task<Result<ContainerId>> DockerHost::make_or_adopt(
    const broker::ContainerOrder& order, std::string network, Deadline deadline
) {
    auto config = co_await config_for(order, std::move(network), deadline);
    if (!config) co_return config.error();
    auto name = session::container_name(config_.deployment, order.session, order.generation);
    auto last_try = earlier(deadline, deadline_in(longest_nameless));
    for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
        ContainerCreateOptions options;
        options.name = name;
        options.config = *config;
        auto made = co_await client_.container_create(std::move(options), deadline);
        if (made) {
            auto delivered = co_await deliver_secret(order, made->id.str(), deadline);
            if (!delivered) co_return delivered.error();
            co_return made->id;
        }
        if (made.error().code() != Errc::conflict) co_return made.error();
        auto existing = co_await adopt(order, deadline);
        if (existing) {
            // A lost answer may have left it without its secret.
            if (existing->status == ContainerStatus::created) {
                auto delivered = co_await deliver_secret(order, existing->id.str(), deadline);
                if (!delivered) co_return delivered.error();
            }
            co_return existing->id;
        }
        if (existing.error().code() != Errc::not_found) co_return existing.error();
        if (deadline_in(pause) >= last_try)
            co_return Error{
                Errc::engine_error,
                "the engine holds the name " + name + ", but shows no container of that name"};
        co_await net::sleep_for(pause);
    }
}

Task<Result<ContainerDetails>>
DockerHost::adopt(const broker::ContainerOrder& order, Deadline deadline) {
    auto name = session::container_name(config_.deployment, order.session, order.generation);
    auto details = co_await client_.container_inspect(name, deadline);
    if (!details) co_return details.error();
    Identity wanted;
    wanted.session = order.session;
    wanted.generation = order.generation;
    if (identity_from(details->labels, config_.deployment) != wanted)
        co_return Error{Errc::conflict, "container " + name + " exists with other labels"};
    bool is_leaving =
        details->status == ContainerStatus::removing || details->status == ContainerStatus::dead;
    if (is_leaving) co_return Error{Errc::conflict, "container " + name + " is being removed"};
    co_return details;
}

Task<Result<ContainerConfig>> DockerHost::config_for(
    const broker::ContainerOrder& order, std::string network, Deadline deadline
) {
    auto driver = co_await log_driver(deadline);
    if (!driver) co_return driver.error();
    auto config = container_config_for(order);
    config.network = std::move(network);
    config.publish_address = config_.publish_address;
    config.labels = labels_for(order, config_.deployment, config_.program_version);
    config.logs.driver = std::move(*driver);
    co_return config;
}

Task<Result<std::string>> DockerHost::log_driver(Deadline deadline) {
    if (!log_driver_) {
        auto info = co_await client_.info(deadline);
        if (!info) co_return info.error();
        log_driver_ = choose_log_driver(info->log_drivers);
    }
    co_return *log_driver_;
}

Task<Status> DockerHost::deliver_secret(
    const broker::ContainerOrder& order, std::string container, Deadline deadline
) {
    bool is_file = order.spec.secret_delivery == session::SecretDelivery::file;
    if (!is_file || order.spec.secret_target.empty()) co_return Status{};
    auto tar =
        make_secret_archive(order.spec.secret_target, order.spec.secret_uid, order.rfb_secret);
    if (!tar) co_return tar.error();
    ArchivePutOptions options;
    options.container = std::move(container);
    options.tar = std::move(*tar);
    co_return co_await client_.archive_put(std::move(options), deadline);
}

} // namespace berth::docker
