// SPDX-License-Identifier: Apache-2.0
#include "http/message.hpp"

#include "http/field_rules.hpp"
#include "http/url.hpp"

namespace berth::http {

std::string_view Request::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (iequals(key, name)) return value;
    }
    return {};
}

std::string_view Request::path_value(std::string_view name) const {
    for (const auto& [key, value] : path_values) {
        if (key == name) return value;
    }
    return {};
}

std::optional<std::string> Request::query_value(std::string_view name) const {
    std::string_view rest = query;
    while (!rest.empty()) {
        const auto pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
        const auto equals = pair.find('=');
        const auto key = decode_form(pair.substr(0, equals));
        if (!key || *key != name) continue;
        if (equals == std::string_view::npos) return std::string{};
        return decode_form(pair.substr(equals + 1));
    }
    return std::nullopt;
}

std::optional<std::string> Request::cookie(std::string_view name) const {
    std::optional<std::string> found;
    std::string_view rest = header("cookie");
    while (!rest.empty()) {
        const auto pair = trim(rest.substr(0, rest.find(';')));
        rest.remove_prefix(std::min(rest.find(';'), rest.size() - 1) + 1);
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
        if (found) return std::nullopt;
        found = pair.substr(equals + 1);
    }
    return found;
}

Response::Response(int status_, std::string body_, std::string content_type)
    : status{status_}
    , body{std::move(body_)} {
    if (!content_type.empty()) headers.emplace_back("Content-Type", std::move(content_type));
}

Response&& Response::with_header(std::string name, std::string value) && {
    headers.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
}

} // namespace berth::http
