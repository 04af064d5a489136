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

bool is_about_machine(std::string_view text) noexcept {
    auto is_same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    return std::any_of(machine_words.begin(), machine_words.end(), [&](std::string_view words) {
        return std::search(text.begin(), text.end(), words.begin(), words.end(), is_same) != text.end();
    });
}

bool is_hosts_fault(Errc code, std::string_view text) noexcept {
    switch (code) {
    case Errc::host_unreachable:
    case Errc::host_key_unknown:
    case Errc::host_key_changed:
    case Errc::image_missing:
    case Errc::timed_out: return true;
    case Errc::engine_error: return is_about_machine(text);
    default: return false;
    }
}

} // namespace

bool blames_host(const Error& error) noexcept { return is_hosts_fault(error.code(), error.operator_text()); }

std::set<HostId> hosts_to_avoid(const Session& session) {
    std::set<HostId> hosts;
    for (const auto& one : session.attempts) {
        if (is_hosts_fault(one.code, one.detail)) hosts.insert(one.host);
    }
    return hosts;
}

} // namespace berth::session
