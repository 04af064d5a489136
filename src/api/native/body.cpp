// SPDX-License-Identifier: Apache-2.0
#include "api/native/body.hpp"

#include "base/limits.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>

namespace berth::api::native {
namespace {

// "application/json", optionally with charset=utf-8; nothing else can come from a form or a simple
// cross-origin request (rule H-21).
bool is_json(std::string_view type) {
    std::string lower;
    for (char c : type) {
        if (c != ' ' && c != '"') lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return lower == "application/json" || lower == "application/json;charset=utf-8";
}

// A member's name as a part of a JSON pointer (RFC 6901).
std::string pointer_part(std::string_view key) {
    std::string part;
    for (char c : key.substr(0, 64)) part += c == '~' ? "~0" : c == '/' ? "~1" : std::string{c};
    return part;
}

} // namespace

Result<Body> Body::parse(const http::Request& request, bool may_be_empty) {
    Body body;
    if (request.body.empty() && may_be_empty) return body;
    if (!is_json(request.header("Content-Type")))
        return Error{Errc::unsupported_media_type, "content type"};
    boost::json::parse_options options;
    options.max_depth = limits::json_depth;
    boost::system::error_code error;
    auto value = boost::json::parse(request.body, error, {}, options);
    if (error) {
        return Error{Errc::invalid_input, "json", "The request body is not valid JSON."}.with_field("", error.message());
    }
    if (!value.is_object())
        return Error{Errc::invalid_input, "json", "The request body must be a JSON object."};
    body.object_ = std::move(value.as_object());
    return body;
}

const boost::json::value* Body::take(std::string_view name) {
    known_.emplace_back(name);
    const auto* value = object_.if_contains(name);
    return value && !value->is_null() ? value : nullptr;
}

void Body::complain(std::string_view name, std::string detail) {
    problems_.push_back(FieldError{"/" + std::string{name}, std::move(detail)});
}

std::optional<std::string> Body::text(std::string_view name) {
    const auto* value = take(name);
    if (!value) return std::nullopt;
    if (!value->is_string()) {
        complain(name, "must be a string");
        return std::nullopt;
    }
    return std::string{value->get_string()};
}

std::string Body::required_text(std::string_view name) {
    auto before = problems_.size();
    auto value = text(name);
    if (!value && problems_.size() == before) complain(name, "is required");
    return value.value_or("");
}

std::optional<bool> Body::flag(std::string_view name) {
    const auto* value = take(name);
    if (!value) return std::nullopt;
    if (!value->is_bool()) {
        complain(name, "must be true or false");
        return std::nullopt;
    }
    return value->get_bool();
}

std::optional<std::int64_t> Body::number(std::string_view name) {
    const auto* value = take(name);
    if (!value) return std::nullopt;
    if (!value->is_int64()) {
        complain(name, "must be a whole number");
        return std::nullopt;
    }
    return value->get_int64();
}

std::optional<std::int64_t> Body::number_in(std::string_view name, std::int64_t least, std::int64_t most) {
    auto value = number(name);
    if (!value || (*value >= least && *value <= most)) return value;
    complain(name, "must lie between " + std::to_string(least) + " and " + std::to_string(most));
    return std::nullopt;
}

std::optional<double> Body::decimal(std::string_view name) {
    const auto* value = take(name);
    if (!value) return std::nullopt;
    if (value->is_int64()) return static_cast<double>(value->get_int64());
    if (value->is_double()) return value->get_double();
    complain(name, "must be a number");
    return std::nullopt;
}

std::optional<std::map<std::string, std::string>> Body::text_map(std::string_view name) {
    const auto* value = take(name);
    if (!value) return std::nullopt;
    const auto* object = value->if_object();
    if (!object) {
        complain(name, "must be an object of strings");
        return std::nullopt;
    }
    std::map<std::string, std::string> map;
    for (const auto& member : *object) {
        std::string key{member.key()};
        if (const auto* text = member.value().if_string()) map[key] = std::string{*text};
        else complain(std::string{name} + "/" + pointer_part(key), "must be a string");
    }
    return map;
}

std::optional<std::vector<std::string>> Body::texts(std::string_view name) {
    const auto* value = take(name);
    if (!value) return std::nullopt;
    std::vector<std::string> list;
    const auto* array = value->if_array();
    for (std::size_t i = 0; array && i < array->size(); ++i) {
        if (const auto* item = (*array)[i].if_string()) list.emplace_back(*item);
        else array = nullptr;
    }
    if (!array) {
        complain(name, "must be a list of strings");
        return std::nullopt;
    }
    return list;
}

Status Body::finish() {
    for (const auto& member : object_) {
        if (std::find(known_.begin(), known_.end(), member.key()) == known_.end())
            complain(member.key(), "is not a known field");
    }
    if (problems_.empty()) return {};
    Error error{Errc::invalid_input, "body"};
    for (auto& problem : problems_)
        error = std::move(error).with_field(std::move(problem.pointer), std::move(problem.detail));
    return error;
}

std::optional<int> number_of(std::string_view text, int least, int most) {
    int value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
    return value;
}

} // namespace berth::api::native
