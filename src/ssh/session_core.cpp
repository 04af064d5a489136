// SPDX-License-Identifier: Apache-2.0
#include "ssh/session_core.hpp"

#include "base/log.hpp"
#include "base/scope_exit.hpp"
#include "net/deadline.hpp"
#include "ssh/channel.hpp"

#include <boost/asio/post.hpp>
#include <libssh/server.h> // ssh_send_keepalive

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <arpa/inet.h>

namespace berth::ssh {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// libssh reads 4 kB a call: one call for each wake-up is not enough. Bounded, so that others on
// this thread get their turn; arming again reports at once what is left.
constexpr int polls_per_pump = 64;
constexpr int rounds_per_settle = 32;
constexpr Seconds greeting_longest{2};

std::string peer_of(int socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "unknown";
    const void* raw = nullptr;
    if (address.ss_family == AF_INET)
        raw = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
    else if (address.ss_family == AF_INET6)
        raw = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    if (!raw || !::inet_ntop(address.ss_family, raw, text.data(), text.size())) return "unknown";
    return text.data();
}

} // namespace

std::function<int(ssh_channel)> exec_step(std::string command) {
    return [command = std::move(command), is_open = false](ssh_channel channel) mutable {
        if (!is_open) {
            auto rc = ssh_channel_open_session(channel);
            if (rc != SSH_OK) return rc;
            is_open = true;
        }
        return ssh_channel_request_exec(channel, command.c_str());
    };
}

SessionCore::SessionCore(net::Executor executor, Connection connection, SessionConfig config)
    : executor_{std::move(executor)}
    , config_{config}
    , session_{connection.release_session()}
    , descriptor_{executor_}
    , keepalive_{executor_}
    , room_{executor_}
    , greeted_{executor_}
    , greeting_limit_{executor_} {
    auto socket = connection.release_socket();
    peer_ = peer_of(socket);
    descriptor_.assign(socket);
    event_ = ssh_event_new();
    ssh_event_add_session(event_, session_);
    ssh_set_counters(session_, &socket_bytes_, &packet_bytes_);
    heard_at_ = std::chrono::steady_clock::now();
}

SessionCore::~SessionCore() {
    // Channels hold the session: there is none any more.
    if (session_) free_library(false);
}

void SessionCore::begin() {
    arm();
    arm_keepalive(heard_at_ + config_.keepalive);
    greet();
}

Error SessionCore::reason() const {
    std::lock_guard lock{reason_mutex_};
    return reason_;
}

// ---- opening ------------------------------------------------------------------------------------

net::Task<Status> SessionCore::wait_for_room(Kind kind) {
    auto is_full = [this, kind] {
        return channels_.size() >= config_.channels ||
               (kind == Kind::command && commands_ >= most_commands_);
    };
    while (is_up_ && is_full()) {
        auto seen = room_.count();
        co_await room_.wait_past(seen);
    }
    if (!is_up_) co_return reason();
    co_return Status{};
}

Result<std::shared_ptr<Opening>>
SessionCore::make_opening(Kind kind, std::function<int(ssh_channel)> step) {
    auto opening = std::make_shared<Opening>(executor_);
    opening->channel = std::make_shared<ChannelCore>(shared_from_this(), kind);
    if (!opening->channel->handle()) return Error{Errc::internal, "no memory for an ssh channel"};
    opening->step = std::move(step);
    openings_.push_back(opening);
    return opening;
}

net::Task<Result<std::shared_ptr<ChannelCore>>>
SessionCore::open_now(Kind kind, std::function<int(ssh_channel)> step) {
    auto self = shared_from_this();
    auto room = co_await wait_for_room(kind);
    if (!room) co_return room.error();
    auto made = make_opening(kind, std::move(step));
    if (!made) co_return made.error();
    auto opening = *made;
    bool is_taken = false;
    ScopeExit leave{[&] {
        if (is_taken) return;
        opening->is_abandoned = true; // while pending: advance_openings frees it later
        if (opening->state == Opening::State::open) opening->channel->close();
    }};
    advance(*opening);
    settle();
    while (opening->state == Opening::State::pending) {
        auto seen = opening->changed.count();
        co_await opening->changed.wait_past(seen);
    }
    if (opening->state == Opening::State::lost) co_return reason();
    if (opening->state == Opening::State::refused) {
        // Code 1 of RFC 4254 5.1: administratively prohibited.
        bool is_policy = opening->why.find("error (1)") != std::string::npos;
        co_return Error{is_policy ? Errc::forbidden : Errc::host_unreachable, opening->why};
    }
    is_taken = true;
    co_return std::move(opening->channel);
}

net::Task<Result<std::shared_ptr<ChannelCore>>>
SessionCore::open(Kind kind, std::function<int(ssh_channel)> step, Deadline deadline) {
    auto opening = open_now(kind, std::move(step));
    co_return co_await net::with_deadline(std::move(opening), deadline);
}

void SessionCore::advance(Opening& opening) {
    auto rc = opening.step(opening.channel->handle());
    if (rc == SSH_AGAIN) return;
    // The text is the session's: taken in the same breath.
    if (rc != SSH_OK) opening.why = log_safe(ssh_get_error(session_));
    opening.state = rc == SSH_OK ? Opening::State::open : Opening::State::refused;
}

void SessionCore::advance_openings() {
    auto read_before = socket_bytes_.in_bytes;
    for (auto at = openings_.begin(); at != openings_.end();) {
        auto opening = *at;
        if (opening->state == Opening::State::pending && read_before != advanced_at_)
            advance(*opening);
        if (opening->state == Opening::State::pending) {
            ++at;
            continue;
        }
        at = openings_.erase(at);
        bool is_unwanted = opening->is_abandoned || opening->state == Opening::State::refused;
        if (is_unwanted && is_up_) opening->channel->close();
        opening->changed.notify();
        if (opening == greeting_ && opening->state == Opening::State::refused) end_greeting();
    }
    advanced_at_ = read_before;
}

// sshd sets TCP_NODELAY on its end only when a command starts on a session channel; on a connection
// that only forwards, its Nagle and our delayed acknowledgement cost 40 ms now and then.
void SessionCore::greet() {
    auto made = make_opening(Kind::command, exec_step("true"));
    if (!made) return;
    greeting_ = *made;
    greeting_limit_.expires_after(greeting_longest);
    greeting_limit_.async_wait([weak = weak_from_this()](error_code ec) {
        auto self = weak.lock();
        if (!ec && self) self->end_greeting();
    });
    advance(*greeting_);
    settle();
}

void SessionCore::end_greeting() {
    if (is_greeted_) return;
    is_greeted_ = true;
    auto greeting = std::move(greeting_);
    greeting_limit_.cancel();
    if (greeting && is_up_) {
        greeting->is_abandoned = true;
        if (greeting->state == Opening::State::open) greeting->channel->close();
    }
    greeted_.notify();
}

// ---- who waits ------------------------------------------------------------------------------------

void SessionCore::settle() {
    if (!is_up_ || is_settling_) return;
    auto self = shared_from_this();
    is_settling_ = true;
    bool is_again = true;
    for (int round = 0; is_again && round < rounds_per_settle; ++round) {
        auto read_before = socket_bytes_.in_bytes;
        advance_openings();
        serve_ready();
        serve_writers();
        // What was read on the way may concern somebody who was looked at already.
        is_again = socket_bytes_.in_bytes != read_before || !ready_.empty() ||
                   socket_bytes_.in_bytes != advanced_at_;
    }
    is_settling_ = false;
    if (socket_bytes_.in_bytes != heard_bytes_) {
        heard_bytes_ = socket_bytes_.in_bytes;
        heard_at_ = std::chrono::steady_clock::now();
        asked_ = 0;
    }
    if (has_broken()) {
        auto text = log_safe(ssh_get_error(session_));
        auto why = "the ssh connection ended" + (text.empty() ? "" : ": " + text);
        return die(Error{Errc::host_unreachable, why}, Lost::session);
    }
    if (is_again) asio::post(executor_, [self] { self->settle(); });
    arm();
}

void SessionCore::serve_ready() {
    auto ready = std::move(ready_);
    ready_.clear();
    for (auto& channel : ready) {
        channel->serve();
        if (greeting_ && channel == greeting_->channel && channel->has_ended()) end_greeting();
    }
}

// No callback tells of a window that grew, or of a key exchange that ended.
void SessionCore::serve_writers() {
    auto writers = std::move(writers_);
    writers_.clear();
    for (auto& channel : writers) channel->serve_write();
}

bool SessionCore::is_flushed() { return ssh_blocking_flush(session_, 0) == SSH_OK; }

void SessionCore::add(ChannelCore& channel) {
    channels_.insert(&channel);
    count_ = channels_.size();
    commands_ += channel.kind() == Kind::command;
}

void SessionCore::remove(ChannelCore& channel) {
    channels_.erase(&channel);
    count_ = channels_.size();
    commands_ -= channel.kind() == Kind::command;
    room_.notify();
}

// ---- the socket -------------------------------------------------------------------------------------

void SessionCore::pump() {
    if (!is_up_) return;
    int on = 1; // does not stick
    ::setsockopt(descriptor_.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    for (int i = 0; i < polls_per_pump; ++i)
        if (ssh_event_dopoll(event_, 0) != SSH_OK) break;
    settle();
}

bool SessionCore::has_broken() noexcept {
    return !ssh_is_connected(session_) || (ssh_get_status(session_) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0;
}

void SessionCore::arm() {
    if (!is_up_) return;
    auto weak = weak_from_this();
    if (!is_read_armed_) {
        is_read_armed_ = true;
        descriptor_.async_wait(asio::posix::descriptor_base::wait_read, [weak](error_code ec) {
            auto self = weak.lock();
            if (!self || ec) return;
            self->is_read_armed_ = false;
            self->pump();
        });
    }
    // libssh asks for one more turn after each write; without it the next one is only queued.
    if (!is_write_armed_ && (ssh_get_poll_flags(session_) & SSH_WRITE_PENDING) != 0) {
        is_write_armed_ = true;
        descriptor_.async_wait(asio::posix::descriptor_base::wait_write, [weak](error_code ec) {
            auto self = weak.lock();
            if (!self || ec) return;
            self->is_write_armed_ = false;
            self->pump();
        });
    }
}

// ---- is anybody there -------------------------------------------------------------------------------

void SessionCore::arm_keepalive(Deadline when) {
    keepalive_.expires_at(when);
    keepalive_.async_wait([weak = weak_from_this()](error_code ec) {
        auto self = weak.lock();
        if (!ec && self) self->keep_alive();
    });
}

void SessionCore::keep_alive() {
    if (!is_up_) return;
    pump(); // after a pause of this process: what lies there already counts
    if (!is_up_) return;
    auto now = std::chrono::steady_clock::now();
    if (now - heard_at_ < config_.keepalive) return arm_keepalive(heard_at_ + config_.keepalive);
    if (asked_ >= std::max(1, config_.misses - 1)) {
        auto silence = std::chrono::duration_cast<Milliseconds>(now - heard_at_).count();
        auto why = "the ssh server has been silent for " + std::to_string(silence) + " ms";
        return die(Error{Errc::host_unreachable, why}, Lost::silent);
    }
    ++asked_;
    // Right after an answer the first call only takes note of it and sends nothing.
    auto sent_before = packet_bytes_.out_packets;
    for (int i = 0; i < 2 && packet_bytes_.out_packets == sent_before; ++i)
        ssh_send_keepalive(session_);
    arm_keepalive(now + config_.keepalive);
    settle();
}

// ---- the end ----------------------------------------------------------------------------------------

void SessionCore::close() {
    if (!is_up_) return;
    die(Error{Errc::ended, "the ssh connection was closed on this side"}, Lost::closed_here);
}

void SessionCore::die(Error reason, Lost how) {
    if (!is_up_) return;
    auto self = shared_from_this();
    {
        std::lock_guard lock{reason_mutex_};
        reason_ = std::move(reason);
    }
    is_up_ = false;
    keepalive_.cancel();
    greeting_limit_.cancel();
    // Every handle is forgotten before the library frees what is behind it.
    auto channels = std::move(channels_);
    channels_.clear();
    count_ = 0;
    for (auto* channel : channels) channel->lose(code_of(how));
    auto openings = std::move(openings_);
    openings_.clear();
    for (auto& opening : openings) {
        opening->state = Opening::State::lost;
        opening->changed.notify();
    }
    greeting_.reset();
    is_greeted_ = true;
    greeted_.notify();
    ready_.clear();
    writers_.clear();
    free_library(how == Lost::closed_here);
    room_.notify();
    auto call = std::move(on_down);
    on_down = nullptr;
    if (call) call();
}

void SessionCore::free_library(bool is_polite) noexcept {
    error_code ignored;
    descriptor_.cancel(ignored);
    if (is_polite) ssh_blocking_flush(session_, 0);
    ssh_event_remove_session(event_, session_);
    ssh_event_free(event_);
    event_ = nullptr;
    if (is_polite) ssh_disconnect(session_); // a word of farewell for the server's log
    else ssh_silent_disconnect(session_);
    ssh_free(session_);
    session_ = nullptr;
    descriptor_.close(ignored);
}

} // namespace berth::ssh
