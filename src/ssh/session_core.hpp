// SPDX-License-Identifier: Apache-2.0
#pragma once
// What drives one libssh session from Asio. Private to ssh/: the only header with libssh in it.
//
// Any call into libssh may read the socket and process packets of any channel. So callbacks only
// raise flags, and whoever called libssh calls settle() next: it looks at everybody who waits.

#include "base/error.hpp"
#include "net/signal.hpp"
#include "ssh/connection.hpp"
#include "ssh/target.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

namespace berth::ssh {

class ChannelCore;

// Why a session went down.
enum class Lost { session, silent, closed_here };

// A channel on its way. It must not be freed before the server has answered: libssh would forget
// it at once, and what the server opens then stays open until the session ends. So one that nobody
// waits for any more stays here, is opened, and freed afterwards.
struct Opening {
    explicit Opening(const net::Executor& executor)
        : changed{executor} {}
    enum class State { pending, open, refused, lost };
    State state = State::pending;
    std::shared_ptr<ChannelCore> channel;
    std::function<int(ssh_channel)> step; // repeated with the same arguments
    std::string why;                      // refused: the server's words
    bool is_abandoned = false;
    net::Signal changed;
};

// Everything on the executor, but the functions marked otherwise.
class SessionCore : public std::enable_shared_from_this<SessionCore> {
public:
    SessionCore(net::Executor executor, Connection connection, SessionConfig config);
    ~SessionCore();
    SessionCore(const SessionCore&) = delete;
    SessionCore& operator=(const SessionCore&) = delete;

    void begin();
    enum class Kind { forward, command }; // commands count against sshd's MaxSessions
    net::Task<Result<std::shared_ptr<ChannelCore>>>
    open(Kind kind, std::function<int(ssh_channel)> step, Deadline deadline);
    int commands() const noexcept { return commands_; }
    void limit_commands(int most) { most_commands_ = std::max(1, std::min(most, most_commands_)); }
    const net::Executor& executor() const noexcept { return executor_; }
    bool is_up() const noexcept { return is_up_; }                // any thread
    std::size_t channels() const noexcept { return count_; }      // any thread
    Error reason() const;                                         // any thread
    std::string peer() const { return peer_; }

    // After every call into libssh.
    void settle();
    void die(Error reason, Lost how);
    void close();

    // For channels.
    ssh_session handle() noexcept { return session_; }
    // Nothing unsent: libssh's own output buffer has no bound but the remote window.
    bool is_flushed();
    void add(ChannelCore& channel);
    void remove(ChannelCore& channel);
    void flag(const std::shared_ptr<ChannelCore>& channel) { ready_.push_back(channel); }
    void wait_to_write(const std::shared_ptr<ChannelCore>& channel) { writers_.push_back(channel); }
    std::span<char> gather_space() noexcept { return gathered_; }
    net::Signal& room() noexcept { return room_; }

    std::function<void()> on_down;
    bool is_greeted() const noexcept { return is_greeted_; }
    net::Signal& greeted() noexcept { return greeted_; }

private:
    net::Task<Result<std::shared_ptr<ChannelCore>>> open_now(Kind kind, std::function<int(ssh_channel)> step);
    net::Task<Status> wait_for_room(Kind kind);
    Result<std::shared_ptr<Opening>> make_opening(Kind kind, std::function<int(ssh_channel)> step);
    void greet();
    void end_greeting();
    void advance(Opening& opening);
    void advance_openings();
    void serve_ready();
    void serve_writers();
    bool has_broken() noexcept;
    void pump();
    void arm();
    void arm_keepalive(Deadline when);
    void keep_alive();
    void free_library(bool is_polite) noexcept;

    net::Executor executor_;
    SessionConfig config_;
    ssh_session session_ = nullptr;
    ssh_event event_ = nullptr;
    boost::asio::posix::stream_descriptor descriptor_; // a duplicate: libssh closes its own
    std::string peer_;
    ssh_counter_struct socket_bytes_{}, packet_bytes_{};
    std::uint64_t advanced_at_ = 0; // bytes that had been read when all openings were last asked
    std::uint64_t heard_bytes_ = 0;
    Deadline heard_at_{};
    int asked_ = 0; // keepalives since then
    boost::asio::steady_timer keepalive_;

    std::unordered_set<ChannelCore*> channels_;         // with a handle
    std::vector<std::shared_ptr<ChannelCore>> ready_;   // flagged by a callback
    std::vector<std::shared_ptr<ChannelCore>> writers_; // no window, or a buffer that is not empty
    std::list<std::shared_ptr<Opening>> openings_;
    net::Signal room_, greeted_;
    std::shared_ptr<Opening> greeting_;
    boost::asio::steady_timer greeting_limit_;
    bool is_greeted_ = false;
    std::atomic<std::size_t> count_ = 0;
    int commands_ = 0, most_commands_ = limits::ssh_execs;
    std::array<char, 32'000> gathered_; // fits into one packet

    std::atomic<bool> is_up_ = true;
    bool is_settling_ = false, is_read_armed_ = false, is_write_armed_ = false;
    mutable std::mutex reason_mutex_;
    Error reason_;
};

// Opens a session channel, then asks for the command.
std::function<int(ssh_channel)> exec_step(std::string command);

} // namespace berth::ssh
