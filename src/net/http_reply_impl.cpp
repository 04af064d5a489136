// SPDX-License-Identifier: Apache-2.0
#include "net/http_reply.hpp"

#include "net/chunk_decoder.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <limits>

namespace berth::net {
namespace {

namespace http = boost::beast::http;
using View = boost::beast::string_view;
using boost::system::error_code;

} // namespace

// Beast's parser without its containers: fields go straight into ours.
struct HttpReplyParser::Impl final : http::basic_parser<false> {
    explicit Impl(bool is_answer_to_head) {
        header_limit(limits::header_bytes);
        body_limit(boost::none); // the client counts, it knows the bound of this exchange
        skip(is_answer_to_head);
    }

    Result<std::size_t> feed(std::string_view bytes) {
        error_code ec;
        auto used = put(boost::asio::const_buffer{bytes.data(), bytes.size()}, ec);
        if (ec && ec != http::error::need_more)
            return Error{Errc::protocol_violation, "answer: " + ec.message()};
        return used;
    }

    void on_request_impl(
        http::verb, View, View, int, error_code&
    ) override {}
    void on_response_impl(int code, View, int, error_code&) override {
        reply.status = code;
    }
    void on_field_impl(
        http::field name, View text, View value, error_code& ec
    ) override {
        // Another coding would be read up to the end of the connection: a way to smuggle.
        if (name == http::field::transfer_encoding && !boost::beast::iequals(value, "chunked"))
            ec = http::error::bad_transfer_encoding;
        reply.headers.emplace_back(text, value);
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(View body, error_code&) override {
        reply.body.append(body);
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, View, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, View body, error_code&) override {
        reply.body.append(body);
        return body.size();
    }
    void on_finish_impl(error_code&) override {}

    HttpReply reply;
    // Beast never sees a chunk: see chunk_decoder.hpp.
    ChunkDecoder chunks{ChunkDecoder::Trailers::skipped};
    bool are_chunks_done = false;
};

HttpReplyParser::HttpReplyParser(bool is_answer_to_head)
    : impl_{std::make_unique<Impl>(is_answer_to_head)} {}
HttpReplyParser::~HttpReplyParser() = default;
HttpReplyParser::HttpReplyParser(HttpReplyParser&&) noexcept = default;
HttpReplyParser& HttpReplyParser::operator=(HttpReplyParser&&) noexcept = default;

Result<std::size_t> HttpReplyParser::put_head(std::string_view bytes) {
    impl_->eager(false);
    std::size_t used = 0;
    // Without "eager" Beast goes one step per call.
    while (!has_head() && used < bytes.size()) {
        auto n = impl_->feed(bytes.substr(used));
        if (!n) return n;
        if (*n == 0) break;
        used += *n;
    }
    return used;
}

Result<std::size_t> HttpReplyParser::put_body(std::string_view bytes) {
    if (is_done() || bytes.empty()) return std::size_t{0};
    if (impl_->chunked()) return put_chunks(bytes);
    impl_->eager(true);
    return impl_->feed(bytes);
}

Result<std::size_t> HttpReplyParser::put_chunks(std::string_view bytes) {
    constexpr auto unlimited = std::numeric_limits<std::size_t>::max(); // the client counts
    std::size_t used = 0;
    auto verdict = impl_->chunks.feed(bytes, used, impl_->reply.body, unlimited);
    if (verdict == ChunkDecoder::Verdict::malformed || verdict == ChunkDecoder::Verdict::too_large)
        return Error{Errc::protocol_violation, "answer: malformed chunks"};
    impl_->are_chunks_done = verdict == ChunkDecoder::Verdict::done;
    return used;
}

Status HttpReplyParser::put_end() {
    error_code ec;
    if (!impl_->got_some() || !has_head()) ec = http::error::partial_message;
    else if (impl_->chunked() && !is_done()) ec = http::error::partial_message;
    else if (!is_done()) impl_->put_eof(ec);
    if (ec) return Error{Errc::protocol_violation, "answer: " + ec.message()};
    return {};
}

bool HttpReplyParser::has_head() const noexcept { return impl_->is_header_done(); }
bool HttpReplyParser::is_done() const noexcept {
    return impl_->is_done() || impl_->are_chunks_done;
}
bool HttpReplyParser::may_keep_connection() const noexcept {
    // Beast ends the process when it is asked before the head is complete.
    return has_head() && impl_->keep_alive() && !impl_->need_eof();
}
std::optional<std::uint64_t> HttpReplyParser::content_length() const noexcept {
    if (!has_head()) return std::nullopt;
    auto length = impl_->content_length();
    return length ? std::optional{*length} : std::nullopt;
}
HttpReply& HttpReplyParser::reply() noexcept { return impl_->reply; }

} // namespace berth::net
