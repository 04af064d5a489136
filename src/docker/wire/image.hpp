// SPDX-License-Identifier: Apache-2.0
#pragma once
// Images and the progress of a pull.

#include "base/error.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace berth::docker {

struct ImageDetails {
    ImageDetails() = default;
    std::string id; // "sha256:…"
    std::vector<std::string> tags, digests;
    std::map<std::string, std::string> labels;
    std::vector<std::uint16_t> exposed_ports; // TCP
    std::string user, os, architecture;
    std::int64_t size_bytes = 0;
};

// One line of the answer to a pull. A line with `error` ends it, though the status was 200.
struct PullProgress {
    PullProgress() = default;
    std::string layer, status, error;
    std::int64_t current_bytes = 0, total_bytes = 0;
};

Result<ImageDetails> decode_image(std::string_view body);
Result<PullProgress> decode_pull_progress(std::string_view line);

} // namespace berth::docker
