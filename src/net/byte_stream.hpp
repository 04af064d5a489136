// SPDX-License-Identifier: Apache-2.0
#pragma once
// A connected duplex stream of bytes, whatever carries it: TCP, unix socket, TLS, an SSH channel.
// Heavy templates (Beast) are instantiated over this type only, in one file each.

#include "base/error.hpp"
#include "net/task.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace berth::net {

using IoHandler = boost::asio::any_completion_handler<void(boost::system::error_code, std::size_t)>;
using MutableBuffers = std::span<const boost::asio::mutable_buffer>;
using ConstBuffers = std::span<const boost::asio::const_buffer>;

// One read and one write may be outstanding at a time; everything happens on executor().
// Cancellation (total) is supported by every operation and leaves the stream usable only for
// close(). Buffers must live until completion; the span itself only until the call returns.
class ByteStream {
public:
    virtual ~ByteStream() = default;

    virtual const Executor& executor() const noexcept = 0;

    // Asio-style primitives (for Beast). End of stream is asio::error::eof.
    virtual void start_read_some(MutableBuffers buffers, IoHandler handler) = 0;
    virtual void start_write_some(ConstBuffers buffers, IoHandler handler) = 0;
    // Completes when a read would not wait; lets an idle connection hold no buffer.
    virtual void start_wait_readable(IoHandler handler) = 0;

    // No more writes from us; reads go on. Idempotent, never fails visibly.
    virtual void shutdown_write() noexcept = 0;
    // Ends pending operations with operation_aborted. Idempotent.
    virtual void close() noexcept = 0;

    // Peer address for logs and limits: "127.0.0.1", "::1", "unix".
    virtual std::string peer() const = 0;
    // True when nothing more can be exchanged on an idle stream: the peer has closed it, or sent
    // bytes nobody asked for. Does not wait; false when that cannot be told.
    virtual bool is_stale() const noexcept { return false; }
    // Takes the descriptor out of a plain socket so that another thread can adopt it; -1 when the
    // stream is more than a socket (TLS, SSH). After it the stream is closed.
    virtual int release_descriptor() noexcept { return -1; }

    // Coroutine forms. read_some: 0 = end of stream. Errors are host_unreachable (reset, refused),
    // ended (close() was called here meanwhile) or internal; cancellation throws.
    Task<Result<std::size_t>> read_some(boost::asio::mutable_buffer buffer);
    Task<Status> write_all(ConstBuffers buffers);
    Task<Status> write_all(boost::asio::const_buffer buffer);
    Task<Status> wait_readable();
    // Reads exactly the buffer's size; an early end is protocol_violation.
    Task<Status> read_exactly(boost::asio::mutable_buffer buffer);
};

using ByteStreamPtr = std::unique_ptr<ByteStream>;

// Adopts a connected descriptor (TCP or unix) on the given executor; sets TCP_NODELAY on TCP.
Result<ByteStreamPtr> adopt_descriptor(Executor executor, int descriptor);

} // namespace berth::net
