// SPDX-License-Identifier: Apache-2.0
#include "docker/engine_path.hpp"

#include "base/log.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>

namespace berth::docker {
namespace {

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Error bad_reference(std::string_view kind, std::string_view text) {
    return Error{
        Errc::invalid_input, std::string{kind} + " \"" + log_safe(text, 80) + "\" is not valid"};
}

} // namespace

Status check_reference(std::string_view reference) {
    bool is_good = !reference.empty() && reference.size() <= 128 &&
                   is_alphanumeric(reference.front()) && std::ranges::all_of(reference, [](char c) {
                       return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
                   });
    if (!is_good) return bad_reference("reference", reference);
    return {};
}

Status check_image_reference(std::string_view image) {
    bool is_good = !image.empty() && image.size() <= 512 && is_alphanumeric(image.front()) &&
                   is_alphanumeric(image.back()) &&
                   std::ranges::all_of(
                       image,
                       [](char c) {
                           return is_alphanumeric(c) ||
                                  std::string_view{"_.-/:@"}.find(c) != std::string_view::npos;
                       }
                   ) &&
                   image.find("..") == std::string_view::npos &&
                   image.find("//") == std::string_view::npos &&
                   image.find("/.") == std::string_view::npos;
    if (!is_good) return bad_reference("image", image);
    return {};
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (char c : text) {
        if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            encoded += c;
            continue;
        }
        auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += digits[byte >> 4];
        encoded += digits[byte & 15];
    }
    return encoded;
}

std::string encode_query(const Query& query) {
    std::string text;
    for (const auto& [name, value] : query) {
        text += text.empty() ? '?' : '&';
        text += percent_encode(name) + "=" + percent_encode(value);
    }
    return text;
}

std::string encode_filters(const Filters& filters) {
    boost::json::object object;
    for (const auto& [name, values] : filters) {
        boost::json::array array;
        for (const auto& value : values)
            array.emplace_back(value);
        object[name] = std::move(array);
    }
    return boost::json::serialize(object);
}

std::pair<int, int> parse_api_version(std::string_view text) {
    int major = 0, minor = 0;
    const auto* end = text.data() + text.size();
    auto first = std::from_chars(text.data(), end, major);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return {};
    auto second = std::from_chars(first.ptr + 1, end, minor);
    if (second.ec != std::errc{} || second.ptr != end || major < 1 || minor < 0 || major > 99 ||
        minor > 999)
        return {};
    return {major, minor};
}

} // namespace berth::docker
