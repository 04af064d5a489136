// SPDX-License-Identifier: Apache-2.0
#pragma once
// A buffer sequence that owns its list. Asio keeps a copy of the sequence until the operation has
// ended; a span's array, which the caller may have on its stack, is gone by then.

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace berth::net {

// More than eight parts are not taken: the rest follows with the next call, as after any short
// write.
template <class Buffer>
class FewBuffers {
public:
    using value_type = Buffer;
    explicit FewBuffers(std::span<const Buffer> buffers)
        : count_{std::min(buffers.size(), parts_.size())} {
        std::copy_n(buffers.begin(), count_, parts_.begin());
    }
    const Buffer* begin() const noexcept { return parts_.data(); }
    const Buffer* end() const noexcept { return parts_.data() + count_; }

private:
    std::array<Buffer, 8> parts_;
    std::size_t count_;
};

} // namespace berth::net
