// SPDX-License-Identifier: Apache-2.0
#include "http/answer.hpp"

#include "http/field_rules.hpp"

#include <array>
#include <charconv>
#include <ctime>

namespace berth::http {
namespace {

void append_number(std::string& out, std::uint64_t number) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, number);
    out.append(digits, end.ptr);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
}

bool is_framing(std::string_view name) {
    return iequals(name, "content-length") || iequals(name, "transfer-encoding")
        || iequals(name, "connection") || iequals(name, "date") || iequals(name, "server");
}

bool has_body_length(int status) { return status >= 200 && status != 204 && status != 304; }

} // namespace

std::string_view reason_of(int status) noexcept {
    switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Status";
    }
}

AnswerWriter::AnswerWriter(std::string_view content_security_policy) {
    defaults_.emplace_back("Content-Security-Policy", content_security_policy);
    defaults_.emplace_back("X-Content-Type-Options", "nosniff");
    defaults_.emplace_back("Referrer-Policy", "no-referrer");
    defaults_.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
    defaults_.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
    defaults_.emplace_back(
        "Permissions-Policy", "clipboard-read=(self), clipboard-write=(self), fullscreen=(self)"
    );
    defaults_.emplace_back("Cache-Control", "no-store");
    if (content_security_policy.empty()) defaults_.erase(defaults_.begin());
    for (const auto& [name, value] : defaults_) append_field(all_defaults_, name, value);
}

bool AnswerWriter::append_head(
    std::string& out,
    const Response& response,
    std::string_view request_id,
    AnswerFrame frame
) {
    bool is_overriding = false;
    for (const auto& [name, value] : response.headers) {
        if (!is_token(name) || !is_field_value(value)) return false;
        for (const auto& standard : defaults_) {
            is_overriding = is_overriding || iequals(standard.first, name);
        }
    }
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::uint64_t>(response.status));
    out += ' ';
    out += reason_of(response.status);
    out += "\r\n";
    append_date(out);
    append_field(out, "X-Request-Id", request_id);
    if (!is_overriding) {
        out += all_defaults_;
    } else {
        for (const auto& [name, value] : defaults_) {
            const bool is_replaced = !net::find_header(response.headers, name).empty();
            if (!is_replaced) append_field(out, name, value);
        }
    }
    constexpr std::string_view strict = "Strict-Transport-Security";
    if (frame.is_strict_transport && net::find_header(response.headers, strict).empty())
        append_field(out, strict, "max-age=31536000");
    for (const auto& [name, value] : response.headers) {
        if (!is_framing(name)) append_field(out, name, value);
    }
    if (frame.framing == Framing::chunked) {
        out += "Transfer-Encoding: chunked\r\n";
    } else if (frame.framing == Framing::length && has_body_length(response.status)) {
        out += "Content-Length: ";
        const auto& body = response.shared_body ? *response.shared_body : response.body;
        append_number(out, body.size());
        out += "\r\n";
    }
    if (!frame.is_keep_alive) {
        out += "Connection: close\r\n";
    } else if (!frame.is_http_1_1) {
        out += "Connection: keep-alive\r\n";
    }
    out += "\r\n";
    return true;
}

// RFC 9110 5.6.7, formatted once per second.
void AnswerWriter::append_date(std::string& out) {
    const auto now = std::time(nullptr);
    if (now != date_second_) {
        static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static constexpr std::array months{
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        std::tm parts{};
        gmtime_r(&now, &parts);
        char text[40];
        const auto size = std::strftime(text, sizeof text, "XXX, %d YYY %Y %H:%M:%S GMT", &parts);
        date_ = "Date: " + std::string{text, size} + "\r\n";
        date_.replace(date_.find("XXX"), 3, days[static_cast<std::size_t>(parts.tm_wday)]);
        date_.replace(date_.find("YYY"), 3, months[static_cast<std::size_t>(parts.tm_mon)]);
        date_second_ = now;
    }
    out += date_;
}

Response plain_problem(
    int status,
    Errc code,
    std::string_view detail,
    std::string_view request_id
) {
    std::string body = R"({"type":"about:blank","title":")";
    body += reason_of(status);
    body += R"(","status":)" + std::to_string(status);
    body += R"(,"detail":")";
    body += detail; // constant texts of ours, nothing from outside
    body += R"(","code":")";
    body += name_of(code);
    body += R"(","request_id":")";
    body += request_id;
    body += "\"}";
    return Response{status, std::move(body), "application/problem+json"};
}

} // namespace berth::http
