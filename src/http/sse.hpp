// SPDX-License-Identifier: Apache-2.0
#pragma once
// Framing of server-sent events (WHATWG HTML, "Server-sent events"). Pure.

#include "http/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::http {

// Reconnection time a client is told at the start of a stream.
inline constexpr int sse_retry_ms = 3000;

// "id: 7\nevent: session\ndata: {…}\n\n". id 0 = no id line, an empty type = no event line.
// `data` is one line: line breaks in it are spaces afterwards. A type with a line break is a defect.
std::string encode_event(std::uint64_t id, std::string_view type, std::string_view data);
std::string encode_retry(int milliseconds);
// A comment line: keeps proxies from cutting a silent stream.
std::string_view heartbeat() noexcept;

// Where the client wants to go on: Last-Event-ID, else ?after=. Nothing when neither is there;
// invalid_input when one is there and is no number.
Result<std::optional<std::uint64_t>> resume_id(const Request& request);

// An answer that streams: text/event-stream, unbuffered by nginx.
Response event_stream(std::function<net::Task<void>(BodyWriter&)> producer);

} // namespace berth::http
