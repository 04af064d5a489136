// SPDX-License-Identifier: Apache-2.0
#pragma once
// One event of GET /events.

#include "base/error.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace berth::docker {

struct EngineEvent {
    EngineEvent() = default;
    std::string type;   // "container"
    std::string action; // "die", "oom", "destroy" …
    std::string id;
    std::map<std::string, std::string> attributes; // labels too, and "exitCode" of a die
    std::int64_t time_ns = 0;                      // the engine's clock
};

Result<EngineEvent> decode_event(std::string_view line);

} // namespace berth::docker
