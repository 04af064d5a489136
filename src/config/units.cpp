// SPDX-License-Identifier: Apache-2.0
#include "config/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <utility>
#include <vector>

namespace berth::config {

namespace {

constexpr std::int64_t ten_years_s = std::int64_t{10} * 366 * 24 * 3600;

struct Unit {
    std::string_view name;
    std::int64_t factor;
};
constexpr std::array<Unit, 4> time_units{{{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}}};

// Reads digits from the front of `text`; nothing on overflow or without a digit.
std::optional<std::int64_t> take_digits(std::string_view& text) {
    std::int64_t value = 0;
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

std::string lower(std::string_view text) {
    std::string result{text};
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

} // namespace

std::optional<Seconds> parse_duration(std::string_view text) {
    std::string_view whole = text;
    if (auto plain = take_digits(text); plain && text.empty())
        return *plain <= ten_years_s ? std::optional{Seconds{*plain}} : std::nullopt;
    text = whole;
    if (text.empty()) return std::nullopt;
    std::int64_t sum = 0;
    std::size_t next_unit = 0;
    while (!text.empty()) {
        auto value = take_digits(text);
        if (!value || *value > ten_years_s || text.empty()) return std::nullopt;
        while (next_unit < time_units.size() && time_units[next_unit].name[0] != text.front())
            ++next_unit;
        if (next_unit == time_units.size()) return std::nullopt;
        sum += *value * time_units[next_unit++].factor;
        if (sum > ten_years_s) return std::nullopt;
        text.remove_prefix(1);
    }
    return Seconds{sum};
}

std::string format_duration(Seconds span) {
    std::int64_t rest = span.count();
    if (rest <= 0) return "0s";
    std::string result;
    for (const Unit& unit : time_units) {
        if (rest >= unit.factor) result += fmt::format("{}{}", rest / unit.factor, unit.name);
        rest %= unit.factor;
    }
    return result;
}

std::optional<std::int64_t> parse_size(std::string_view text) {
    auto value = take_digits(text);
    if (!value) return std::nullopt;
    std::string unit = lower(text);
    bool is_long = unit.ends_with("ib") ? unit.size() == 3 : unit.ends_with("b") && unit.size() == 2;
    if (is_long && unit.front() != 'b') unit.resize(1);
    int shift = 0;
    if (unit == "k") shift = 10;
    else if (unit == "m") shift = 20;
    else if (unit == "g") shift = 30;
    else if (unit == "t") shift = 40;
    else if (!unit.empty() && unit != "b") return std::nullopt;
    if (*value > (INT64_MAX >> shift)) return std::nullopt;
    return *value << shift;
}

std::string format_size(std::int64_t bytes) {
    if (bytes <= 0) return "0";
    constexpr std::array<std::pair<int, char>, 4> units{{{40, 't'}, {30, 'g'}, {20, 'm'}, {10, 'k'}}};
    for (auto [shift, name] : units)
        if (bytes % (std::int64_t{1} << shift) == 0) return fmt::format("{}{}", bytes >> shift, name);
    return fmt::format("{}", bytes);
}

std::optional<std::int64_t> parse_cpus(std::string_view text) {
    auto whole = take_digits(text);
    if (!whole || *whole > 100'000) return std::nullopt;
    std::int64_t nano = *whole * 1'000'000'000;
    if (text.empty()) return nano;
    if (text.front() != '.' || text.size() < 2 || text.size() > 4) return std::nullopt;
    text.remove_prefix(1);
    std::int64_t place = 100'000'000;
    for (char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        nano += (c - '0') * place;
        place /= 10;
    }
    return nano;
}

std::string format_cpus(std::int64_t nano_cpus) {
    std::string result = fmt::format("{}.{:03}", nano_cpus / 1'000'000'000, nano_cpus / 1'000'000 % 1000);
    while (result.back() == '0') result.pop_back();
    if (result.back() == '.') result.pop_back();
    return result;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    bool is_negative = text.starts_with('-');
    if (is_negative) text.remove_prefix(1);
    auto value = take_digits(text);
    if (!value || !text.empty()) return std::nullopt;
    return is_negative ? -*value : *value;
}

std::optional<bool> parse_flag(std::string_view text) {
    std::string word = lower(text);
    if (word == "true" || word == "yes" || word == "on") return true;
    if (word == "false" || word == "no" || word == "off") return false;
    return std::nullopt;
}

bool is_utf8(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
        unsigned first = byte(i);
        std::size_t more = first < 0x80 ? 0 : first >> 5 == 6 ? 1 : first >> 4 == 14 ? 2 : first >> 3 == 30 ? 3 : 9;
        if (more == 9 || i + more >= text.size()) return false;
        unsigned code = more == 0 ? first : first & (0x3FU >> more);
        for (std::size_t k = 1; k <= more; ++k) {
            if (byte(i + k) >> 6 != 2) return false;
            code = code << 6 | (byte(i + k) & 0x3FU);
        }
        constexpr std::array<unsigned, 4> least{0, 0x80, 0x800, 0x10000};
        if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
        i += more + 1;
    }
    return true;
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    std::string_view best;
    // Nothing is proposed for long strangers: the cost grows with the product of both lengths.
    if (word.size() > 64) return best;
    std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (std::string_view candidate : candidates) {
        std::size_t distance = edit_distance(lower(word), lower(candidate));
        if (distance >= least || distance >= candidate.size()) continue;
        least = distance;
        best = candidate;
    }
    return best;
}

} // namespace berth::config
