// SPDX-License-Identifier: Apache-2.0
#pragma once
// One logger per folder. A line is an event word, fields, then text: log("docker").warn(
// "host_down host={} reason={}", …). Levels by who must act: error = someone now, warn = someone
// soon, info = the service's state changed, debug = on demand. Never a Secret: it has no formatter.

#include <spdlog/logger.h>

#include <memory>
#include <string_view>

namespace berth {

// Creates the area's logger at first use; thread-safe; valid until the end of the process.
spdlog::logger& log(std::string_view area);

enum class LogFormat { text, json };
// Once at start, before threads. level: trace|debug|info|warn|error|off. Goes to standard error.
void configure_log(std::string_view level, LogFormat format);
// Removes control characters and caps the length: every text from outside goes through it.
std::string log_safe(std::string_view text, std::size_t longest = 200);

} // namespace berth
