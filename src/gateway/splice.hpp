// SPDX-License-Identifier: Apache-2.0
#pragma once
// Two byte streams joined: each side's bytes go to the other, with back-pressure.

#include "gateway/buffer_pool.hpp"
#include "net/byte_stream.hpp"

#include <functional>
#include <string_view>

namespace berth::gateway {

// Is shown what goes by.
using Onlooker = std::function<void(std::string_view)>;

// Until both sides have ended, or one failed; both streams are closed then. A half that ends is
// passed on. Cancellation passes through. `from_a` outlives it, as the streams do.
net::Task<void>
splice(net::ByteStream& a, net::ByteStream& b, BufferPool& buffers, const Onlooker& from_a);

} // namespace berth::gateway
