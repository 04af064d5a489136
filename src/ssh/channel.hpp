// SPDX-License-Identifier: Apache-2.0
#pragma once
// One channel of a session and the byte stream over it. Private to ssh/.

#include "net/byte_stream.hpp"
#include "ssh/session.hpp"
#include "ssh/session_core.hpp"

#include <array>
#include <span>

namespace berth::ssh {

// What the streams of a session that is down answer; the whole story is in Session::reason().
boost::system::error_code code_of(Lost reason);

// Everything on the session's executor.
class ChannelCore : public std::enable_shared_from_this<ChannelCore> {
public:
    ChannelCore(std::shared_ptr<SessionCore> session, SessionCore::Kind kind);
    ~ChannelCore();
    ChannelCore(const ChannelCore&) = delete;
    ChannelCore& operator=(const ChannelCore&) = delete;

    // Null when the library has no memory.
    ssh_channel handle() noexcept { return handle_; }
    SessionCore& session() noexcept { return *session_; }
    SessionCore::Kind kind() const noexcept { return kind_; }

    void start_read(net::MutableBuffers buffers, net::IoHandler handler);
    void start_write(net::ConstBuffers buffers, net::IoHandler handler);
    void start_wait(net::IoHandler handler);
    void shut_write();
    // Ends what is pending, gives the channel back.
    void close();
    bool is_stale() const noexcept;
    const std::string& error_text() const noexcept { return error_text_; }
    std::optional<int> exit_status() const noexcept { return exit_status_; }

    // For the session: data, end or window may be there.
    void serve();
    void serve_write();
    bool has_ended() const noexcept { return has_end_ || is_shut_; }
    // The session is down: forget the handle (it goes with the session), fail what is pending.
    void lose(boost::system::error_code code);

private:
    using error_code = boost::system::error_code;
    static constexpr std::size_t most_buffers = 8;

    template <class Buffer>
    struct Pending {
        net::IoHandler handler; // empty: nothing pending
        std::array<Buffer, most_buffers> buffers;
        std::size_t count = 0;
        std::uint64_t number = 0; // of the operation: a late cancellation must not hit the next one
    };
    struct Callbacks;

    template <class Buffer>
    void keep(Pending<Buffer>& pending, std::span<const Buffer> buffers, net::IoHandler handler);
    template <class Buffer>
    void finish(Pending<Buffer>& pending, error_code ec, std::size_t n);
    template <class Buffer>
    void cancel(Pending<Buffer> ChannelCore::*which, std::uint64_t number);
    void complete(net::IoHandler handler, error_code ec, std::size_t n);
    // Never wait. 0 without an error: not now.
    std::size_t try_read(std::span<const boost::asio::mutable_buffer> buffers, error_code& ec);
    std::size_t try_write(std::span<const boost::asio::const_buffer> buffers, error_code& ec);
    std::size_t write_some(const void* data, std::size_t size, error_code& ec);
    bool is_readable() const noexcept;
    void send_end();
    void note();
    void release() noexcept;

    std::shared_ptr<SessionCore> session_;
    SessionCore::Kind kind_;
    ssh_channel handle_ = nullptr;
    ssh_channel_callbacks_struct callbacks_{};
    std::size_t available_ = 0; // bytes in libssh's buffer: its window is our back-pressure
    bool has_end_ = false;      // the peer sends no more
    bool is_shut_ = false;      // the peer has closed the channel
    bool is_closed_ = false;    // we have
    bool wants_end_ = false, has_sent_end_ = false;
    bool is_flagged_ = false, waits_to_write_ = false;
    error_code lost_;
    std::string error_text_;
    std::optional<int> exit_status_;
    std::uint64_t next_number_ = 0;
    Pending<boost::asio::mutable_buffer> read_, wait_;
    Pending<boost::asio::const_buffer> write_;
};

ExecStreamPtr make_channel_stream(std::shared_ptr<ChannelCore> channel);

} // namespace berth::ssh
