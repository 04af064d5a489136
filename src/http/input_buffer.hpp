// SPDX-License-Identifier: Apache-2.0
#pragma once
// Received bytes that are not used up yet. Grows to what one head may need, moves rarely.

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace berth::http {

class InputBuffer {
public:
    std::string_view view() const noexcept {
        return std::string_view{bytes_.data() + begin_, end_ - begin_};
    }
    bool empty() const noexcept { return begin_ == end_; }
    std::size_t size() const noexcept { return end_ - begin_; }
    void consume(std::size_t count) noexcept {
        begin_ += count;
        if (begin_ == end_) begin_ = end_ = 0;
    }
    void clear() noexcept { begin_ = end_ = 0; }
    // At least one free byte to read into, usually thousands.
    boost::asio::mutable_buffer space() {
        if (begin_ > 0 && bytes_.size() - end_ < first_size / 2) {
            std::memmove(bytes_.data(), bytes_.data() + begin_, size());
            end_ = size();
            begin_ = 0;
        }
        if (end_ == bytes_.size()) bytes_.resize(std::max(first_size, bytes_.size() * 2));
        return boost::asio::mutable_buffer{bytes_.data() + end_, bytes_.size() - end_};
    }
    void commit(std::size_t count) noexcept { end_ += count; }
    std::string take() {
        std::string bytes{view()};
        clear();
        return bytes;
    }

private:
    static constexpr std::size_t first_size = 4096;
    std::vector<char> bytes_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace berth::http
