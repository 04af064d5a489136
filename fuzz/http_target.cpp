// SPDX-License-Identifier: Apache-2.0
// Request targets, request heads and bodies. Beside not crashing, it must hold that a target is
// canonical and stable, and that a request is read the same however it is cut into pieces.
#include "base/assert.hpp"
#include "http/request_parser.hpp"
#include "http/url.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace {

using namespace berth::http;

void check_target(std::string_view text) {
    const auto target = parse_target(text);
    if (!target) return;
    const auto& path = target->path;
    BERTH_ASSERT(!path.empty() && path.front() == '/');
    BERTH_ASSERT(is_valid_utf8(path));
    BERTH_ASSERT(path.find("//") == std::string::npos);
    BERTH_ASSERT((path + "/").find("/../") == std::string::npos);
    BERTH_ASSERT((path + "/").find("/./") == std::string::npos);
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        BERTH_ASSERT(byte >= 0x20 && byte != 0x7f && byte != '\\');
    }
    const auto again = parse_target(encode_path(path));
    BERTH_ASSERT(again && again->path == path);
    Request request;
    request.query = target->query;
    static_cast<void>(request.query_value("after"));
}

struct Reading {
    Request request;
    RequestParser::State state = RequestParser::State::head;
    std::size_t used = 0;
};

// Presents the bytes `step` at a time, as a connection does.
Reading read(std::string_view bytes, std::size_t step) {
    Reading reading;
    RequestParser parser;
    parser.begin(reading.request);
    std::size_t end = 0;
    for (;;) {
        const auto state = parser.state();
        if (state == RequestParser::State::done || state == RequestParser::State::failed) break;
        const auto used = parser.feed(bytes.substr(reading.used, end - reading.used));
        reading.used += used;
        if (used == 0 && parser.state() == state) {
            if (end == bytes.size()) break;
            end = std::min(end + step, bytes.size());
        }
    }
    reading.state = parser.state();
    return reading;
}

void check_request(std::string_view bytes) {
    const auto whole = read(bytes, bytes.size() + 1);
    const auto single = read(bytes, 1);
    BERTH_ASSERT(whole.state == single.state);
    if (whole.state != RequestParser::State::done) return;
    BERTH_ASSERT(whole.used == single.used);
    BERTH_ASSERT(whole.request.body == single.request.body);
    BERTH_ASSERT(whole.request.target == single.request.target);
    BERTH_ASSERT(whole.request.headers == single.request.headers);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    check_target(bytes.substr(0, bytes.find('\n')));
    check_request(bytes);
    return 0;
}
