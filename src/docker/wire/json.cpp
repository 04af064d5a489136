// SPDX-License-Identifier: Apache-2.0
#include "docker/wire/json.hpp"

#include "base/limits.hpp"

#include <boost/json.hpp>

namespace berth::docker {
namespace json = boost::json;

Result<json::value> parse_json(std::string_view text) {
    if (text.size() > limits::engine_reply)
        return Error{Errc::protocol_violation, "the engine's reply is too large"};
    json::parse_options options;
    options.max_depth = json_depth;
    boost::system::error_code failure;
    auto value = json::parse(json::string_view{text.data(), text.size()}, failure, {}, options);
    if (failure)
        return Error{
            Errc::protocol_violation, "the engine's reply is not JSON: " + failure.message()};
    return value;
}

Result<json::value> parse_object(std::string_view text, std::string_view what) {
    auto value = parse_json(text);
    if (!value) return std::move(value).error().with_context(what);
    if (!value->is_object())
        return Error{Errc::protocol_violation, std::string{what} + ": not a JSON object"};
    return value;
}

Result<json::value> parse_array(std::string_view text, std::string_view what) {
    auto value = parse_json(text);
    if (!value) return std::move(value).error().with_context(what);
    // An empty Go slice is written as null.
    if (value->is_null()) return json::value(json::array{});
    if (!value->is_array())
        return Error{Errc::protocol_violation, std::string{what} + ": not a JSON array"};
    return value;
}

JsonView JsonView::operator[](std::string_view key) const {
    if (!is_object()) return {};
    const auto* member =
        value_->get_object().if_contains(json::string_view{key.data(), key.size()});
    return member ? JsonView{*member} : JsonView{};
}

bool JsonView::is_object() const noexcept {
    return value_ && value_->is_object();
}
bool JsonView::is_array() const noexcept {
    return value_ && value_->is_array();
}

std::string JsonView::text() const {
    if (!value_ || !value_->is_string()) return {};
    const auto& string = value_->get_string();
    return std::string{string.data(), string.size()};
}

std::int64_t JsonView::number() const {
    if (!value_) return 0;
    if (value_->is_int64()) return value_->get_int64();
    if (value_->is_double()) {
        auto fraction = value_->get_double();
        if (fraction > -9e18 && fraction < 9e18) return static_cast<std::int64_t>(fraction);
    }
    return 0; // an unsigned beyond int64 is nothing that we can use
}

bool JsonView::flag() const {
    return value_ && value_->is_bool() && value_->get_bool();
}

std::vector<JsonView> JsonView::items() const {
    std::vector<JsonView> list;
    if (!is_array()) return list;
    list.reserve(value_->get_array().size());
    for (const auto& item : value_->get_array())
        list.emplace_back(item);
    return list;
}

std::vector<std::pair<std::string, JsonView>> JsonView::members() const {
    std::vector<std::pair<std::string, JsonView>> list;
    if (!is_object()) return list;
    for (const auto& member : value_->get_object())
        list.emplace_back(
            std::string{member.key().data(), member.key().size()}, JsonView{member.value()}
        );
    return list;
}

std::vector<std::string> JsonView::texts() const {
    std::vector<std::string> list;
    for (const auto& item : items()) {
        if (item.value_->is_string()) list.push_back(item.text());
    }
    return list;
}

std::map<std::string, std::string> JsonView::text_map() const {
    std::map<std::string, std::string> map;
    for (const auto& [key, value] : members()) {
        if (value.value_->is_string()) map.emplace(key, value.text());
    }
    return map;
}

} // namespace berth::docker
