// SPDX-License-Identifier: Apache-2.0
#pragma once
// Two byte streams joined: each side's bytes go to the other, with back-pressure.

#include "gateway/buffer_pool.hpp"
#include "net/byte_stream.hpp"

namespace berth::gateway {

// Until both sides have ended, or one failed; both streams are closed then. A half that ends is
// passed on. Cancellation passes through.
net::Task<void> splice(net::ByteStream& a, net::ByteStream& b, BufferPool& buffers);

} // namespace berth::gateway
