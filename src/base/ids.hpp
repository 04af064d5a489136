// SPDX-License-Identifier: Apache-2.0
#pragma once
// Strong identifiers: a host id cannot be passed where a session id is meant.

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

// A non-empty text with a meaning; comparable, hashable, printable through str().
template <class Tag>
class Id {
public:
    Id() = default;
    explicit Id(std::string text)
        : text_{std::move(text)} {}
    const std::string& str() const noexcept { return text_; }
    bool empty() const noexcept { return text_.empty(); }
    auto operator<=>(const Id&) const = default;

private:
    std::string text_;
};

// 26 characters of [a-z2-7]: 130 random bits. Safe in a path, a container name and a host name.
using SessionId = Id<struct SessionTag>;
inline constexpr std::size_t session_id_length = 26;
// The only way from untrusted text to a SessionId: exact length and alphabet, else nothing.
std::optional<SessionId> parse_session_id(std::string_view text);

using HostId = Id<struct HostTag>;           // the host's configured name, [a-z0-9][a-z0-9.-]{0,62}
using TemplateName = Id<struct TemplateTag>; // [a-z0-9][a-z0-9_-]{0,62}
using ContainerId = Id<struct ContainerTag>; // the engine's own 64 hex digits
using UserId = Id<struct UserTag>;

// Same alphabets for names that people choose in configuration and API.
bool is_valid_name(std::string_view text);      // template, token, slot: [a-z0-9][a-z0-9_-]{0,62}
bool is_valid_host_name(std::string_view text); // host: as above with dots
// Account name: 1-64 of [A-Za-z0-9._@+-], first one alphanumeric. Compared case-insensitively
// by its lower-case form, so that no two accounts can be confused by case.
bool is_valid_username(std::string_view text);

} // namespace berth

template <class Tag>
struct std::hash<berth::Id<Tag>> {
    std::size_t operator()(const berth::Id<Tag>& id) const noexcept {
        return std::hash<std::string>{}(id.str());
    }
};
