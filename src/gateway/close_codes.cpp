// SPDX-License-Identifier: Apache-2.0
#include "gateway/close_codes.hpp"

namespace berth::gateway {

using net::WebSocketClose;

WebSocketClose close_for(session::EndReason reason) {
    using session::EndReason;
    switch (reason) {
    case EndReason::owner_request:
        return {close_ended, "you"};
    case EndReason::admin_request:
        return {close_ended, "admin"};
    case EndReason::lease_expired:
        return {close_ended, "time"};
    case EndReason::idle:
        return {close_idle, "idle"};
    case EndReason::disconnected:
        return {close_ended, "disconnected"};
    case EndReason::failed:
        return {close_ended, "failed"};
    case EndReason::container_died:
        return {close_ended, "crashed"};
    case EndReason::out_of_memory:
        return {close_ended, "memory"};
    case EndReason::removed_outside:
        return {close_ended, "removed"};
    case EndReason::host_lost:
        return {close_ended, "host"};
    case EndReason::host_maintenance:
        return {close_ended, "maintenance"};
    }
    return {close_ended, ""};
}

WebSocketClose close_for(Errc code) {
    switch (code) {
    case Errc::unauthenticated:
        return {close_sign_in, "sign in again"};
    // The page fetches a new ticket for each attempt, so trying again is right.
    case Errc::ticket_spent:
        return {close_busy, "ticket"};
    case Errc::forbidden:
        return {close_forbidden, "not allowed"};
    case Errc::not_found:
        return {close_not_found, "no such desktop"};
    case Errc::ended:
        return {close_ended, ""};
    case Errc::conflict:
        return {close_paused, "paused"};
    case Errc::quota_exceeded:
        return {close_too_many, "too many connections"};
    case Errc::shutting_down:
        return {close_restarting, "restarting"};
    case Errc::host_unreachable:
    case Errc::timed_out:
    case Errc::engine_error:
    case Errc::host_key_unknown:
    case Errc::host_key_changed:
    case Errc::protocol_violation:
        return {close_host, "the desktop does not answer"};
    case Errc::not_ready:
    case Errc::no_capacity:
    case Errc::rate_limited:
    case Errc::unavailable:
        return {close_busy, "busy"};
    case Errc::invalid_input:
    case Errc::already_exists:
    case Errc::image_missing:
    case Errc::too_large:
    case Errc::unsupported_media_type:
    case Errc::method_not_allowed:
    case Errc::internal:
        return {close_busy, "internal"};
    }
    return {close_busy, "internal"};
}

bool is_violation(std::uint16_t code) {
    return code == close_protocol || code == close_not_binary || code == close_too_long;
}

} // namespace berth::gateway
