// SPDX-License-Identifier: Apache-2.0
#pragma once
// Chunked bodies (RFC 9112 section 7.1), strictly and in any cut. Our own because Beast 1.81 aborts
// the process (an assert inside parse_chunk_header) when a last chunk arrives in small pieces or
// is followed by a bare CR: found by fuzz/http_target.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::net {

class ChunkDecoder {
public:
    enum class Verdict { more, done, malformed, too_large };
    // In a request merging trailer fields is a known hole; in an answer they are only skipped.
    enum class Trailers { refused, skipped };
    explicit ChunkDecoder(Trailers trailers = Trailers::refused)
        : trailers_{trailers} {}

    // Appends data to `body` and advances `used` over what was taken: everything, unless the body
    // ends first. too_large before a byte over `longest` is kept. Extensions are skipped.
    Verdict feed(
        std::string_view bytes, std::size_t& used, std::string& body, std::size_t longest
    );

private:
    enum class Part { size_begin, size, extension, size_lf, data, data_cr, data_lf, end_cr, end_lf, trailer, trailer_lf };
    bool take_structure(char c);

    Trailers trailers_;
    Part part_ = Part::size_begin;
    std::uint64_t size_ = 0; // of this chunk; in `data` what is left of it
    std::size_t line_ = 0;   // length of the line with the size
};

} // namespace berth::net
