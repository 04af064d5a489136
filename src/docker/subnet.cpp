// SPDX-License-Identifier: Apache-2.0
#include "docker/subnet.hpp"

#include <algorithm>
#include <charconv>

namespace berth::docker {
namespace {

std::uint64_t size_of(Subnet subnet) {
    return std::uint64_t{1} << (32 - subnet.bits);
}

std::optional<std::uint32_t> number_until(std::string_view& text, char end_mark) {
    auto end = end_mark == 0 ? text.size() : text.find(end_mark);
    if (end == std::string_view::npos || end == 0 || end > 3) return std::nullopt;
    std::uint32_t value = 0;
    auto [at, failure] = std::from_chars(text.data(), text.data() + end, value);
    if (failure != std::errc{} || at != text.data() + end) return std::nullopt;
    text.remove_prefix(end_mark == 0 ? end : end + 1);
    return value;
}

} // namespace

std::optional<Subnet> parse_subnet(std::string_view text) {
    Subnet subnet;
    for (char mark : {'.', '.', '.', '/'}) {
        auto part = number_until(text, mark);
        if (!part || *part > 255) return std::nullopt;
        subnet.address = (subnet.address << 8) | *part;
    }
    auto bits = number_until(text, 0);
    if (!bits || *bits < 1 || *bits > 32) return std::nullopt;
    subnet.bits = static_cast<int>(*bits);
    if (subnet.address % size_of(subnet) != 0) return std::nullopt;
    return subnet;
}

std::string to_string(Subnet subnet) {
    auto part = [&](int shift) { return std::to_string((subnet.address >> shift) & 255); };
    return part(24) + "." + part(16) + "." + part(8) + "." + part(0) + "/" +
           std::to_string(subnet.bits);
}

bool overlaps(Subnet a, Subnet b) noexcept {
    std::uint64_t a_end = a.address + size_of(a), b_end = b.address + size_of(b);
    return a.address < b_end && b.address < a_end;
}

std::optional<Subnet>
choose_subnet(Subnet pool, SubnetUse use, std::uint32_t seed, const std::vector<Subnet>& taken) {
    // A pool too small to be divided in four serves both.
    int bits = use == SubnetUse::shared ? 22 : 28;
    if (pool.bits > bits) return std::nullopt;
    auto quarter = pool.bits <= 20 ? size_of(pool) / 4 : 0;
    std::uint64_t begin = pool.address, end = begin + size_of(pool);
    if (quarter > 0 && use == SubnetUse::shared) end = begin + quarter;
    if (quarter > 0 && use == SubnetUse::own) begin += quarter;
    auto step = std::uint64_t{1} << (32 - bits);
    auto count = (end - begin) / step;
    for (std::uint64_t i = 0; i < count; ++i) {
        Subnet candidate;
        candidate.address = static_cast<std::uint32_t>(begin + (seed + i) % count * step);
        candidate.bits = bits;
        if (std::ranges::none_of(taken, [&](Subnet other) { return overlaps(candidate, other); }))
            return candidate;
    }
    return std::nullopt;
}

} // namespace berth::docker
