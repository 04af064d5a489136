// SPDX-License-Identifier: Apache-2.0
#include "docker/wire/streams.hpp"

#include "base/limits.hpp"

#include <utility>

namespace berth::docker {
namespace {
constexpr std::size_t head_size = 8;
}

Status LineSplitter::feed(std::string_view piece, std::vector<std::string>& lines) {
    while (!piece.empty()) {
        auto end = piece.find('\n');
        auto part = piece.substr(0, end);
        if (rest_.size() + part.size() > limits::engine_line)
            return Error{Errc::too_large, "a line of the engine's stream is too long"};
        rest_ += part;
        if (end == std::string_view::npos) return {};
        piece.remove_prefix(end + 1);
        if (rest_.ends_with('\r')) rest_.pop_back();
        if (!rest_.empty()) lines.push_back(std::exchange(rest_, {}));
    }
    return {};
}

std::string LineSplitter::take_rest() {
    return std::exchange(rest_, {});
}

Status OutputDecoder::feed(std::string_view piece, std::vector<OutputChunk>& chunks) {
    while (!piece.empty()) {
        if (left_ > 0) {
            auto part = piece.substr(0, left_);
            chunks.emplace_back(kind_, std::string{part});
            left_ -= part.size();
            piece.remove_prefix(part.size());
            continue;
        }
        auto part = piece.substr(0, head_size - head_.size());
        head_ += part;
        piece.remove_prefix(part.size());
        if (head_.size() < head_size) return {};
        auto byte = [&](std::size_t i) { return static_cast<unsigned char>(head_[i]); };
        if (byte(0) > 2 || byte(1) != 0 || byte(2) != 0 || byte(3) != 0)
            return Error{Errc::protocol_violation, "bad frame head in the engine's output stream"};
        kind_ = static_cast<OutputKind>(byte(0));
        left_ = (static_cast<std::size_t>(byte(4)) << 24) |
                (static_cast<std::size_t>(byte(5)) << 16) |
                (static_cast<std::size_t>(byte(6)) << 8) | byte(7);
        head_.clear();
    }
    return {};
}

} // namespace berth::docker
