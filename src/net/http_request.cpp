// SPDX-License-Identifier: Apache-2.0
#include "net/http_request.hpp"

#include <algorithm>
#include <array>

namespace berth::net {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

bool is_token(std::string_view text) {
    constexpr std::string_view extra = "!#$%&'*+-.^_`|~"; // RFC 9110 5.6.2
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return is_alnum(c) || extra.find(c) != std::string_view::npos;
    });
}

bool is_target(std::string_view text) {
    if (text == "*") return true;
    return text.starts_with('/')
        && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_field_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

void add_field(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

bool has(const HttpRequest& request, std::string_view name) {
    return !find_header(request.headers, name).empty();
}

} // namespace

std::string_view find_header(const HttpHeaders& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
        if (key.size() == name.size()
            && std::equal(key.begin(), key.end(), name.begin(), [](char a, char b) {
                   return lower(a) == lower(b);
               }))
            return value;
    }
    return {};
}

HttpRequest::HttpRequest(
    std::string method_, std::string target_, std::string body_, std::string content_type
)
    : method{std::move(method_)}
    , target{std::move(target_)}
    , body{std::move(body_)} {
    if (!body.empty() && !content_type.empty())
        headers.emplace_back("Content-Type", std::move(content_type));
}

Status check_request(const HttpRequest& request) {
    if (!is_token(request.method)) return Error{Errc::invalid_input, "bad request method"};
    if (!is_target(request.target)) return Error{Errc::invalid_input, "bad request target"};
    for (const auto& [name, value] : request.headers) {
        if (!is_token(name) || !is_field_value(value))
            return Error{Errc::invalid_input, "bad request field"};
    }
    return {};
}

std::string head_of(const HttpRequest& request, const HttpClient::Config& config) {
    std::string head;
    head.reserve(256);
    head.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
    if (!has(request, "Host")) add_field(head, "Host", config.host_header);
    if (!has(request, "User-Agent")) add_field(head, "User-Agent", config.user_agent);
    constexpr std::array<std::string_view, 3> with_body{"POST", "PUT", "PATCH"};
    bool expects_body =
        std::find(with_body.begin(), with_body.end(), request.method) != with_body.end();
    if ((expects_body || !request.body.empty()) && !has(request, "Content-Length"))
        add_field(head, "Content-Length", std::to_string(request.body.size()));
    if (config.kept_connections == 0 && !has(request, "Connection"))
        add_field(head, "Connection", "close");
    for (const auto& [name, value] : request.headers) add_field(head, name, value);
    head.append("\r\n");
    return head;
}

bool may_repeat(const HttpRequest& request) {
    return request.is_idempotent || request.method == "GET" || request.method == "HEAD"
        || request.method == "DELETE";
}

std::string label_of(const HttpRequest& request) {
    return request.method + " " + request.target.substr(0, request.target.find('?'));
}

} // namespace berth::net
