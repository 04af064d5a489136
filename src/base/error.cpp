// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <array>
#include <stdexcept>

namespace berth {
namespace {

constexpr std::array all_codes{
    Errc::invalid_input,    Errc::unauthenticated,  Errc::forbidden,
    Errc::not_found,        Errc::already_exists,   Errc::conflict,
    Errc::quota_exceeded,   Errc::rate_limited,     Errc::no_capacity,
    Errc::host_unreachable, Errc::engine_error,     Errc::image_missing,
    Errc::host_key_unknown, Errc::host_key_changed,
    Errc::not_ready,        Errc::ended,            Errc::ticket_spent,
    Errc::too_large,        Errc::unsupported_media_type, Errc::method_not_allowed,
    Errc::timed_out,        Errc::protocol_violation, Errc::shutting_down,
    Errc::unavailable,      Errc::internal,
};

} // namespace

std::string_view name_of(Errc code) noexcept {
    switch (code) {
    case Errc::invalid_input: return "invalid_input";
    case Errc::unauthenticated: return "unauthenticated";
    case Errc::forbidden: return "forbidden";
    case Errc::not_found: return "not_found";
    case Errc::already_exists: return "already_exists";
    case Errc::conflict: return "conflict";
    case Errc::quota_exceeded: return "quota_exceeded";
    case Errc::rate_limited: return "rate_limited";
    case Errc::no_capacity: return "no_capacity";
    case Errc::host_unreachable: return "host_unreachable";
    case Errc::engine_error: return "engine_error";
    case Errc::host_key_unknown: return "host_key_unknown";
    case Errc::host_key_changed: return "host_key_changed";
    case Errc::image_missing: return "image_missing";
    case Errc::not_ready: return "not_ready";
    case Errc::ended: return "ended";
    case Errc::ticket_spent: return "ticket_spent";
    case Errc::too_large: return "too_large";
    case Errc::unsupported_media_type: return "unsupported_media_type";
    case Errc::method_not_allowed: return "method_not_allowed";
    case Errc::timed_out: return "timed_out";
    case Errc::protocol_violation: return "protocol_violation";
    case Errc::shutting_down: return "shutting_down";
    case Errc::unavailable: return "unavailable";
    case Errc::internal: return "internal";
    }
    return "internal";
}

std::optional<Errc> errc_from(std::string_view name) noexcept {
    for (auto code : all_codes) {
        if (name_of(code) == name) return code;
    }
    return std::nullopt;
}

Error Error::with_context(std::string_view context) && {
    operator_text_ = operator_text_.empty() ? std::string{context}
                                            : std::string{context} + ": " + operator_text_;
    return std::move(*this);
}

Error Error::with_user_text(std::string text) && {
    user_text_ = std::move(text);
    return std::move(*this);
}

Error Error::with_field(std::string pointer, std::string detail) && {
    fields_.push_back(FieldError{std::move(pointer), std::move(detail)});
    return std::move(*this);
}

Error Error::with_retry_after(int seconds) && {
    retry_after_s_ = seconds;
    return std::move(*this);
}

std::string describe(const Error& error) {
    std::string text{name_of(error.code())};
    if (!error.operator_text().empty()) text += ": " + error.operator_text();
    for (const auto& field : error.fields()) text += " [" + field.pointer + ": " + field.detail + "]";
    return text;
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw std::logic_error("value() of a failed result: " + describe(error));
}

} // namespace berth
