// SPDX-License-Identifier: Apache-2.0
#pragma once
// Amounts as people write them. Pure; each parse_ accepts what its format_ writes.

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace berth::config {

// "1h30m", "90s", "7d", or whole seconds without a unit. Units from large to small, each once;
// at most ten years.
std::optional<Seconds> parse_duration(std::string_view text);
std::string format_duration(Seconds span); // shortest exact form: "1h30m", "0s"

// "4g", "512MiB", "2gb", plain bytes. As in Docker every unit is binary: 1g = 1gb = 1GiB.
std::optional<std::int64_t> parse_size(std::string_view text);
std::string format_size(std::int64_t bytes); // largest exact unit: "4g", "1536m", "0"

// CPUs with up to three decimals, as Docker's NanoCpus: "0.5" → 500,000,000.
std::optional<std::int64_t> parse_cpus(std::string_view text);
std::string format_cpus(std::int64_t nano_cpus);

std::optional<std::int64_t> parse_integer(std::string_view text); // decimal digits and a minus
std::optional<bool> parse_flag(std::string_view text);            // true/false, yes/no, on/off

bool is_utf8(std::string_view text) noexcept;
// The candidate that was probably meant, or empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

} // namespace berth::config
