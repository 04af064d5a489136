// SPDX-License-Identifier: Apache-2.0
#include "http/field_rules.hpp"

#include "base/limits.hpp"

#include <algorithm>
#include <array>

namespace berth::http {
namespace {

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

constexpr bool is_alnum(char c) noexcept {
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

constexpr bool is_plain(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
}

constexpr std::array sensitive{
    std::string_view{"host"},
    std::string_view{"content-length"},
    std::string_view{"transfer-encoding"},
    std::string_view{"authorization"},
    std::string_view{"cookie"},
    std::string_view{"origin"},
    std::string_view{"content-type"},
    std::string_view{"expect"},
    std::string_view{"upgrade"},
    std::string_view{"forwarded"},
    std::string_view{"x-forwarded-for"},
    std::string_view{"x-forwarded-proto"},
    std::string_view{"x-forwarded-host"},
    std::string_view{"x-forwarded-prefix"},
    std::string_view{"x-forwarded-user"},
    std::string_view{"x-real-ip"},
    std::string_view{"x-user-id"},
    std::string_view{"x-remote-user"},
    std::string_view{"x-original-uri"},
    std::string_view{"x-original-method"},
    std::string_view{"idempotency-key"},
    std::string_view{"last-event-id"},
    std::string_view{"sec-websocket-key"},
    std::string_view{"sec-websocket-version"},
    std::string_view{"sec-fetch-site"},
};
static_assert(sensitive.size() <= 32, "one bit each");

} // namespace

bool iequals(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

std::string to_lower(std::string_view text) {
    std::string result{text};
    for (char& c : result) c = lower(c);
    return result;
}

std::string_view trim(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_token(std::string_view text) noexcept {
    constexpr std::string_view extra = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return is_alnum(c) || extra.find(c) != std::string_view::npos;
    });
}

bool is_field_value(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
    });
}

bool list_contains(std::string_view list, std::string_view token) noexcept {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        if (iequals(trim(list.substr(0, comma)), token)) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

HeadScanner::Verdict HeadScanner::scan(std::string_view bytes) noexcept {
    const auto longest = std::min(bytes.size(), limits::header_bytes);
    while (position_ < longest) {
        const auto c = static_cast<unsigned char>(bytes[position_]);
        // RFC 9112 5.2: a line that begins with a space continues the one before; refused.
        if (position_ == line_start_ && (c == ' ' || c == '\t')) return Verdict::malformed;
        if (is_plain(bytes[position_])) {
            // Nearly every byte ends here: the rest of the run is skipped in one go.
            const auto* at = bytes.data() + position_ + 1;
            const auto* const end = bytes.data() + longest;
            while (at != end && is_plain(*at)) ++at;
            position_ = static_cast<std::size_t>(at - bytes.data());
            continue;
        }
        if (c == '\t' && lines_ > 0) {
            ++position_;
            continue;
        }
        if (c != '\r') return Verdict::malformed;
        if (position_ + 1 == bytes.size()) break; // its LF has not arrived
        if (bytes[position_ + 1] != '\n') return Verdict::malformed;
        const bool is_empty_line = position_ == line_start_;
        position_ += 2;
        line_start_ = position_;
        if (is_empty_line) return lines_ == 0 ? Verdict::malformed : Verdict::complete;
        if (lines_ == 0 && position_ > limits::request_line) return Verdict::line_too_long;
        if (++lines_ > limits::header_fields + 1) return Verdict::too_many_fields;
    }
    if (lines_ == 0 && position_ >= limits::request_line) return Verdict::line_too_long;
    return position_ + 1 >= limits::header_bytes ? Verdict::head_too_long : Verdict::more;
}

std::uint32_t sensitive_bit(std::string_view name) noexcept {
    for (std::size_t i = 0; i < sensitive.size(); ++i) {
        if (iequals(sensitive[i], name)) return std::uint32_t{1} << i;
    }
    return 0;
}

bool is_disguised_sensitive(std::string_view name) noexcept {
    if (name.find('_') == std::string_view::npos) return false;
    std::string plain{name};
    std::replace(plain.begin(), plain.end(), '_', '-');
    return sensitive_bit(plain) != 0;
}

bool is_valid_host(std::string_view host) noexcept {
    if (host.empty() || host.size() > 255 + 6) return false;
    const auto name = without_port(host);
    if (name.size() < host.size()) {
        const auto port = host.substr(name.size() + 1);
        if (host[name.size()] != ':' || port.empty() || port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit)) {
            return false;
        }
    }
    if (name.empty()) return false;
    if (name.front() == '[') {
        if (name.size() < 4 || name.back() != ']') return false;
        const auto address = name.substr(1, name.size() - 2);
        return std::all_of(address.begin(), address.end(), [](char c) {
            return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f') || c == ':' || c == '.';
        });
    }
    return std::all_of(name.begin(), name.end(), [](char c) {
        return is_alnum(c) || c == '-' || c == '.' || c == '_';
    });
}

std::string_view without_port(std::string_view host) noexcept {
    if (!host.empty() && host.front() == '[') {
        const auto end = host.find(']');
        return end == std::string_view::npos ? host : host.substr(0, end + 1);
    }
    return host.substr(0, host.find(':'));
}

bool is_valid_request_id(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return is_alnum(c) || c == '.' || c == '_' || c == '-';
    });
}

} // namespace berth::http
