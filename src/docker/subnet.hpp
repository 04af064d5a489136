// SPDX-License-Identifier: Apache-2.0
#pragma once
// IPv4 ranges for our bridges, from a pool of our own: the engine's default pools end after about
// 30 networks (M-8). Pure; the engine has the last word on overlaps.

#include "base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::docker {

struct Subnet {
    std::uint32_t address = 0; // host byte order, lowest address of the range
    int bits = 32;
    auto operator<=>(const Subnet&) const = default;
};

// "10.231.0.0/16"; host bits must be zero. IPv6 and everything else is nothing.
std::optional<Subnet> parse_subnet(std::string_view text);
std::string to_string(Subnet subnet);
bool overlaps(Subnet a, Subnet b) noexcept;

// The pool's first quarter is carved into /22 for shared bridges, the rest into /28 for bridges of
// one session. Candidates begin at a place derived from `seed`, so that parallel requests and
// several deployments seldom meet, and skip what overlaps `taken`. Nothing: the pool is full.
enum class SubnetUse { shared, own };
std::optional<Subnet>
choose_subnet(Subnet pool, SubnetUse use, std::uint32_t seed, const std::vector<Subnet>& taken);

} // namespace berth::docker
