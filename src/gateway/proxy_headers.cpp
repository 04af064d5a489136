// SPDX-License-Identifier: Apache-2.0
#include "gateway/proxy_headers.hpp"

#include "http/field_rules.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace berth::gateway {
namespace {

using http::iequals;
using http::trim;

constexpr std::array<std::string_view, 12> hop_by_hop{
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "host",
    "expect"};
constexpr std::array<std::string_view, 6> believed{
    "authorization", "forwarded", "x-real-ip", "x-request-id", "via", "x-client-ip"};
constexpr std::array<std::string_view, 5> not_theirs{
    "strict-transport-security", "alt-svc", "server", "public-key-pins", "x-request-id"};

template <class List>
bool is_in(const List& list, std::string_view name) {
    return std::ranges::any_of(list, [&](std::string_view one) { return iequals(one, name); });
}

bool is_prefixed(std::string_view name, std::string_view prefix) {
    return name.size() >= prefix.size() && iequals(name.substr(0, prefix.size()), prefix);
}

// Names that the Connection field declares to be of this hop only.
std::vector<std::string_view> connection_names(const net::HttpHeaders& headers) {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : headers) {
        if (!iequals(name, "connection")) continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            const auto comma = std::min(rest.find(','), rest.size());
            names.push_back(trim(rest.substr(0, comma)));
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    return names;
}

bool is_ours(std::string_view cookie) {
    return cookie == app_cookie || cookie == "berth" || cookie == "__Host-berth";
}

// "a=1; berth_app=x; b=2" without ours.
std::string foreign_cookies(std::string_view cookies) {
    std::string kept;
    while (!cookies.empty()) {
        const auto end = std::min(cookies.find(';'), cookies.size());
        const auto pair = trim(cookies.substr(0, end));
        cookies.remove_prefix(std::min(end + 1, cookies.size()));
        if (pair.empty() || is_ours(trim(pair.substr(0, pair.find('='))))) continue;
        if (!kept.empty()) kept += "; ";
        kept += pair;
    }
    return kept;
}

// The cookie without Domain, or nothing when it bears one of our names.
std::string host_only(std::string_view cookie) {
    std::string kept;
    for (bool is_first = true; !cookie.empty(); is_first = false) {
        const auto end = std::min(cookie.find(';'), cookie.size());
        const auto part = trim(cookie.substr(0, end));
        cookie.remove_prefix(std::min(end + 1, cookie.size()));
        const auto name = trim(part.substr(0, part.find('=')));
        if (is_first && is_ours(name)) return {};
        if (!is_first && (part.empty() || iequals(name, "domain"))) continue;
        if (!is_first) kept += "; ";
        kept += part;
    }
    return kept;
}

void add_default(net::HttpHeaders& headers, std::string_view name, std::string_view value) {
    if (net::find_header(headers, name).empty()) headers.emplace_back(name, value);
}

} // namespace

net::HttpHeaders to_container(const http::Request& request) {
    const auto named = connection_names(request.headers);
    net::HttpHeaders kept;
    for (const auto& [name, value] : request.headers) {
        if (is_in(hop_by_hop, name) || is_in(believed, name) || is_in(named, name)) continue;
        if (is_prefixed(name, "x-forwarded-") || is_prefixed(name, "x-original-")) continue;
        if (!iequals(name, "cookie")) {
            kept.emplace_back(name, value);
            continue;
        }
        auto cookies = foreign_cookies(value);
        if (!cookies.empty()) kept.emplace_back("Cookie", std::move(cookies));
    }
    kept.emplace_back("Host", request.host);
    return kept;
}

net::HttpHeaders to_browser(const net::HttpHeaders& answer) {
    const auto named = connection_names(answer);
    net::HttpHeaders kept;
    for (const auto& [name, value] : answer) {
        if (is_in(hop_by_hop, name) || is_in(not_theirs, name) || is_in(named, name)) continue;
        if (!iequals(name, "set-cookie")) {
            kept.emplace_back(name, value);
            continue;
        }
        auto cookie = host_only(value);
        if (!cookie.empty()) kept.emplace_back("Set-Cookie", std::move(cookie));
    }
    add_default(kept, "Content-Security-Policy", "frame-ancestors 'self'");
    add_default(kept, "Cross-Origin-Opener-Policy", "unsafe-none");
    add_default(kept, "Referrer-Policy", "strict-origin-when-cross-origin");
    return kept;
}

bool is_own_request(const http::Request& request, bool is_upgrade) {
    const auto origin = request.header("Origin");
    const std::string own = (request.is_secure ? "https://" : "http://") + request.host;
    if (is_upgrade) return origin == own;
    const auto site = request.header("Sec-Fetch-Site");
    const bool is_safe = request.method == "GET" || request.method == "HEAD";
    if (site.empty() || site == "same-origin" || site == "none")
        return is_safe || origin.empty() || origin == own;
    return is_safe && request.header("Sec-Fetch-Mode") == "navigate" &&
           request.header("Sec-Fetch-Dest") == "document";
}

} // namespace berth::gateway
