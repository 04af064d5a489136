// SPDX-License-Identifier: Apache-2.0
#include "gateway/endpoint.hpp"

#include "http/answer.hpp"

#include <algorithm>
#include <cctype>

namespace berth::gateway {
namespace {

constexpr std::size_t longest_ticket = 128;
constexpr std::size_t key_size = 24; // 16 bytes as base64

bool same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Elements of a comma-separated field, of all its lines.
std::vector<std::string_view> elements(const http::Request& request, std::string_view name) {
    std::vector<std::string_view> found;
    for (const auto& [key, value] : request.headers) {
        if (!same_word(key, name)) continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            const auto comma = std::min(rest.find(','), rest.size());
            found.push_back(trimmed(rest.substr(0, comma)));
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    return found;
}

bool lists(const http::Request& request, std::string_view name, std::string_view word) {
    return std::ranges::any_of(elements(request, name), [&](std::string_view element) {
        return same_word(element, word);
    });
}

bool is_ticket(std::string_view text) {
    return !text.empty() && text.size() <= longest_ticket &&
           std::ranges::all_of(text, [](unsigned char c) {
               return std::isalnum(c) || c == '-' || c == '_';
           });
}

} // namespace

Status check_origin(
    const http::Request& request, const std::vector<std::string>& allowed, bool allow_missing
) {
    std::vector<std::string_view> origins;
    for (const auto& [key, value] : request.headers)
        if (same_word(key, "Origin")) origins.push_back(value);
    if (origins.empty() && allow_missing) return {};
    if (origins.size() != 1 || std::ranges::find(allowed, origins.front()) == allowed.end())
        return Error{Errc::forbidden, "this page may not open a desktop"};
    return {};
}

Status check_upgrade(const http::Request& request) {
    if (request.method != "GET" || !lists(request, "Upgrade", "websocket") ||
        !lists(request, "Connection", "upgrade"))
        return Error{Errc::invalid_input, "a WebSocket handshake is needed here"};
    if (request.header("Sec-WebSocket-Version") != "13")
        return Error{Errc::invalid_input, "only version 13 of WebSocket is spoken"};
    if (request.header("Sec-WebSocket-Key").size() != key_size)
        return Error{Errc::invalid_input, "the WebSocket key is malformed"};
    return {};
}

Result<std::string> offered_ticket(const http::Request& request) {
    std::string_view ticket;
    bool has_binary = false;
    int tickets = 0;
    for (auto offered : elements(request, "Sec-WebSocket-Protocol")) {
        if (offered == rfb_subprotocol) has_binary = true;
        if (!offered.starts_with(ticket_prefix)) continue;
        ticket = offered.substr(ticket_prefix.size());
        ++tickets;
    }
    if (!has_binary || tickets != 1 || !is_ticket(ticket))
        return Error{Errc::unauthenticated, "the sub-protocols binary and a ticket are needed"};
    return std::string{ticket};
}

http::Response refuse(const Error& error, std::string_view request_id) {
    int status = 400;
    if (error.code() == Errc::forbidden) status = 403;
    if (error.code() == Errc::unauthenticated) status = 401;
    if (error.code() == Errc::shutting_down) status = 503;
    return http::plain_problem(status, error.code(), error.operator_text(), request_id);
}

} // namespace berth::gateway
