// SPDX-License-Identifier: Apache-2.0
#include "http/sse.hpp"

#include "base/assert.hpp"

#include <charconv>

namespace berth::http {

std::string encode_event(std::uint64_t id, std::string_view type, std::string_view data) {
    BERTH_ASSERT(type.find_first_of("\r\n") == std::string_view::npos);
    std::string text;
    text.reserve(data.size() + type.size() + 48);
    if (id != 0) text += "id: " + std::to_string(id) + "\n";
    if (!type.empty()) {
        text += "event: ";
        text += type;
        text += '\n';
    }
    text += "data: ";
    for (const char c : data) text += c == '\n' || c == '\r' ? ' ' : c;
    text += "\n\n";
    return text;
}

std::string encode_retry(int milliseconds) {
    return "retry: " + std::to_string(milliseconds) + "\n\n";
}

std::string_view heartbeat() noexcept { return ":\n\n"; }

Result<std::optional<std::uint64_t>> resume_id(const Request& request) {
    auto text = std::string{request.header("last-event-id")};
    if (text.empty()) text = request.query_value("after").value_or("");
    if (text.empty()) return std::optional<std::uint64_t>{};
    std::uint64_t id = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, id);
    if (parsed.ec != std::errc{} || parsed.ptr != end) {
        return Error{Errc::invalid_input, "the event id is no number"}.with_field(
            "after", "a number as sent in an id line"
        );
    }
    return std::optional{id};
}

Response event_stream(std::function<net::Task<void>(BodyWriter&)> producer) {
    Response response{200, {}, "text/event-stream; charset=utf-8"};
    response.headers.emplace_back("Cache-Control", "no-store");
    response.headers.emplace_back("X-Accel-Buffering", "no");
    response.producer = std::move(producer);
    return response;
}

} // namespace berth::http
