// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one canonicaliser of request targets (RFC 9112 section 3.2, RFC 3986): every decision about
// a path is made on its result, never on the bytes as received (T-02). Pure.

#include "base/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace berth::http {

struct Target {
    Target() = default;
    std::string path;  // decoded once: begins with '/', valid UTF-8, no empty, "." or ".." segment
                       // (a single trailing '/' is kept), no control byte, no backslash
    std::string query; // raw, without '?'
};

// Accepts origin-form only. invalid_input for anything that could be read in two ways: encoded
// slash, backslash or NUL, raw bytes outside RFC 3986's pchar, dot segments, "//", a fragment,
// incomplete escapes, invalid UTF-8.
Result<Target> parse_target(std::string_view target);

// The path, with everything but unreserved characters and '/' escaped. parse_target() of it yields
// the path again.
std::string encode_path(std::string_view path);

// One percent-decoding; '+' is a space (application/x-www-form-urlencoded). Nothing when an escape
// is incomplete or the result is not UTF-8 or contains NUL.
std::optional<std::string> decode_form(std::string_view text);

bool is_valid_utf8(std::string_view text) noexcept;

} // namespace berth::http
