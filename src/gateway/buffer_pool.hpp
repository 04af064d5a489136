// SPDX-License-Identifier: Apache-2.0
#pragma once
// Buffers that are taken when bytes are there and given back when they are gone, so that an idle
// viewer holds none. One pool per thread; not for sharing.

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace berth::gateway {

class BufferPool {
public:
    // `kept` free buffers stay for the next user; more go back to the system.
    BufferPool(std::size_t size, std::size_t kept)
        : size_{size}
        , kept_{kept} {}

    class Buffer {
    public:
        explicit Buffer(BufferPool& pool)
            : pool_{pool}
            , bytes_{pool.take()} {}
        Buffer(const Buffer&) = delete;
        Buffer& operator=(const Buffer&) = delete;
        ~Buffer() { pool_.give_back(std::move(bytes_)); }
        char* data() const noexcept { return bytes_.get(); }
        std::size_t size() const noexcept { return pool_.size_; }
        boost::asio::mutable_buffer whole() const noexcept { return {data(), size()}; }

    private:
        BufferPool& pool_;
        std::unique_ptr<char[]> bytes_;
    };

    std::size_t in_use() const noexcept { return in_use_; }

private:
    std::unique_ptr<char[]> take() {
        ++in_use_;
        if (free_.empty()) return std::make_unique_for_overwrite<char[]>(size_);
        auto bytes = std::move(free_.back());
        free_.pop_back();
        return bytes;
    }
    void give_back(std::unique_ptr<char[]> bytes) noexcept {
        --in_use_;
        if (free_.size() < kept_) free_.push_back(std::move(bytes));
    }

    std::size_t size_;
    std::size_t kept_;
    std::size_t in_use_ = 0;
    std::vector<std::unique_ptr<char[]>> free_;
};

} // namespace berth::gateway
