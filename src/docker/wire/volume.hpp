// SPDX-License-Identifier: Apache-2.0
#pragma once
// Volumes.

#include "base/error.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace berth::docker {

struct VolumeConfig {
    VolumeConfig() = default;
    std::string name;
    std::string driver = "local";
    std::map<std::string, std::string> options, labels;
};

struct VolumeDetails {
    VolumeDetails() = default;
    std::string name, driver, mountpoint;
    std::map<std::string, std::string> labels;
};

std::string encode_volume_config(const VolumeConfig& config);
Result<VolumeDetails> decode_volume(std::string_view body);
Result<std::vector<VolumeDetails>> decode_volume_list(std::string_view body);

} // namespace berth::docker
