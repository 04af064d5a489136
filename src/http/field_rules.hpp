// SPDX-License-Identifier: Apache-2.0
#pragma once
// Strict rules for request heads (H-23, H-31), as pure functions over bytes. They judge the raw
// bytes before and beside the parser, because a lenient parser is how requests are smuggled.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::http {

bool iequals(std::string_view a, std::string_view b) noexcept; // ASCII
std::string to_lower(std::string_view text);                   // ASCII
std::string_view trim(std::string_view text) noexcept;         // spaces and tabs
bool is_token(std::string_view text) noexcept;                 // RFC 9110 5.6.2
bool is_field_value(std::string_view text) noexcept;           // no control byte but tab
// True when the comma-separated list contains the token, compared without case.
bool list_contains(std::string_view list, std::string_view token) noexcept;

// Looks for the end of a head and judges every byte on the way, as the bytes arrive.
class HeadScanner {
public:
    enum class Verdict {
        more,          // no end yet, nothing wrong so far
        complete,      // size() is the length of the head with its empty line
        malformed,     // bare CR or LF, control byte, folded line
        line_too_long, // request line over its limit
        head_too_long,
        too_many_fields,
    };
    // `bytes` begins where the head begins and contains what an earlier call saw.
    Verdict scan(std::string_view bytes) noexcept;
    std::size_t size() const noexcept { return position_; }
    void reset() noexcept { *this = HeadScanner{}; }

private:
    std::size_t position_ = 0;
    std::size_t line_start_ = 0;
    std::size_t lines_ = 0;
};

// Fields that decide about framing, identity or address: they may occur once, and a spelling
// with an underscore (which CGI-like code would read as the same name) is an attack.
// Bit of such a field, 0 for others.
std::uint32_t sensitive_bit(std::string_view name) noexcept;
bool is_disguised_sensitive(std::string_view name) noexcept;

// uri-host [":" port] of RFC 9110 7.2, not empty, without userinfo.
bool is_valid_host(std::string_view host) noexcept;
// The host without its port; brackets of an IPv6 address stay.
std::string_view without_port(std::string_view host) noexcept;
// [A-Za-z0-9._-]{1,64}
bool is_valid_request_id(std::string_view text) noexcept;

} // namespace berth::http
