// SPDX-License-Identifier: Apache-2.0
#include "base/ids.hpp"

#include <algorithm>

namespace berth {
namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_name_of(std::string_view text, std::string_view also, std::size_t longest) {
    if (text.empty() || text.size() > longest || !is_lower_or_digit(text.front())) return false;
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return is_lower_or_digit(c) || also.find(c) != std::string_view::npos;
    });
}

} // namespace

std::optional<SessionId> parse_session_id(std::string_view text) {
    if (text.size() != session_id_length) return std::nullopt;
    for (char c : text) {
        if (!((c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'))) return std::nullopt;
    }
    return SessionId{std::string{text}};
}

bool is_valid_name(std::string_view text) { return is_name_of(text, "_-", 63); }

bool is_valid_host_name(std::string_view text) { return is_name_of(text, ".-", 63); }

bool is_valid_username(std::string_view text) {
    auto alnum = [](char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z'); };
    if (text.empty() || text.size() > 64 || !alnum(text.front())) return false;
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return alnum(c) || c == '.' || c == '_' || c == '@' || c == '+' || c == '-';
    });
}

} // namespace berth
