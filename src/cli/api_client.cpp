// SPDX-License-Identifier: Apache-2.0
#include "cli/api_client.hpp"

#include "base/time.hpp"
#include "cli/blocking.hpp"
#include "config/rules.hpp"
#include "net/http_client.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <charconv>

namespace berth::cli {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr Seconds patience = 35s; // a little more than the server's own limits::request_total

std::string text_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

Errc code_of_status(int status) {
    if (status == 401) return Errc::unauthenticated;
    if (status == 403) return Errc::forbidden;
    if (status == 404) return Errc::not_found;
    if (status == 409) return Errc::conflict;
    if (status == 429) return Errc::rate_limited;
    if (status >= 500) return Errc::unavailable;
    return status >= 400 ? Errc::invalid_input : Errc::protocol_violation;
}

// application/problem+json (RFC 9457) to our error; anything else by its status alone.
Error error_of(const net::HttpReply& reply) {
    json::error_code bad;
    json::value parsed = json::parse(reply.body, bad);
    const auto* problem = bad ? nullptr : parsed.if_object();
    if (problem == nullptr) return Error{code_of_status(reply.status), fmt::format("the server answered with status {}", reply.status)};
    auto code = errc_from(text_of(*problem, "code")).value_or(code_of_status(reply.status));
    std::string text = text_of(*problem, "detail");
    if (text.empty()) text = text_of(*problem, "title");
    Error error{code, text, text};
    if (const auto* fields = problem->if_contains("errors"); fields != nullptr && fields->is_array())
        for (const json::value& field : fields->get_array())
            if (const auto* object = field.if_object())
                error = std::move(error).with_field(text_of(*object, "pointer"), text_of(*object, "detail"));
    if (const auto* key = problem->if_contains("host_key"); key != nullptr && key->is_object()) {
        const auto& shown = key->get_object();
        error = std::move(error).with_field(std::string{shown_key}, text_of(shown, "type") + " " + text_of(shown, "fingerprint"));
    }
    if (const auto* after = problem->if_contains("retry_after_s"); after != nullptr && after->is_int64())
        error = std::move(error).with_retry_after(static_cast<int>(after->get_int64()));
    return error;
}

struct Address {
    bool is_tls = false;
    std::string host; // without brackets
    std::uint16_t port = 0;
    std::string header; // host[:port] as it goes into Host
};

Address split_url(const std::string& url) {
    Address address;
    address.is_tls = url.starts_with("https://");
    address.port = address.is_tls ? 443 : 80;
    address.header = url.substr(address.is_tls ? 8 : 7);
    auto colon = address.header.rfind(':');
    if (colon != std::string::npos && address.header.find(']', colon) == std::string::npos) {
        std::from_chars(address.header.data() + colon + 1, address.header.data() + address.header.size(), address.port);
        address.host = address.header.substr(0, colon);
    } else {
        address.host = address.header;
    }
    if (address.host.starts_with('[')) address.host = address.host.substr(1, address.host.size() - 2);
    return address;
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.") || host.ends_with(".localhost");
}

} // namespace

struct ApiClient::Impl {
    explicit Impl(std::unique_ptr<net::Dialer> way)
        : dialer{std::move(way)} {}
    boost::asio::io_context context;
    std::unique_ptr<net::Dialer> dialer;
    net::HttpClient::Config config;
    Secret token;
};

ApiClient::ApiClient(std::unique_ptr<Impl> impl)
    : impl_{std::move(impl)} {}
ApiClient::ApiClient(ApiClient&&) noexcept = default;
ApiClient& ApiClient::operator=(ApiClient&&) noexcept = default;
ApiClient::~ApiClient() = default;

ApiClient ApiClient::over_socket(const std::string& path) {
    auto impl = std::make_unique<Impl>(net::make_unix_dialer(path));
    impl->config.user_agent = "berth-cli";
    return ApiClient{std::move(impl)};
}

Result<ApiClient> ApiClient::over_http(const std::string& url, Secret token) {
    std::string trimmed = url.ends_with('/') ? url.substr(0, url.size() - 1) : url;
    if (auto complaint = config::origin_rule(trimmed); !complaint.empty()) return Error{Errc::invalid_input, "--url " + complaint};
    Address address = split_url(trimmed);
    if (!address.is_tls && !is_loopback(address.host) && !token.empty())
        return Error{Errc::invalid_input, "a token is not sent over plain HTTP to another machine: use https://"};
    auto impl = std::make_unique<Impl>(address.is_tls ? net::make_tls_dialer(address.host, address.port, net::TlsFiles{})
                                                      : net::make_tcp_dialer(address.host, address.port));
    impl->config.user_agent = "berth-cli";
    impl->config.host_header = address.header;
    impl->token = std::move(token);
    return ApiClient{std::move(impl)};
}

Result<std::string> ApiClient::call(const std::string& method, const std::string& target, std::string body) {
    net::HttpRequest request{method, target, std::move(body)};
    request.is_idempotent = method == "GET";
    request.headers.emplace_back("Accept", "application/json");
    if (!impl_->token.empty()) request.headers.emplace_back("Authorization", "Bearer " + std::string{impl_->token.reveal()});
    // One connection per command: a client of its own leaves nothing behind in the context.
    net::HttpClient client{impl_->context.get_executor(), *impl_->dialer, impl_->config};
    auto reply = run_blocking(impl_->context, client.exchange(std::move(request), deadline_in(patience)));
    if (!reply) {
        bool is_absent = reply.error().code() == Errc::host_unreachable;
        return Error{is_absent ? Errc::unavailable : reply.error().code(),
            fmt::format("no answer from {}: {}", impl_->dialer->describe(), reply.error().operator_text()),
            is_absent ? fmt::format("no server answers at {} (is `berth serve` running?)", impl_->dialer->describe()) : ""};
    }
    if (reply->status < 200 || reply->status > 299) return error_of(*reply);
    return std::move(reply->body);
}

std::string path_part(std::string_view text) {
    std::string out;
    for (char c : text) {
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
        if (is_plain) out += c;
        else out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

} // namespace berth::cli
