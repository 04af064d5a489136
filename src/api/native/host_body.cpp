// SPDX-License-Identifier: Apache-2.0
#include "api/native/host_body.hpp"

#include "base/limits.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace berth::api::native {
namespace {

constexpr std::size_t fingerprint_length = 50;

void take(Body& body, std::string_view name, int least, int most, int& into) {
    if (auto value = body.number_in(name, least, most)) into = static_cast<int>(*value);
}

template <class E, std::size_t n>
void take_word(Body& body, std::string_view name, const std::array<std::string_view, n>& words, E& into) {
    auto text = body.text(name);
    if (!text) return;
    auto found = std::find(words.begin(), words.end(), *text);
    if (found != words.end()) {
        into = static_cast<E>(found - words.begin());
        return;
    }
    std::string list;
    for (auto word : words) list += (list.empty() ? "" : ", ") + std::string{word};
    body.complain(name, "must be one of " + list);
}

} // namespace

void read_host_members(Body& body, broker::HostDefinition& into) {
    take(body, "weight", 1, limits::host_weight, into.weight);
    take(body, "capacity_sessions", 0, limits::host_sessions, into.capacity_sessions);
    take(body, "creating_limit", 0, limits::host_creating, into.creating_limit);
    take(body, "max_connections", 1, limits::host_connections, into.max_connections);
    if (auto bytes = body.number_in("memory_bytes", 0, limits::host_memory_bytes)) into.memory_bytes = *bytes;
    if (auto cpus = body.decimal("cpus")) {
        if (*cpus < 0 || *cpus > limits::host_cpus)
            body.complain("cpus", "must lie between 0 and " + std::to_string(limits::host_cpus));
        else into.nano_cpus = std::llround(*cpus * 1000) * 1'000'000;
    }
    if (auto labels = body.text_map("labels")) into.labels = std::move(*labels);
    take_word(body, "data_path", std::array<std::string_view, 2>{"tunnel", "direct"}, into.data_path);
    take_word(body, "transport", std::array<std::string_view, 3>{"automatic", "libssh", "openssh"}, into.transport);
    if (auto text = body.text("public_name")) into.public_name = std::move(*text);
    if (auto text = body.text("tls_directory")) into.tls_directory = std::move(*text);
}

broker::HostModeRecord read_mode(Body& body, broker::HostMode wanted) {
    broker::HostModeRecord mode;
    mode.mode = wanted;
    if (wanted == broker::HostMode::active) return mode;
    mode.message = body.text("message").value_or("");
    auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (std::any_of(mode.message.begin(), mode.message.end(), is_control)) body.complain("message", "has control characters");
    if (mode.message.size() > limits::maintenance_message)
        body.complain("message", "is longer than " + std::to_string(limits::maintenance_message) + " bytes");
    if (auto until = body.text("until")) {
        mode.until = parse_rfc3339(*until);
        if (!mode.until) body.complain("until", "must be a time such as 2026-11-23T21:00:00Z");
    }
    return mode;
}

bool is_fingerprint(std::string_view text) noexcept {
    if (text.size() != fingerprint_length || !text.starts_with("SHA256:")) return false;
    auto is_base64 = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    };
    return std::all_of(text.begin() + 7, text.end(), is_base64);
}

} // namespace berth::api::native
