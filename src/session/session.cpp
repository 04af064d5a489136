// SPDX-License-Identifier: Apache-2.0
#include "session/session.hpp"

namespace berth::session {
namespace {

template <class Enum, std::size_t N>
std::optional<Enum> named(std::string_view name, const std::array<Enum, N>& all) {
    for (auto value : all) {
        if (name_of(value) == name) return value;
    }
    return std::nullopt;
}

} // namespace

std::string_view name_of(State state) noexcept {
    switch (state) {
    case State::queued: return "queued";
    case State::creating: return "creating";
    case State::starting: return "starting";
    case State::probing: return "probing";
    case State::ready: return "ready";
    case State::stopping: return "stopping";
    case State::ended: return "ended";
    }
    return "ended";
}

std::optional<State> state_from(std::string_view name) noexcept {
    constexpr std::array all{State::queued, State::creating, State::starting, State::probing,
                             State::ready,  State::stopping, State::ended};
    return named(name, all);
}

std::string_view name_of(EndReason reason) noexcept {
    switch (reason) {
    case EndReason::owner_request: return "owner_request";
    case EndReason::admin_request: return "admin_request";
    case EndReason::lease_expired: return "lease_expired";
    case EndReason::idle: return "idle";
    case EndReason::disconnected: return "disconnected";
    case EndReason::failed: return "failed";
    case EndReason::container_died: return "container_died";
    case EndReason::out_of_memory: return "out_of_memory";
    case EndReason::removed_outside: return "removed_outside";
    case EndReason::host_lost: return "host_lost";
    case EndReason::host_maintenance: return "host_maintenance";
    }
    return "failed";
}

std::optional<EndReason> end_reason_from(std::string_view name) noexcept {
    constexpr std::array all{EndReason::owner_request,  EndReason::admin_request,
                             EndReason::lease_expired,  EndReason::idle,
                             EndReason::disconnected,   EndReason::failed,
                             EndReason::container_died, EndReason::out_of_memory,
                             EndReason::removed_outside, EndReason::host_lost,
                             EndReason::host_maintenance};
    return named(name, all);
}

std::string_view name_of(Protocol protocol) noexcept {
    switch (protocol) {
    case Protocol::rfb: return "rfb";
    case Protocol::web: return "web";
    case Protocol::terminal: return "terminal";
    case Protocol::audio: return "audio";
    case Protocol::tcp: return "tcp";
    }
    return "tcp";
}

std::optional<Protocol> protocol_from(std::string_view name) noexcept {
    constexpr std::array all{Protocol::rfb, Protocol::web, Protocol::terminal, Protocol::audio,
                             Protocol::tcp};
    return named(name, all);
}

std::string_view name_of(Stage stage) noexcept {
    switch (stage) {
    case Stage::queued: return "queued";
    case Stage::creating: return "creating";
    case Stage::starting: return "starting";
    case Stage::waiting: return "waiting";
    }
    return "waiting";
}

bool is_live(const Session& session) noexcept { return session.state != State::ended; }

bool is_from_pool(const Session& session) noexcept {
    return session.host && !session.stages[static_cast<std::size_t>(Stage::creating)].started_at;
}

std::optional<TimePoint> ends_at(const Session& session) noexcept {
    if (!session.lease_end) return std::nullopt;
    return *session.lease_end + session.policy.grace;
}

std::optional<TimePoint> idle_deadline(const Session& session) noexcept {
    if (session.state != State::ready || session.policy.idle == Seconds{0}) return std::nullopt;
    return session.last_input_at + session.policy.idle;
}

std::optional<TimePoint> disconnected_deadline(const Session& session) noexcept {
    if (session.state != State::ready || session.policy.disconnected == Seconds{0}
        || !session.disconnected_since)
        return std::nullopt;
    return *session.disconnected_since + session.policy.disconnected;
}

int extensions_left(const Session& session) noexcept {
    if (session.policy.max_extensions < 0) return -1;
    auto left = session.policy.max_extensions - session.extensions_used;
    return left > 0 ? left : 0;
}

std::optional<TimePoint> hard_limit(const Session& session) noexcept {
    if (!session.ready_at || session.policy.max_total == Seconds{0}) return std::nullopt;
    return *session.ready_at + session.policy.max_total;
}

std::string container_name(std::string_view deployment, const SessionId& id, int generation) {
    return "berth-" + std::string{deployment} + "-" + id.str() + "-" + std::to_string(generation);
}

} // namespace berth::session
