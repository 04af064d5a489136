// SPDX-License-Identifier: Apache-2.0
#include "docker/networks.hpp"

#include "base/scope_exit.hpp"
#include "docker/hash.hpp"
#include "docker/labels.hpp"
#include "net/deadline.hpp"

#include <algorithm>
#include <charconv>

namespace berth::docker {
namespace {

// Ranges that the engine refuses although its list did not show them: routes, races.
constexpr int most_attempts = 12;
constexpr Milliseconds retry_pause{100};

std::uint32_t seed_of(std::string_view name) {
    auto hex = sha256_hex(name).substr(0, 8);
    std::uint32_t seed = 0;
    std::from_chars(hex.data(), hex.data() + hex.size(), seed, 16);
    return seed;
}

NetworkConfig bridge_config(const NetworkPolicy& policy, std::string name, std::string_view kind) {
    NetworkConfig config;
    config.options["com.docker.network.bridge.name"] = bridge_name(name);
    config.options["com.docker.network.bridge.enable_icc"] = "false";
    config.labels[std::string{labels::deployment}] = policy.deployment;
    config.labels[std::string{labels::network}] = kind;
    config.name = std::move(name);
    return config;
}

} // namespace

std::string shared_network_name(std::string_view deployment) {
    return "berth-" + std::string{deployment};
}

std::string
own_network_name(std::string_view deployment, const SessionId& session, int generation) {
    return shared_network_name(deployment) + "-" + session.str() + "-" + std::to_string(generation);
}

std::string bridge_name(std::string_view network) {
    return std::string{bridge_prefix} + sha256_hex(network).substr(0, 8);
}

Networks::Networks(Client& client, NetworkPolicy policy)
    : client_{client}
    , policy_{std::move(policy)} {}

Task<Result<std::string>> Networks::ensure_shared(Deadline deadline) {
    auto config = bridge_config(policy_, shared_network_name(policy_.deployment), "shared");
    co_return co_await ensure(std::move(config), SubnetUse::shared, deadline);
}

Task<Result<bool>> Networks::has_shared(Deadline deadline) {
    auto config = bridge_config(policy_, shared_network_name(policy_.deployment), "shared");
    co_return co_await is_there(config, deadline);
}

Task<Result<std::string>>
Networks::ensure_own(SessionId session, int generation, Deadline deadline) {
    auto name = own_network_name(policy_.deployment, session, generation);
    auto config = bridge_config(policy_, std::move(name), "own");
    config.labels[std::string{labels::session}] = session.str();
    config.labels[std::string{labels::generation}] = std::to_string(generation);
    co_return co_await ensure(std::move(config), SubnetUse::own, deadline);
}

Task<Result<bool>> Networks::is_there(const NetworkConfig& config, Deadline deadline) {
    auto network = co_await client_.network_inspect(config.name, deadline);
    if (!network && network.error().code() == Errc::not_found) co_return false;
    if (!network) co_return network.error();
    // The engine also finds by the beginning of an id.
    if (network->name != config.name) co_return false;
    bool is_ours = std::ranges::all_of(config.labels, [&](const auto& label) {
        auto found = network->labels.find(label.first);
        return found != network->labels.end() && found->second == label.second;
    });
    // A bridge without isolation would be worse than none.
    auto icc = network->options.find("com.docker.network.bridge.enable_icc");
    bool is_isolated = icc != network->options.end() && icc->second == "false";
    if (!is_ours || !is_isolated)
        co_return Error{
            Errc::conflict, "network " + config.name + " exists, but is not ours or not isolated"};
    co_return true;
}

Task<Result<std::vector<Subnet>>> Networks::taken_subnets(Deadline deadline) {
    Filters all;
    auto list = co_await client_.network_list(std::move(all), deadline);
    if (!list) co_return list.error();
    auto taken = reserved_;
    for (const auto& network : *list) {
        for (const auto& text : network.subnets) {
            if (auto subnet = parse_subnet(text)) taken.push_back(*subnet);
        }
    }
    co_return taken;
}

Task<Result<std::string>> Networks::ensure(NetworkConfig config, SubnetUse use, Deadline deadline) {
    std::vector<Subnet> refused;
    for (int attempt = 1;; ++attempt) {
        auto there = co_await is_there(config, deadline);
        if (!there) co_return there.error();
        if (*there) co_return config.name;
        auto taken = co_await taken_subnets(deadline);
        if (!taken) co_return taken.error();
        taken->insert(taken->end(), refused.begin(), refused.end());
        auto subnet = choose_subnet(policy_.pool, use, seed_of(config.name), *taken);
        if (!subnet)
            co_return Error{
                Errc::no_capacity,
                "no free address range in " + to_string(policy_.pool) + " for a network"};
        config.subnet = to_string(*subnet);
        reserved_.push_back(*subnet);
        ScopeExit release{[this, &subnet] { std::erase(reserved_, *subnet); }};
        auto made = co_await client_.network_create(config, deadline);
        if (made) co_return config.name;
        auto code = made.error().code();
        // Name or range is taken, as the engine says with 409, 403 or 400 by its version: look
        // again, then try the next range.
        bool may_retry = code == Errc::conflict || code == Errc::invalid_input;
        if (!may_retry || attempt == most_attempts) co_return made.error();
        refused.push_back(*subnet);
    }
}

Task<Status> Networks::remove_own(SessionId session, int generation, Deadline deadline) {
    std::vector<std::string> wanted;
    wanted.push_back(std::string{labels::deployment} + "=" + policy_.deployment);
    wanted.push_back(std::string{labels::session} + "=" + session.str());
    wanted.push_back(std::string{labels::generation} + "=" + std::to_string(generation));
    Filters filters;
    filters.emplace_back("label", std::move(wanted));
    auto list = co_await client_.network_list(std::move(filters), deadline);
    if (!list) co_return list.error();
    for (const auto& network : *list) {
        auto removed = co_await remove_one(network.id, deadline);
        if (!removed) co_return removed.error();
    }
    co_return Status{};
}

Task<Status> Networks::remove_one(std::string network, Deadline deadline) {
    for (int attempt = 1;; ++attempt) {
        auto removed = co_await client_.network_remove(network, deadline);
        if (removed || removed.error().code() == Errc::not_found) co_return Status{};
        if (removed.error().code() != Errc::conflict || attempt == most_attempts)
            co_return removed.error();
        // Somebody is still attached: an end that the engine has not finished, or a foreign
        // container that was put there by hand.
        auto details = co_await client_.network_inspect(network, deadline);
        if (details) {
            for (const auto& container : details->containers) {
                NetworkDisconnectOptions options;
                options.network = network;
                options.container = container;
                // Whether it helped is seen at the next attempt.
                static_cast<void>(co_await client_.network_disconnect(std::move(options), deadline)
                );
            }
        }
        co_await net::sleep_until(earlier(deadline, deadline_in(retry_pause)));
    }
}

} // namespace berth::docker
