// SPDX-License-Identifier: Apache-2.0
#include "docker/image_description.hpp"

#include "base/log.hpp"
#include "docker/labels.hpp"

#include <algorithm>
#include <charconv>

namespace berth::docker {
namespace {

template <class Number>
std::optional<Number> number_from(std::string_view text) {
    Number value = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<session::Protocol> protocol_named(std::string_view word) {
    if (word == "rfb") return session::Protocol::rfb;
    if (word == "web") return session::Protocol::web;
    if (word == "terminal") return session::Protocol::terminal;
    if (word == "audio") return session::Protocol::audio;
    if (word == "tcp") return session::Protocol::tcp;
    return std::nullopt;
}

std::optional<session::Endpoint> endpoint_from(std::string_view name, std::string_view value) {
    auto colon = value.find(':');
    if (colon == std::string_view::npos || !is_valid_name(name)) return std::nullopt;
    auto protocol = protocol_named(value.substr(0, colon));
    auto port = number_from<std::uint16_t>(value.substr(colon + 1));
    if (!protocol || !port || *port == 0) return std::nullopt;
    session::Endpoint endpoint;
    endpoint.name = name;
    endpoint.protocol = *protocol;
    endpoint.port = *port;
    return endpoint;
}

bool read_secret(ImageDescription& image, std::string_view value) {
    if (value.starts_with("file:") && is_plain_path(value.substr(5))) {
        image.secret_delivery = session::SecretDelivery::file;
        image.secret_target = value.substr(5);
        return true;
    }
    if (value.starts_with("env:") && is_variable_name(value.substr(4))) {
        image.secret_delivery = session::SecretDelivery::env;
        image.secret_target = value.substr(4);
        return true;
    }
    return false;
}

bool read_label(ImageDescription& image, std::string_view key, std::string_view value) {
    if (key.starts_with(labels::image_endpoint_prefix)) {
        auto endpoint = endpoint_from(key.substr(labels::image_endpoint_prefix.size()), value);
        if (endpoint) image.endpoints.push_back(std::move(*endpoint));
        return endpoint.has_value();
    }
    if (key == labels::image_secret) return read_secret(image, value);
    if (key == labels::image_resolution_env) {
        if (!is_variable_name(value)) return false;
        image.resolution_env = value;
    }
    if (key == labels::image_user) {
        auto id = number_from<int>(value);
        if (!id || *id < 0) return false;
        image.user_id = id;
    }
    return true;
}

} // namespace

bool is_variable_name(std::string_view text) {
    auto is_letter = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    };
    auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && text.size() <= 128 && is_letter(text.front()) &&
           std::ranges::all_of(text, [&](char c) { return is_letter(c) || is_digit(c); });
}

bool is_plain_path(std::string_view text) {
    if (text.size() < 2 || text.size() > 1024 || text.front() != '/' || text.back() == '/')
        return false;
    if (std::ranges::any_of(text, [](char c) {
            return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        }))
        return false;
    for (text.remove_prefix(1);;) {
        auto slash = text.find('/');
        auto part = text.substr(0, slash);
        if (part.empty() || part == "." || part == "..") return false;
        if (slash == std::string_view::npos) return true;
        text.remove_prefix(slash + 1);
    }
}

ImageDescription describe_image(const std::map<std::string, std::string>& labels) {
    ImageDescription image;
    for (const auto& [key, value] : labels) {
        if (!read_label(image, key, value))
            image.problems.push_back(
                "label " + log_safe(key, 80) + ": \"" + log_safe(value, 80) + "\" is not understood"
            );
    }
    return image;
}

} // namespace berth::docker
