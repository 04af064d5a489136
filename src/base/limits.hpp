// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every bound of the program in one list, each with its reason.

#include "base/time.hpp"

#include <cstddef>
#include <cstdint>

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
// A person's browser takes about eight; behind a proxy that is not trusted everybody is one address.
inline constexpr std::size_t connections_per_address = 64;
inline constexpr std::size_t monitor_connections = 64; // to the entry of monitors
// New connections are refused from here on, so that tunnels and engines have the rest (H-32).
inline constexpr unsigned descriptors_in_use_percent = 95;
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
inline constexpr Seconds engine_ping = 10s; // the first exchange: its connection is made before it
inline constexpr Seconds engine_inspect = 5s;
inline constexpr Seconds engine_list = 10s;
inline constexpr Seconds engine_create = 30s;
inline constexpr Seconds engine_start = 60s;
inline constexpr Seconds engine_remove = 60s;
inline constexpr Seconds engine_pause = 10s; // 21 ms measured

// SSH.
inline constexpr int ssh_connecting = 256;        // at once over all hosts: each is a descriptor
inline constexpr int ssh_handshakes = 8;          // the same: each costs CPU on both ends
inline constexpr int ssh_handshakes_per_host = 4; // sshd's MaxStartups begins to refuse at 10
inline constexpr int ssh_early_retries = 3;       // after a reset before the banner (MaxStartups)
inline constexpr Seconds ssh_connect = 10s;       // TCP, handshake and authentication together
inline constexpr Seconds ssh_agent = 2s;          // a frozen agent is left out after that
inline constexpr Seconds ssh_way = 5s;            // of an examination: forwarding, and the commands in its place
inline constexpr Seconds ssh_config = 5s;         // `ssh -G`; a Match exec may take a while
inline constexpr Seconds ssh_config_fresh = 60s;  // its answer is kept that long
inline constexpr Seconds ssh_keepalive = 3s;      // silence after which the peer is asked …
inline constexpr int ssh_misses = 3;              // … and so many of these are death
inline constexpr Seconds ssh_user_timeout = 8s;   // TCP: unacknowledged data
inline constexpr std::size_t ssh_channels = 512;  // per session
inline constexpr int ssh_execs = 8;               // of sshd's MaxSessions (10)
inline constexpr int ssh_connections = 20;        // per host, by default
inline constexpr Milliseconds ssh_backoff_first = 200ms;
inline constexpr Milliseconds ssh_backoff_longest = 5s;
inline constexpr Seconds ssh_idle = 60s;          // a desktop connection without a desktop
inline constexpr std::size_t ssh_write = 128 * 1024; // libssh's own buffer has no bound
inline constexpr std::size_t ssh_error_text = 4 * 1024;
inline constexpr std::size_t ssh_config_output = 64 * 1024;
inline constexpr std::size_t ssh_known_hosts = 8 * 1024 * 1024; // a file larger than that is not read
inline constexpr std::size_t ssh_command_output = 256 * 1024; // of a look at the machine
inline constexpr int ssh_child_forwards = 256;    // ports that one OpenSSH child forwards

// Broker.
inline constexpr std::size_t sessions_queued = 2000;
inline constexpr std::chrono::minutes queue_wait = 30min; // then an honest failure
inline constexpr Seconds queue_announced = 1s; // those who wait are told of their places at most that often
inline constexpr int start_retries = 4;        // further tries of a start that failed by its host's fault
inline constexpr Seconds warm_resume = 5s;  // a paused desktop answers after 20 ms; then it is given up
inline constexpr Seconds warm_proof = 20s;  // one reconciler round: until then a dead one is noticed
inline constexpr Seconds pool_look = 1s;    // pools are looked over that often
inline constexpr Milliseconds pool_least_pause = 50ms;
inline constexpr std::chrono::hours warm_age = 12h; // older ones are replaced: what idles for long goes stale
inline constexpr std::chrono::minutes warm_half_life = 10min; // a busy minute is forgotten by half
inline constexpr Seconds warm_trim = 30s;   // one too many is given up at most that often
inline constexpr Seconds pool_backoff_first = 5s; // after one that did not start, on that host; doubles
inline constexpr std::chrono::minutes pool_backoff_longest = 10min;
inline constexpr Seconds owner_released = 5s; // a removal that takes longer no longer blocks its owner
inline constexpr Seconds removal_retry_longest = 60s;
inline constexpr Seconds input_stored = 30s; // sampling of the idle clock's stored value
inline constexpr Seconds clock_jump = 5s;   // smaller steps are adjustments, not jumps
inline constexpr Seconds clock_check = 1s;
inline constexpr Seconds first_look = 5s;    // at all hosts, then at their containers, before any request
inline constexpr Seconds host_check_interval = 4s;
inline constexpr Seconds host_check = 2s;   // of a host that is well
inline constexpr int host_misses = 2;       // failed checks in a row until a host counts as down
inline constexpr Seconds host_recheck = 1s; // after a miss: 4.4 + 2 + 1.1 + 2 s until a frozen engine is down
inline constexpr Seconds host_recheck_longest = 12s; // of a dead host: back within 30 s of its healing
inline constexpr Seconds host_unknown_after = 10s;   // without an answer: sessions there are told
inline constexpr Seconds host_examination = 12s;     // with the check after it (5 + 10 s) within one request
inline constexpr Seconds image_check_interval = 15s;
inline constexpr Seconds load_interval = 30s;        // a look at a machine costs it a process
inline constexpr Seconds load_first = 3s;            // the second look, without which no CPU is known
inline constexpr Seconds load_read = 5s;
inline constexpr std::chrono::minutes load_refused = 5min; // a machine that does not tell is asked again then
inline constexpr std::size_t load_samples = 120;     // an hour
inline constexpr int failed_starts = 3;              // in a row by its fault: a host is taken last …
inline constexpr std::chrono::minutes failed_starts_kept = 5min; // … for that long after the last one
inline constexpr Seconds drained_look = 5s;          // whether somebody is still there after the announced end
// What a host's definition may say, in the file, by the API and in the store alike.
inline constexpr int host_weight = 1000;
inline constexpr int host_sessions = 100'000;
inline constexpr int host_creating = 64;             // an engine gains nothing beyond two per core
inline constexpr int host_connections = 100;
inline constexpr std::int64_t host_memory_bytes = std::int64_t{64} << 40;
inline constexpr int host_cpus = 1024;
inline constexpr int pulls_at_once = 16;             // over all hosts: registries count requests
inline constexpr int pulls_per_host = 2;             // the engine's own bound is three layers at a time
inline constexpr std::size_t pulls_waiting = 1000;
inline constexpr std::chrono::minutes image_pull = 20min; // shorter than queue_wait: who waits learns why
inline constexpr Seconds pull_backoff_first = 30s;   // after a failure, for those in the queue; doubles
inline constexpr std::chrono::minutes pull_backoff_longest = 10min;
inline constexpr int pull_tries = 3;                 // hosts; what fails on three fails on the fourth
inline constexpr Seconds pull_told = 1s;             // progress is told at most that often
inline constexpr std::size_t hosts = 500;            // the metrics' labels hold so many names
inline constexpr std::size_t hosts_file = 60 * 1024; // text of one to take hosts from: as JSON it is a body
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
