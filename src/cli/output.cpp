// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include "base/log.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace berth::cli {

namespace {

namespace json = boost::json;

// Columns on the screen, roughly: one per character, not per byte.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; }));
}

std::string_view colour_of(std::string_view word) {
    for (auto good : {"ready", "up", "ok"}) if (word == good) return "\033[32m";
    for (auto bad : {"down", "fail", "failed"}) if (word == bad) return "\033[31m";
    for (auto waiting : {"queued", "creating", "starting", "probing", "stopping", "draining", "drained", "maintenance", "probation", "degraded", "warn", "unknown"})
        if (word == waiting) return "\033[33m";
    return {};
}

void indent_into(const json::value& value, std::string& out, std::size_t depth) {
    const std::string inner((depth + 1) * 2, ' ');
    const bool is_object = value.is_object();
    const std::size_t count = is_object ? value.get_object().size() : value.is_array() ? value.get_array().size() : 0;
    if (count == 0) {
        out += json::serialize(value);
        return;
    }
    out += is_object ? '{' : '[';
    const char* separator = "\n";
    auto begin_member = [&] {
        out += separator + inner;
        separator = ",\n";
    };
    if (is_object) {
        for (const auto& [key, member] : value.get_object()) {
            begin_member();
            out += json::serialize(json::value(key)) + ": ";
            indent_into(member, out, depth + 1);
        }
    } else {
        for (const json::value& member : value.get_array()) {
            begin_member();
            indent_into(member, out, depth + 1);
        }
    }
    out += "\n" + std::string(depth * 2, ' ') + (is_object ? '}' : ']');
}

} // namespace

void Table::add(std::vector<std::string> cells) {
    for (std::string& text : cells) text = log_safe(text, 120);
    cells.resize(heads_.size());
    rows_.push_back(std::move(cells));
}

std::string Table::text(bool has_headers, bool has_colours) const {
    std::vector<std::size_t> widths;
    for (const std::string& head : heads_) widths.push_back(has_headers ? width(head) : 0);
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
    std::string out;
    auto line = [&](const std::vector<std::string>& cells, bool is_head) {
        for (std::size_t i = 0; i < cells.size(); ++i) {
            std::string_view colour = has_colours && !is_head ? colour_of(cells[i]) : std::string_view{};
            out += colour;
            out += cells[i];
            if (!colour.empty()) out += "\033[0m";
            if (i + 1 < cells.size()) out += std::string(widths[i] - width(cells[i]) + 2, ' ');
        }
        out += '\n';
    };
    if (has_headers) line(heads_, true);
    for (const auto& row : rows_) line(row, false);
    return out;
}

std::string printable(std::string_view text) { return log_safe(text, 1000); }

bool may_colour() { return ::isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr; }

std::string pretty(const json::value& value) {
    std::string out;
    indent_into(value, out, 0);
    return out + "\n";
}

std::string cell(const json::value& value, std::string_view path) {
    const json::value* at = &value;
    while (!path.empty()) {
        auto dot = path.find('.');
        const auto* object = at->if_object();
        at = object == nullptr ? nullptr : object->if_contains(path.substr(0, dot));
        if (at == nullptr) return "-";
        path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    }
    if (at->is_null()) return "-";
    if (const auto* text = at->if_string()) return text->empty() ? "-" : std::string{*text};
    if (const auto* array = at->if_array()) {
        std::string joined;
        for (const json::value& element : *array)
            joined += (joined.empty() ? "" : ",") + (element.is_string() ? std::string{element.get_string()} : json::serialize(element));
        return joined.empty() ? "-" : joined;
    }
    if (const auto* number = at->if_double()) return fmt::format("{:g}", *number); // not 2E0
    return json::serialize(*at);
}

} // namespace berth::cli
