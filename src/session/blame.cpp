// SPDX-License-Identifier: Apache-2.0
#include "session/blame.hpp"

#include <algorithm>
#include <cctype>

namespace berth::session {
namespace {

// Engines have one code for everything that goes wrong inside them; what is about the machine and
// not about the image shows in their words only.
constexpr std::array machine_words{
    std::string_view{"no space left"},        std::string_view{"disk quota exceeded"},
    std::string_view{"read-only file system"}, std::string_view{"input/output error"},
    std::string_view{"too many open files"},  std::string_view{"cannot allocate memory"},
    std::string_view{"resource temporarily unavailable"}, std::string_view{"docker daemon"},
    std::string_view{"shutting down"},        std::string_view{"containerd.sock"},
    std::string_view{"failed to start shim"}, std::string_view{"non-overlapping ipv4"}};

// What the runtime says of an image or a command that cannot be started anywhere.
constexpr std::array image_words{
    std::string_view{"executable file not found"}, std::string_view{"exec format error"},
    std::string_view{"permission denied"},         std::string_view{"no such file or directory"},
    std::string_view{"unable to find user"},       std::string_view{"is a directory"}};

template <std::size_t N>
bool has_one_of(const std::array<std::string_view, N>& list, std::string_view text) noexcept {
    auto is_same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    return std::any_of(list.begin(), list.end(), [&](std::string_view words) {
        return std::search(text.begin(), text.end(), words.begin(), words.end(), is_same) != text.end();
    });
}

// An answer of 5xx is the engine's own failure, unless its words are about the image: another machine
// may well do it, and no host leaves the rotation for it.
bool is_engines_failure(std::string_view text) noexcept {
    if (has_one_of(machine_words, text)) return true;
    return text.find("engine answered 5") != std::string_view::npos && !has_one_of(image_words, text);
}

bool is_hosts_fault(Errc code, std::string_view text, bool is_engine_talking) noexcept {
    switch (code) {
    case Errc::host_unreachable:
    case Errc::host_key_unknown:
    case Errc::host_key_changed:
    case Errc::image_missing:
    case Errc::timed_out: return true;
    case Errc::engine_error: return is_engines_failure(text);
    case Errc::protocol_violation: return is_engine_talking;
    default: return false;
    }
}

} // namespace

bool blames_host(const Error& error, State state) noexcept {
    auto is_engine_talking = state == State::creating || state == State::starting;
    return is_hosts_fault(error.code(), error.operator_text(), is_engine_talking);
}

FailedHosts hosts_that_failed(const Session& session) {
    FailedHosts hosts;
    for (const auto& one : session.attempts) {
        auto is_engine_talking = one.stage == Stage::creating || one.stage == Stage::starting;
        if (!is_hosts_fault(one.code, one.detail, is_engine_talking)) continue;
        auto may_pass = one.code == Errc::engine_error || one.code == Errc::protocol_violation;
        auto is_first = may_pass && hosts.shun.insert(one.host).second;
        if (!is_first) hosts.avoid.insert(one.host);
    }
    return hosts;
}

} // namespace berth::session
