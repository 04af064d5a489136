// SPDX-License-Identifier: Apache-2.0
#include "http/url.hpp"

#include <array>
#include <cstdint>

namespace berth::http {
namespace {

constexpr bool is_alnum(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr std::array<bool, 256> table_of(std::string_view extra) {
    std::array<bool, 256> table{};
    for (unsigned c = 0; c < 256; ++c) table[c] = is_alnum(static_cast<unsigned char>(c));
    for (const char c : extra) table[static_cast<unsigned char>(c)] = true;
    return table;
}

// RFC 3986: pchar without pct-encoded, and the separator.
constexpr auto path_bytes = table_of("-._~!$&'()*+,;=:@/");
constexpr auto unreserved = table_of("-._~/");

int hex(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The byte behind the '%' at `at`, or -1.
int escaped_byte(std::string_view text, std::size_t at) noexcept {
    if (at + 2 >= text.size()) return -1;
    const int high = hex(text[at + 1]);
    const int low = hex(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

Error refusal(const char* why) { return Error{Errc::invalid_input, why}; }

bool has_bad_segment(std::string_view path) {
    std::size_t at = 1;
    while (at <= path.size()) {
        const auto end = std::min(path.find('/', at), path.size());
        const auto segment = path.substr(at, end - at);
        // Only the last segment may be empty: that is the trailing slash.
        if (segment.empty() && end != path.size()) return true;
        if (segment == "." || segment == "..") return true;
        at = end + 1;
    }
    return false;
}

Result<std::string> decode_path(std::string_view raw) {
    std::string path;
    path.reserve(raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const auto c = static_cast<unsigned char>(raw[i]);
        if (c != '%') {
            if (!path_bytes[c]) return refusal("byte not allowed in a path");
            path += raw[i];
            continue;
        }
        const int byte = escaped_byte(raw, i);
        if (byte < 0) return refusal("incomplete escape");
        if (byte < 0x20 || byte == 0x7f) return refusal("escaped control character");
        if (byte == '/' || byte == '\\') return refusal("escaped slash");
        path += static_cast<char>(byte);
        i += 2;
    }
    return path;
}

} // namespace

Result<Target> parse_target(std::string_view target) {
    if (target.empty() || target.front() != '/') return refusal("target is not in origin form");
    const auto question = target.find('?');
    auto path = decode_path(target.substr(0, question));
    if (!path) return path.error();
    if (has_bad_segment(*path)) return refusal("empty or dot segment");
    if (!is_valid_utf8(*path)) return refusal("path is not UTF-8");
    Target result;
    result.path = std::move(*path);
    if (question != std::string_view::npos) {
        const auto query = target.substr(question + 1);
        for (const char c : query) {
            if (c <= 0x20 || c == 0x7f || c == '#') return refusal("byte not allowed in a query");
        }
        result.query = query;
    }
    return result;
}

std::string encode_path(std::string_view path) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string text;
    text.reserve(path.size());
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        if (unreserved[byte]) {
            text += c;
        } else {
            text += '%';
            text += digits[byte >> 4];
            text += digits[byte & 15];
        }
    }
    return text;
}

std::optional<std::string> decode_form(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            result += ' ';
        } else if (text[i] == '%') {
            const int byte = escaped_byte(text, i);
            if (byte <= 0) return std::nullopt;
            result += static_cast<char>(byte);
            i += 2;
        } else {
            result += text[i];
        }
    }
    if (!is_valid_utf8(result)) return std::nullopt;
    return result;
}

// Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_valid_utf8(std::string_view text) noexcept {
    std::size_t i = 0;
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    while (i < text.size()) {
        const unsigned lead = byte(i);
        if (lead < 0x80) {
            ++i;
            continue;
        }
        const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
        if (lead < 0xc2 || lead > 0xf4 || i + length > text.size()) return false;
        unsigned low = 0x80;
        unsigned high = 0xbf;
        if (lead == 0xe0) low = 0xa0;
        if (lead == 0xed) high = 0x9f;
        if (lead == 0xf0) low = 0x90;
        if (lead == 0xf4) high = 0x8f;
        if (byte(i + 1) < low || byte(i + 1) > high) return false;
        for (std::size_t k = 2; k < length; ++k) {
            if ((byte(i + k) & 0xc0) != 0x80) return false;
        }
        i += length;
    }
    return true;
}

} // namespace berth::http
