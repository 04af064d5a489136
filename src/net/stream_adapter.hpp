// SPDX-License-Identifier: Apache-2.0
#pragma once
// A byte stream in the shape that Beast asks for (AsyncReadStream, AsyncWriteStream). Private to
// net: Beast's WebSocket is instantiated over this type and no other.

#include "net/byte_stream.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/role.hpp>

#include <array>

namespace berth::net {

class StreamAdapter {
public:
    using executor_type = Executor;

    explicit StreamAdapter(ByteStreamPtr stream)
        : stream_{std::move(stream)} {}

    executor_type get_executor() const noexcept { return stream_->executor(); }
    ByteStream& stream() noexcept { return *stream_; }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        auto start = [](auto handler, ByteStream* s, const Buffers& b) {
            Gathered<boost::asio::mutable_buffer> parts{b};
            s->start_read_some(parts.span(), std::move(handler));
        };
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
            start, token, stream_.get(), buffers
        );
    }

    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        auto start = [](auto handler, ByteStream* s, const Buffers& b) {
            Gathered<boost::asio::const_buffer> parts{b};
            s->start_write_some(parts.span(), std::move(handler));
        };
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
            start, token, stream_.get(), buffers
        );
    }

private:
    // The first few non-empty buffers; "some" allows to leave the rest for the next call. Never
    // none at all: an empty operation completes at once.
    template <class Buffer>
    class Gathered {
    public:
        template <class Buffers>
        explicit Gathered(const Buffers& buffers) {
            auto end = boost::asio::buffer_sequence_end(buffers);
            for (auto it = boost::asio::buffer_sequence_begin(buffers); it != end; ++it) {
                Buffer part{*it};
                if (part.size() == 0) continue;
                parts_[count_++] = part;
                if (count_ == parts_.size()) break;
            }
        }
        std::span<const Buffer> span() const { return {parts_.data(), count_ ? count_ : 1}; }

    private:
        std::array<Buffer, 8> parts_;
        std::size_t count_ = 0;
    };

    ByteStreamPtr stream_;
};

// What Beast looks up by name when a WebSocket ends. The close frames are exchanged by then, so
// there is nothing to wait for.
inline void beast_close_socket(StreamAdapter& adapter) { adapter.stream().close(); }

inline void teardown(
    boost::beast::role_type, StreamAdapter& adapter, boost::system::error_code& ec
) {
    adapter.stream().shutdown_write();
    ec = {};
}

template <class Handler>
void async_teardown(boost::beast::role_type, StreamAdapter& adapter, Handler&& handler) {
    adapter.stream().shutdown_write();
    auto executor = boost::asio::get_associated_executor(handler, adapter.get_executor());
    auto done = [handler = std::forward<Handler>(handler)]() mutable {
        std::move(handler)(boost::system::error_code{});
    };
    boost::asio::post(boost::asio::bind_executor(executor, std::move(done)));
}

} // namespace berth::net
