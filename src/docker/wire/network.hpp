// SPDX-License-Identifier: Apache-2.0
#pragma once
// Networks: body of a creation, answers of list and inspect.

#include "base/error.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace berth::docker {

struct NetworkConfig {
    NetworkConfig() = default;
    std::string name;
    std::string driver = "bridge";
    std::string subnet; // CIDR; empty: the engine's choice
    bool is_internal = false;
    std::map<std::string, std::string> options, labels;
};

struct NetworkDetails {
    NetworkDetails() = default;
    std::string id, name, driver;
    std::map<std::string, std::string> options, labels;
    std::vector<std::string> subnets;    // CIDR, both families
    std::vector<std::string> containers; // ids; in inspect only
};

std::string encode_network_config(const NetworkConfig& config);
std::string encode_network_connect(std::string_view container);
std::string encode_network_disconnect(std::string_view container, bool force);
Result<NetworkDetails> decode_network(std::string_view body);
Result<std::vector<NetworkDetails>> decode_network_list(std::string_view body);
Result<std::string> decode_network_created(std::string_view body); // the id

} // namespace berth::docker
