// SPDX-License-Identifier: Apache-2.0
#pragma once
// The engine's status and words → Error. The one place that knows what 409 means.

#include "base/error.hpp"

#include <string_view>

namespace berth::docker {

// What a "not found" is about.
enum class Subject { container, image, network, volume, exec, system };

// The engine's own sentence: "message" of a JSON body, else the text itself; one line, capped.
std::string message_of(std::string_view body);

// For a status of 300 and more. `operation` is ours ("container create"), for the operator.
Error error_from_reply(
    std::string_view operation, Subject subject, int status, std::string_view body
);

} // namespace berth::docker
