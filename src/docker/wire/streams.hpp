// SPDX-License-Identifier: Apache-2.0
#pragma once
// Cutting the engine's endless answers into units: lines of JSON, and frames of output.

#include "base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace berth::docker {

// Lines ending in LF (a CR before it goes too); empty ones are dropped. A line over
// limits::engine_line is too_large, and the stream is unusable from then on.
class LineSplitter {
public:
    Status feed(std::string_view piece, std::vector<std::string>& lines);
    // What came after the last LF.
    std::string take_rest();

private:
    std::string rest_;
};

enum class OutputKind { standard_input, standard_output, standard_error };

struct OutputChunk {
    OutputChunk() = default;
    OutputChunk(OutputKind kind_, std::string data_)
        : kind{kind_}
        , data{std::move(data_)} {}
    OutputKind kind = OutputKind::standard_output;
    std::string data;
};

// Multiplexed output of logs, attach and exec without a terminal: a head of 8 bytes (kind, three
// zeros, length in big endian), then the data (Engine API, "Attach to a container", stream format).
// Keeps no data: a part of a frame comes out as a chunk. A bad head is protocol_violation.
class OutputDecoder {
public:
    Status feed(std::string_view piece, std::vector<OutputChunk>& chunks);
    bool is_between_frames() const noexcept { return head_.empty() && left_ == 0; }

private:
    std::string head_;     // incomplete head
    std::size_t left_ = 0; // bytes of the present frame to come
    OutputKind kind_ = OutputKind::standard_output;
};

} // namespace berth::docker
