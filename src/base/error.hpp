// SPDX-License-Identifier: Apache-2.0
#pragma once
// One spelling of failure. Expected failures are values: Result<T> carries a T or an Error.
// Each adapter translates its library's errors into ours at its own edge; each surface translates
// ours into its words. Exceptions are left for start-up, broken invariants and cancellation.

#include <boost/system/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth {

// Closed list. "retry" says whether the same request may succeed later without a change.
// error.cpp (names, retry) and api/native/errors.cpp (HTTP status) switch over it without default.
enum class Errc {
    invalid_input,        // the request itself is wrong; retry: no
    unauthenticated,      // nobody is signed in, or the proof is bad; retry: no
    forbidden,            // known, but may not; retry: no
    not_found,            // no such thing, or not yours to know about; retry: no
    already_exists,       // a unique thing is there already; retry: no
    conflict,             // not possible in the present state; retry: after a look
    quota_exceeded,       // a limit of the person or the policy; retry: no
    rate_limited,         // too often; retry: after retry_after
    no_capacity,          // every suitable host is full; retry: later
    host_unreachable,     // the engine did not answer: outcome unknown; retry: later
    engine_error,         // the engine answered with a failure of its own; retry: later
    host_key_unknown,     // the machine showed a key that nobody has confirmed; retry: after that
    host_key_changed,     // the machine shows another key than the known one; retry: after a look
    image_missing,        // the host does not have the image; retry: after a pull
    not_ready,            // the session is not usable yet; retry: later
    ended,                // the session is over; retry: no
    ticket_spent,         // ticket unknown, used or expired; retry: with a new ticket
    too_large,            // over a bound of base/limits.hpp; retry: no
    unsupported_media_type, // wrong Content-Type; retry: no
    method_not_allowed,   // retry: no
    timed_out,            // our own deadline passed: outcome unknown; retry: later
    protocol_violation,   // the peer broke its protocol; retry: no
    shutting_down,        // we are stopping; retry: at once, elsewhere
    unavailable,          // a part of ours (database …) does not work now; retry: later
    internal,             // a defect of ours; retry: no
};

// Stable snake_case name, e.g. "quota_exceeded". Appears in the API, in logs and in metrics.
std::string_view name_of(Errc code) noexcept;
// The code with that name, if there is one.
std::optional<Errc> errc_from(std::string_view name) noexcept;

struct FieldError {
    std::string pointer; // JSON pointer (RFC 6901) or configuration path
    std::string detail;
};

// Has constructors on purpose: an aggregate built inside a co_await statement is destroyed twice by
// g++ 12 (docs/traps/gcc12-co-await.md).
class [[nodiscard]] Error {
public:
    Error() = default;
    explicit Error(Errc code, std::string operator_text = {}, std::string user_text = {})
        : code_{code}
        , operator_text_{std::move(operator_text)}
        , user_text_{std::move(user_text)} {}

    Errc code() const noexcept { return code_; }
    // For staff and logs: host, operation, the engine's own words. Never a secret.
    const std::string& operator_text() const noexcept { return operator_text_; }
    // A sentence for the person, or empty: then the surface chooses one by code.
    const std::string& user_text() const noexcept { return user_text_; }
    const std::vector<FieldError>& fields() const noexcept { return fields_; }
    // Seconds after which a retry makes sense, 0 = not known.
    int retry_after_s() const noexcept { return retry_after_s_; }

    // By value, so that error = std::move(error).with_field(…) is no self-move.
    // Adds what the caller knows in front: "host a: create: <old text>".
    Error with_context(std::string_view context) &&;
    Error with_user_text(std::string text) &&;
    Error with_field(std::string pointer, std::string detail) &&;
    Error with_retry_after(int seconds) &&;

private:
    Errc code_ = Errc::internal;
    std::string operator_text_;
    std::string user_text_;
    std::vector<FieldError> fields_;
    int retry_after_s_ = 0;
};

// "code: operator text", for logs and test output.
std::string describe(const Error& error);

// Thin [[nodiscard]] class over boost::system::result (Boost 1.81's is not nodiscard).
// Hand a failure on in two explicit lines: if (!r) co_return r.error();
template <class T>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
public:
    using Base = boost::system::result<T, Error>;
    using Base::Base;
    Result() requires std::is_default_constructible_v<T> || std::is_void_v<T>
        : Base(boost::system::in_place_value) {}
};

using Status = Result<void>;

// Found by argument-dependent lookup: value() of a failed result is a defect of ours and throws
// std::logic_error.
[[noreturn]] void throw_exception_from_error(
    const Error& error, const boost::source_location& where
);

} // namespace berth
