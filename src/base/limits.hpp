// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every bound of the program in one list, each with its reason.

#include "base/time.hpp"

#include <cstddef>

namespace berth::limits {

using namespace std::chrono_literals;

// HTTP server (reliability rule H-30: enough for every client of ours, small for an attacker).
inline constexpr std::size_t request_line = 4 * 1024;
inline constexpr std::size_t header_bytes = 16 * 1024;
inline constexpr std::size_t header_fields = 64;
inline constexpr std::size_t body_bytes = 64 * 1024;
inline constexpr std::size_t web_body_bytes = 16 * 1024 * 1024; // to a session's web endpoint
inline constexpr std::size_t json_depth = 16;
inline constexpr int requests_per_connection = 1000;
inline constexpr std::size_t connections = 12000; // of 20,000 descriptors; the rest for endpoints
inline constexpr Seconds header_read = 10s;
inline constexpr Seconds body_read = 15s;
inline constexpr Seconds keep_alive_idle = 30s;
inline constexpr Seconds write_stall = 20s;
inline constexpr Seconds request_total = 30s; // the deadline a handler starts with

// Server-sent events: nginx cuts silence at 60 s, so 15 s; a slow reader is cut, not buffered.
inline constexpr Seconds sse_heartbeat = 15s;
inline constexpr std::size_t sse_queue = 256;
inline constexpr int sse_streams_per_user = 8;
inline constexpr std::size_t event_ring = 4096; // replay window in memory

// Gateway: two buffers of this size per active viewer, none for an idle one.
inline constexpr std::size_t relay_buffer = 128 * 1024;
inline constexpr std::size_t websocket_message = 1024 * 1024; // from the browser
inline constexpr Seconds websocket_ping = 20s;
inline constexpr Seconds websocket_dead = 60s;
inline constexpr Seconds ticket_life = 30s;
inline constexpr int viewers_per_session = 32;

// RFB: what a desktop may announce (it is hostile input).
inline constexpr std::size_t rfb_name = 4 * 1024;
inline constexpr std::size_t rfb_reason = 4 * 1024;
inline constexpr std::size_t rfb_cut_text = 1024 * 1024;
inline constexpr Seconds rfb_handshake = 10s;

// Docker Engine: replies are untrusted.
inline constexpr std::size_t engine_reply = 16 * 1024 * 1024; // a list of 5,000 containers fits
inline constexpr std::size_t engine_line = 1024 * 1024;       // one JSON line of a stream
inline constexpr std::size_t engine_kept_connections = 4;
inline constexpr Seconds engine_ping = 2s;
inline constexpr Seconds engine_inspect = 5s;
inline constexpr Seconds engine_list = 10s;
inline constexpr Seconds engine_create = 30s;
inline constexpr Seconds engine_start = 60s;
inline constexpr Seconds engine_remove = 60s;

// Broker.
inline constexpr std::size_t sessions_queued = 2000;
inline constexpr std::chrono::minutes queue_wait = 30min; // then an honest failure
inline constexpr Seconds owner_released = 5s; // a removal that takes longer no longer blocks its owner
inline constexpr Seconds removal_retry_longest = 60s;
inline constexpr Seconds input_stored = 30s; // sampling of the idle clock's stored value
inline constexpr Seconds clock_jump = 5s;   // smaller steps are adjustments, not jumps
inline constexpr Seconds clock_check = 1s;
inline constexpr Seconds host_check_interval = 4s;
inline constexpr int host_misses = 2;       // failed checks in a row until a host counts as down
inline constexpr Seconds host_recheck = 1s; // after a miss: 4.4 + 2 + 1.1 + 2 s until a frozen engine is down
inline constexpr Seconds host_recheck_longest = 12s; // of a dead host: back within 30 s of its healing
inline constexpr Seconds host_unknown_after = 10s;   // without an answer: sessions there are told
inline constexpr Seconds image_check_interval = 15s;
inline constexpr std::size_t hosts = 500;            // the metrics' labels hold so many names
inline constexpr std::size_t host_labels = 32;
inline constexpr std::size_t maintenance_message = 500;
inline constexpr Seconds engine_retired = 90s;       // longer than any call that may still use it
inline constexpr Seconds engine_close = 5s;
inline constexpr int reconciled_at_once = 16;        // hosts; one that hangs takes one place
inline constexpr Seconds reconcile_one = 60s;        // list and removals of one host
inline constexpr Seconds unknown_container_kept = 60s; // without any row: a restored backup may lack it
inline constexpr Seconds owner_wait = 8s;   // a new start waits that long for the old one's end
inline constexpr std::size_t session_name = 80;
inline constexpr std::size_t idempotency_key = 128;
inline constexpr Seconds reconcile_interval = 15s;
inline constexpr Seconds stop_grace = 2s;

} // namespace berth::limits
