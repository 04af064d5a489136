// SPDX-License-Identifier: Apache-2.0
#include "http/request_parser.hpp"

#include "base/limits.hpp"
#include "net/chunk_decoder.hpp"
#include "http/field_rules.hpp"
#include "http/url.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <optional>

namespace berth::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::system::error_code;
using HttpError = beast_http::error;
using View = boost::beast::string_view; // Boost's own type in 1.81


constexpr std::size_t usual_fields = 16; // a browser sends about as many

// Receives Beast's parse events of a head and fills the request; bodies are none of Beast's. A rule that is broken is written to
// `failure`; the error code given to Beast only stops it.
class Sink final : public beast_http::basic_parser<true> {
public:
    Sink(Request& request, ParseFailure& failure)
        : request_{request}
        , failure_{failure} {
        header_limit(static_cast<std::uint32_t>(limits::header_bytes + 1));
        body_limit(boost::none);
        eager(false);
    }

    bool has_expectation = false;
    bool is_close = false;
    bool is_keep_alive = false;
    bool is_1_1 = false;

private:
    void fail(error_code& ec, int status, const char* why, Errc code = Errc::invalid_input) {
        failure_ = ParseFailure{status, code, why};
        ec = HttpError::bad_field;
    }

    void on_request_impl(
        beast_http::verb,
        View method,
        View target,
        int version,
        error_code& ec
    ) override {
        if (method.size() > 32) return fail(ec, 501, "method too long");
        if (target.size() > limits::request_line) return fail(ec, 414, "target too long");
        request_.method.assign(method.data(), method.size());
        request_.target.assign(target.data(), target.size());
        is_1_1 = version == 11;
        request_.headers.reserve(usual_fields);
    }

    void on_response_impl(int, View, int, error_code&) override {}

    void on_field_impl(beast_http::field, View name_view, View value_view, error_code& ec)
        override {
        const std::string_view name{name_view.data(), name_view.size()};
        const std::string_view value{value_view.data(), value_view.size()};
        const auto bit = sensitive_bit(name);
        if ((seen_ & bit) != 0) return fail(ec, 400, "field occurs twice");
        seen_ |= bit;
        if (is_disguised_sensitive(name)) return fail(ec, 400, "field name with underscore");
        check_framing(name, value, ec);
        if (ec) return;
        // RFC 9110 7.8: an Upgrade in HTTP/1.0 has to be ignored.
        if (!is_1_1 && iequals(name, "upgrade")) return;
        request_.headers.emplace_back(name, value);
    }

    void check_framing(std::string_view name, std::string_view value, error_code& ec) {
        if (iequals(name, "content-length")) {
            const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
            // Beast takes lists and any length; one plain number is the only unambiguous form.
            if (value.size() > 18 || !std::all_of(value.begin(), value.end(), is_digit)) {
                fail(ec, 400, "Content-Length is not one number");
            }
        } else if (iequals(name, "transfer-encoding")) {
            if (!is_1_1) return fail(ec, 400, "Transfer-Encoding in HTTP/1.0");
            if (!iequals(value, "chunked")) fail(ec, 501, "transfer coding is not supported");
        } else if (iequals(name, "expect")) {
            if (!iequals(value, "100-continue")) return fail(ec, 417, "unknown expectation");
            has_expectation = true;
        } else if (iequals(name, "connection")) {
            check_connection(value, ec);
        } else if (iequals(name, "host")) {
            if (!is_valid_host(value)) return fail(ec, 400, "Host is not valid");
            request_.host = to_lower(value);
        }
    }

    // A hop-by-hop list that names a sensitive field asks some proxy to drop it (T-04).
    void check_connection(std::string_view list, error_code& ec) {
        while (!list.empty()) {
            const auto comma = std::min(list.find(','), list.size());
            const auto token = trim(list.substr(0, comma));
            list.remove_prefix(std::min(comma + 1, list.size()));
            if (iequals(token, "close")) {
                is_close = true;
            } else if (iequals(token, "keep-alive")) {
                is_keep_alive = true;
            } else if (!iequals(token, "upgrade") && sensitive_bit(token) != 0) {
                return fail(ec, 400, "Connection names a protected field");
            }
        }
    }

    // Only heads are handed in, so these have nothing to do.
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(View, error_code&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, View, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, View, error_code&) override { return 0; }
    void on_finish_impl(error_code&) override {}

    Request& request_;
    ParseFailure& failure_;
    std::uint32_t seen_ = 0;
};

ParseFailure failure_of(HeadScanner::Verdict verdict) {
    switch (verdict) {
    case HeadScanner::Verdict::line_too_long:
        return ParseFailure{414, Errc::too_large, "request line too long"};
    case HeadScanner::Verdict::head_too_long:
        return ParseFailure{431, Errc::too_large, "head too long"};
    case HeadScanner::Verdict::too_many_fields:
        return ParseFailure{431, Errc::too_large, "too many fields"};
    case HeadScanner::Verdict::malformed:
    case HeadScanner::Verdict::more:
    case HeadScanner::Verdict::complete: break;
    }
    return ParseFailure{400, Errc::invalid_input, "malformed head"};
}

// HTTP/2.0 and the like are well-formed and get 505; rubbish gets 400.
bool names_another_version(std::string_view head) {
    const auto line = head.substr(0, head.find('\r'));
    const auto at = line.rfind(" HTTP/");
    if (at == std::string_view::npos || line.size() != at + 9) return false;
    if (std::count(line.begin(), line.end(), ' ') != 2) return false;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return is_digit(line[at + 6]) && line[at + 7] == '.' && is_digit(line[at + 8]);
}

} // namespace

struct RequestParser::Impl {
    Request* request = nullptr;
    std::optional<Sink> sink;
    HeadScanner scanner;
    ParseFailure failure;
    State state = State::head;
    net::ChunkDecoder chunks;
    std::size_t longest_body = limits::body_bytes;

    std::size_t content_length() const {
        return static_cast<std::size_t>(sink->content_length().value_or(0));
    }
    void fail(ParseFailure why) {
        failure = why;
        state = State::failed;
    }
    std::size_t feed_head(std::string_view bytes);
    std::size_t feed_body(std::string_view bytes);
    void check_head();
    void resolve_target();
};

RequestParser::RequestParser()
    : impl_{std::make_unique<Impl>()} {}
RequestParser::~RequestParser() = default;

void RequestParser::begin(Request& request) {
    impl_->request = &request;
    impl_->failure = ParseFailure{};
    impl_->sink.emplace(request, impl_->failure);
    impl_->scanner.reset();
    impl_->chunks = net::ChunkDecoder{};
    impl_->longest_body = limits::body_bytes;
    impl_->state = State::head;
}

std::size_t RequestParser::feed(std::string_view bytes) {
    if (impl_->state == State::head) return impl_->feed_head(bytes);
    if (impl_->state == State::body) return impl_->feed_body(bytes);
    return 0;
}

std::size_t RequestParser::Impl::feed_head(std::string_view bytes) {
    const auto verdict = scanner.scan(bytes);
    if (verdict == HeadScanner::Verdict::more) return 0;
    if (verdict != HeadScanner::Verdict::complete) {
        fail(failure_of(verdict));
        return 0;
    }
    const auto head = bytes.substr(0, scanner.size());
    error_code ec;
    const auto taken = sink->put(boost::asio::const_buffer{head.data(), head.size()}, ec);
    if (failure.status != 0) {
        state = State::failed;
    } else if (ec || taken != head.size() || !sink->is_header_done()) {
        const bool is_version = ec == HttpError::bad_version && names_another_version(head);
        fail(ParseFailure{is_version ? 505 : 400, Errc::invalid_input, "malformed head"});
    } else {
        check_head();
    }
    return head.size();
}

void RequestParser::Impl::check_head() {
    if (request->host.empty() && sink->is_1_1) {
        return fail(ParseFailure{400, Errc::invalid_input, "Host is missing"});
    }
    resolve_target();
    if (state == State::failed) return;
    state = sink->is_done() ? State::done : State::body;
}

void RequestParser::Impl::resolve_target() {
    auto& target = request->target;
    if (target == "*") {
        if (request->method != "OPTIONS") {
            return fail(ParseFailure{400, Errc::invalid_input, "asterisk-form needs OPTIONS"});
        }
        return;
    }
    // RFC 9112 3.2.2 demands that absolute-form is understood. Only where it says the same as
    // Host: two opinions about the authority are a way around a check.
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!iequals(std::string_view{target}.substr(0, scheme.size()), scheme)) continue;
        const auto rest = std::string_view{target}.substr(scheme.size());
        const auto slash = std::min(rest.find_first_of("/?#"), rest.size());
        if (request->host.empty() || !iequals(rest.substr(0, slash), request->host)) {
            return fail(ParseFailure{400, Errc::invalid_input, "authority differs from Host"});
        }
        const auto tail = std::string{rest.substr(slash)};
        target = tail.empty() || tail.front() != '/' ? "/" + tail : tail;
        break;
    }
    if (target.front() != '/') {
        fail(ParseFailure{400, Errc::invalid_input, "target is not in origin form"});
    }
}

std::size_t RequestParser::Impl::feed_body(std::string_view bytes) {
    const ParseFailure too_long{413, Errc::too_large, "body too long"};
    auto& body = request->body;
    if (!sink->chunked()) {
        if (content_length() > longest_body) {
            fail(too_long);
            return 0;
        }
        const auto used = std::min(content_length() - body.size(), bytes.size());
        body.append(bytes.substr(0, used));
        if (body.size() == content_length()) state = State::done;
        return used;
    }
    std::size_t used = 0;
    switch (chunks.feed(bytes, used, body, longest_body)) {
    case net::ChunkDecoder::Verdict::more: break;
    case net::ChunkDecoder::Verdict::done: state = State::done; break;
    case net::ChunkDecoder::Verdict::too_large: fail(too_long); break;
    case net::ChunkDecoder::Verdict::malformed:
        fail(ParseFailure{400, Errc::invalid_input, "malformed chunked body"});
        break;
    }
    return used;
}

RequestParser::State RequestParser::state() const noexcept { return impl_->state; }
const ParseFailure& RequestParser::failure() const noexcept { return impl_->failure; }
bool RequestParser::has_body() const noexcept {
    return impl_->content_length() > 0 || impl_->sink->chunked();
}
bool RequestParser::wants_continue() const noexcept {
    return impl_->sink->has_expectation && impl_->sink->is_1_1;
}
bool RequestParser::may_keep_alive() const noexcept {
    const auto& sink = *impl_->sink;
    return !sink.is_close && (sink.is_1_1 || sink.is_keep_alive);
}
bool RequestParser::is_http_1_1() const noexcept { return impl_->sink->is_1_1; }

bool RequestParser::limit_body(std::size_t longest) {
    impl_->longest_body = longest;
    if (impl_->content_length() <= longest) return true;
    impl_->fail(ParseFailure{413, Errc::too_large, "body too long"});
    return false;
}

} // namespace berth::http
