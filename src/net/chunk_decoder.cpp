// SPDX-License-Identifier: Apache-2.0
#include "net/chunk_decoder.hpp"

#include <algorithm>

namespace berth::net {
namespace {

// What may stand in a field value (RFC 9110 5.5): visible, space, tab and bytes above ASCII.
bool is_text(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

// A size with its extensions; more is abuse.
constexpr std::size_t longest_line = 1024;
constexpr std::uint64_t largest_size = std::uint64_t{1} << 56; // 14 digits cannot overflow

int hex(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

} // namespace

ChunkDecoder::Verdict ChunkDecoder::feed(
    std::string_view bytes,
    std::size_t& used,
    std::string& body,
    std::size_t longest
) {
    while (used < bytes.size()) {
        if (part_ == Part::data) {
            const auto count = std::min<std::uint64_t>(size_, bytes.size() - used);
            body.append(bytes.substr(used, count));
            used += count;
            size_ -= count;
            if (size_ == 0) part_ = Part::data_cr;
            continue;
        }
        const bool is_last_byte = part_ == Part::end_lf;
        if (!take_structure(bytes[used])) return Verdict::malformed;
        ++used;
        if (is_last_byte) return Verdict::done;
        // Refused by its announcement, before any of it is stored.
        if (size_ > longest || body.size() + size_ > longest) return Verdict::too_large;
    }
    return Verdict::more;
}

bool ChunkDecoder::take_structure(char c) {
    const auto expect = [&](char wanted, Part next) {
        part_ = next;
        return c == wanted;
    };
    if (++line_ > longest_line) return false;
    switch (part_) {
    case Part::size_begin:
    case Part::size: {
        const int digit = hex(c);
        if (digit >= 0) {
            if (size_ >= largest_size) return false;
            size_ = size_ * 16 + static_cast<std::uint64_t>(digit);
            part_ = Part::size;
            return true;
        }
        if (part_ == Part::size_begin) return false;
        part_ = c == ';' ? Part::extension : Part::size_lf;
        return c == ';' || c == '\r';
    }
    case Part::extension:
        // A bare LF here ends the line for some proxies: a known way to smuggle.
        if (c == '\r') part_ = Part::size_lf;
        return c == '\r' || is_text(c);
    case Part::size_lf:
        line_ = 0;
        return expect('\n', size_ == 0 ? Part::end_cr : Part::data);
    case Part::data_cr: return expect('\r', Part::data_lf);
    case Part::data_lf:
        line_ = 0;
        return expect('\n', Part::size_begin);
    case Part::end_cr:
        if (c == '\r' || trailers_ == Trailers::refused) return expect('\r', Part::end_lf);
        part_ = Part::trailer;
        return is_text(c);
    case Part::trailer:
        if (c == '\r') part_ = Part::trailer_lf;
        return c == '\r' || (is_text(c) && ++line_ <= longest_line);
    case Part::trailer_lf:
        line_ = 0;
        return expect('\n', Part::end_cr);
    case Part::end_lf: return c == '\n';
    case Part::data: break;
    }
    return false;
}

} // namespace berth::net
