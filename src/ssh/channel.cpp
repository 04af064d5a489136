// SPDX-License-Identifier: Apache-2.0
#include "ssh/channel.hpp"

#include "base/assert.hpp"

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace berth::ssh {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t read_at_once = 1024 * 1024;

template <class Buffer>
std::size_t total_of(std::span<const Buffer> buffers) {
    std::size_t total = 0;
    for (const auto& buffer : buffers) total += buffer.size();
    return total;
}

} // namespace

error_code code_of(Lost reason) {
    switch (reason) {
    case Lost::session: return asio::error::connection_reset;
    case Lost::silent: return asio::error::timed_out;
    case Lost::closed_here: break;
    }
    return asio::error::connection_aborted;
}

// ---- what libssh calls: notes only, never a call back into it -----------------------------------------

struct ChannelCore::Callbacks {
    static ChannelCore& self(void* data) { return *static_cast<ChannelCore*>(data); }

    // 0 leaves the bytes in libssh's buffer; `size` is all that lies there.
    static int on_data(ssh_session, ssh_channel, void* bytes, std::uint32_t size, int is_stderr, void* data) {
        auto& me = self(data);
        if (is_stderr != 0) {
            auto room = limits::ssh_error_text - std::min(limits::ssh_error_text, me.error_text_.size());
            me.error_text_.append(static_cast<const char*>(bytes), std::min<std::size_t>(room, size));
            return static_cast<int>(size);
        }
        me.available_ = size;
        me.note();
        return 0;
    }
    static void on_end(ssh_session, ssh_channel, void* data) {
        self(data).has_end_ = true;
        self(data).note();
    }
    static void on_close(ssh_session, ssh_channel, void* data) {
        self(data).is_shut_ = true;
        self(data).note();
    }
    static void on_exit_status(ssh_session, ssh_channel, int status, void* data) {
        self(data).exit_status_ = status;
    }
};

ChannelCore::ChannelCore(std::shared_ptr<SessionCore> session, SessionCore::Kind kind)
    : session_{std::move(session)}
    , kind_{kind}
    , handle_{ssh_channel_new(session_->handle())} {
    if (!handle_) return;
    callbacks_.userdata = this;
    callbacks_.channel_data_function = Callbacks::on_data;
    callbacks_.channel_eof_function = Callbacks::on_end;
    callbacks_.channel_close_function = Callbacks::on_close;
    callbacks_.channel_exit_status_function = Callbacks::on_exit_status;
    ssh_callbacks_init(&callbacks_);
    ssh_set_channel_callbacks(handle_, &callbacks_);
    session_->add(*this);
}

ChannelCore::~ChannelCore() { release(); }

void ChannelCore::note() {
    if (is_flagged_) return;
    is_flagged_ = true;
    session_->flag(shared_from_this());
}

// ---- operations ---------------------------------------------------------------------------------------

template <class Buffer>
void ChannelCore::keep(
    Pending<Buffer>& pending, std::span<const Buffer> buffers, net::IoHandler handler
) {
    pending.count = std::min(buffers.size(), most_buffers);
    std::copy_n(buffers.begin(), pending.count, pending.buffers.begin());
    pending.number = ++next_number_;
    auto slot = asio::get_associated_cancellation_slot(handler);
    pending.handler.swap(handler); // Boost 1.81: its move assignment calls itself without end
    if (!slot.is_connected()) return;
    Pending<Buffer> ChannelCore::*which = nullptr;
    if constexpr (std::is_same_v<Buffer, asio::const_buffer>) which = &ChannelCore::write_;
    else which = &pending == &read_ ? &ChannelCore::read_ : &ChannelCore::wait_;
    slot.assign([weak = weak_from_this(), which, number = pending.number](asio::cancellation_type) {
        if (auto self = weak.lock()) self->cancel(which, number);
    });
}

// Runs inside the slot's own handler, which therefore must not be cleared here.
template <class Buffer>
void ChannelCore::cancel(Pending<Buffer> ChannelCore::*which, std::uint64_t number) {
    auto& pending = this->*which;
    if (!pending.handler || pending.number != number) return;
    auto handler = std::move(pending.handler);
    pending.handler = nullptr;
    complete(std::move(handler), asio::error::operation_aborted, 0);
}

template <class Buffer>
void ChannelCore::finish(Pending<Buffer>& pending, error_code ec, std::size_t n) {
    if (!pending.handler) return;
    auto handler = std::move(pending.handler);
    pending.handler = nullptr;
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) slot.clear();
    complete(std::move(handler), ec, n);
}

// Through the executor: never inside the call that started it.
void ChannelCore::complete(net::IoHandler handler, error_code ec, std::size_t n) {
    auto home = session_->executor();
    auto done = [home, handler = std::move(handler), ec, n]() mutable {
        auto wanted = asio::get_associated_executor(handler, home);
        auto call = [handler = std::move(handler), ec, n]() mutable { std::move(handler)(ec, n); };
        asio::dispatch(wanted, std::move(call));
    };
    asio::post(home, std::move(done));
}

void ChannelCore::start_read(net::MutableBuffers buffers, net::IoHandler handler) {
    if (!BERTH_EXPECT(!read_.handler)) return complete(std::move(handler), asio::error::already_started, 0);
    error_code ec;
    if (total_of(buffers) == 0) return complete(std::move(handler), ec, 0);
    auto n = try_read(buffers, ec);
    if (n != 0 || ec) complete(std::move(handler), n != 0 ? error_code{} : ec, n);
    else keep(read_, buffers, std::move(handler));
    session_->settle();
}

void ChannelCore::start_write(net::ConstBuffers buffers, net::IoHandler handler) {
    if (!BERTH_EXPECT(!write_.handler)) return complete(std::move(handler), asio::error::already_started, 0);
    error_code ec;
    if (total_of(buffers) == 0) return complete(std::move(handler), ec, 0);
    if (wants_end_) return complete(std::move(handler), asio::error::broken_pipe, 0);
    auto n = try_write(buffers, ec);
    if (n != 0 || ec) complete(std::move(handler), n != 0 ? error_code{} : ec, n);
    else keep(write_, buffers, std::move(handler));
    session_->settle();
}

void ChannelCore::start_wait(net::IoHandler handler) {
    if (!BERTH_EXPECT(!wait_.handler)) return complete(std::move(handler), asio::error::already_started, 0);
    if (is_closed_) return complete(std::move(handler), asio::error::bad_descriptor, 0);
    if (is_readable()) return complete(std::move(handler), lost_, 0);
    keep(wait_, net::MutableBuffers{}, std::move(handler));
}

void ChannelCore::shut_write() {
    if (is_closed_ || wants_end_) return;
    wants_end_ = true;
    if (!write_.handler) send_end();
    session_->settle();
}

void ChannelCore::send_end() {
    if (!handle_ || has_sent_end_) return;
    has_sent_end_ = true;
    ssh_channel_send_eof(handle_);
}

void ChannelCore::close() {
    if (is_closed_) return;
    is_closed_ = true;
    finish(read_, asio::error::operation_aborted, 0);
    finish(wait_, asio::error::operation_aborted, 0);
    finish(write_, asio::error::operation_aborted, 0);
    release();
    session_->settle();
}

void ChannelCore::release() noexcept {
    if (!handle_) return;
    session_->remove(*this);
    // Before free: a channel freed here lives on in libssh until its peer closes it.
    ssh_remove_channel_callbacks(handle_, &callbacks_);
    ssh_channel_free(handle_);
    handle_ = nullptr;
    available_ = 0;
}

// ---- moving bytes ---------------------------------------------------------------------------------------

bool ChannelCore::is_readable() const noexcept {
    return available_ != 0 || has_end_ || is_shut_ || lost_;
}

bool ChannelCore::is_stale() const noexcept { return is_closed_ || is_readable(); }

std::size_t ChannelCore::try_read(std::span<const asio::mutable_buffer> buffers, error_code& ec) {
    ec = {};
    if (is_closed_) ec = asio::error::bad_descriptor;
    else if (lost_) ec = lost_;
    if (ec) return 0;
    std::size_t total = 0;
    for (const auto& buffer : buffers) {
        if (available_ == 0) break;
        auto wanted = std::min({buffer.size(), available_, read_at_once});
        if (wanted == 0) continue;
        // Only when bytes are known to be there: on an empty buffer it would poll the socket.
        auto n = ssh_channel_read_nonblocking(handle_, buffer.data(), static_cast<std::uint32_t>(wanted), 0);
        if (n <= 0) {
            available_ = 0;
            ec = asio::error::connection_reset;
            break;
        }
        auto got = static_cast<std::size_t>(n);
        available_ -= std::min(available_, got);
        total += got;
        if (got < buffer.size()) break;
    }
    if (total != 0 || ec || available_ != 0) return total;
    if (has_end_) ec = asio::error::eof;
    else if (is_shut_) ec = asio::error::connection_reset; // closed without an end: not a short body
    return 0;
}

std::size_t ChannelCore::try_write(std::span<const asio::const_buffer> buffers, error_code& ec) {
    ec = {};
    if (is_closed_) ec = asio::error::bad_descriptor;
    else if (lost_) ec = lost_;
    else if (is_shut_) ec = asio::error::broken_pipe;
    if (ec) return 0;
    auto space = session_->gather_space();
    auto first = std::ranges::find_if(buffers, [](const auto& buffer) { return buffer.size() != 0; });
    std::size_t n = 0;
    if (ssh_channel_window_size(handle_) != 0 && session_->is_flushed()) {
        // One packet for what comes in many small buffers.
        if (first->size() >= space.size() || first->size() == total_of(buffers)) {
            n = write_some(first->data(), first->size(), ec);
        } else {
            std::size_t filled = 0;
            for (; first != buffers.end() && filled < space.size(); ++first)
                filled += asio::buffer_copy(asio::buffer(space.subspan(filled).data(), space.size() - filled), *first);
            n = write_some(space.data(), filled, ec);
        }
    }
    if (n != 0 || ec || waits_to_write_) return n;
    waits_to_write_ = true;
    session_->wait_to_write(shared_from_this());
    return 0;
}

// 0: the window is empty, or a key exchange is running.
std::size_t ChannelCore::write_some(const void* data, std::size_t size, error_code& ec) {
    auto wanted = static_cast<std::uint32_t>(std::min(size, limits::ssh_write));
    auto n = ssh_channel_write(handle_, data, wanted);
    if (n < 0) ec = asio::error::broken_pipe;
    return n > 0 ? static_cast<std::size_t>(n) : 0;
}

void ChannelCore::serve() {
    is_flagged_ = false;
    if (read_.handler) {
        error_code ec;
        auto n = try_read({read_.buffers.data(), read_.count}, ec);
        if (n != 0 || ec) finish(read_, n != 0 ? error_code{} : ec, n);
    }
    if (wait_.handler && is_readable()) finish(wait_, error_code{}, 0);
    if (write_.handler && is_shut_) finish(write_, asio::error::broken_pipe, 0);
}

void ChannelCore::serve_write() {
    waits_to_write_ = false;
    if (write_.handler && handle_) {
        error_code ec;
        auto n = try_write({write_.buffers.data(), write_.count}, ec);
        if (n != 0 || ec) finish(write_, n != 0 ? error_code{} : ec, n);
    }
    if (wants_end_ && !write_.handler) send_end();
}

void ChannelCore::lose(error_code code) {
    handle_ = nullptr;
    available_ = 0;
    lost_ = code;
    finish(read_, code, 0);
    finish(wait_, code, 0);
    finish(write_, code, 0);
}

// ---- the stream -----------------------------------------------------------------------------------------

namespace {

class ChannelStream final : public ExecStream {
public:
    explicit ChannelStream(std::shared_ptr<ChannelCore> channel)
        : channel_{std::move(channel)} {}
    ChannelStream(const ChannelStream&) = delete;
    ChannelStream& operator=(const ChannelStream&) = delete;

    // On any thread: an answer that nobody fetched is destroyed where it lies.
    ~ChannelStream() override {
        auto executor = channel_->session().executor();
        asio::dispatch(executor, [channel = std::move(channel_)] { channel->close(); });
    }

    const net::Executor& executor() const noexcept override { return channel_->session().executor(); }
    void start_read_some(net::MutableBuffers buffers, net::IoHandler handler) override {
        channel_->start_read(buffers, std::move(handler));
    }
    void start_write_some(net::ConstBuffers buffers, net::IoHandler handler) override {
        channel_->start_write(buffers, std::move(handler));
    }
    void start_wait_readable(net::IoHandler handler) override { channel_->start_wait(std::move(handler)); }
    void shutdown_write() noexcept override { channel_->shut_write(); }
    void close() noexcept override { channel_->close(); }
    std::string peer() const override { return channel_->session().peer(); }
    bool is_stale() const noexcept override { return channel_->is_stale(); }
    std::string error_text() const override { return channel_->error_text(); }
    std::optional<int> exit_status() const override { return channel_->exit_status(); }

private:
    std::shared_ptr<ChannelCore> channel_;
};

} // namespace

ExecStreamPtr make_channel_stream(std::shared_ptr<ChannelCore> channel) {
    return std::make_unique<ChannelStream>(std::move(channel));
}

} // namespace berth::ssh
