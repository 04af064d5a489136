// SPDX-License-Identifier: Apache-2.0
#include "docker/client.hpp"

#include "base/limits.hpp"

#include <algorithm>

namespace berth::docker {
namespace {

net::HttpClient::Config http_config(const Client::Config& config) {
    net::HttpClient::Config http;
    // A local socket has no name; the engine wants a Host field nevertheless.
    http.host_header = "docker";
    http.user_agent = config.user_agent;
    return http;
}

std::string version_text(std::pair<int, int> version) {
    return std::to_string(version.first) + "." + std::to_string(version.second);
}

Error too_old(std::string_view whose, std::string_view version) {
    return Error{
        Errc::invalid_input,
        std::string{whose} + " API version " + std::string{version} + " is not usable: at least " +
            version_text(oldest_api) + " is needed"};
}

} // namespace

Client::Client(net::Executor executor, net::Dialer& dialer, Config config)
    : config_{std::move(config)}
    , http_{std::move(executor), dialer, http_config(config_)} {}

Task<Result<std::string>> Client::api_version(Deadline deadline) {
    if (!version_.empty()) co_return version_;
    if (!config_.forced_version.empty()) {
        auto forced = parse_api_version(config_.forced_version);
        if (forced < oldest_api) co_return too_old("DOCKER_API_VERSION:", config_.forced_version);
        version_ = version_text(forced);
        co_return version_;
    }
    auto answer = co_await ping(deadline);
    if (!answer) co_return answer.error();
    auto theirs = parse_api_version(answer->api_version);
    if (theirs < oldest_api)
        co_return too_old(
            "the engine's", answer->api_version.empty() ? "(none given)" : answer->api_version
        );
    version_ = version_text(std::min(theirs, newest_api));
    co_return version_;
}

// An engine that went away may come back as another version.
void Client::forget_version_after(const Error& error) {
    if (error.code() == Errc::host_unreachable) version_.clear();
}

Task<Result<net::HttpRequest>> Client::request_for(Call& call, Deadline deadline) {
    auto version = co_await api_version(deadline);
    if (!version) co_return std::move(version).error().with_context(call.operation);
    net::HttpRequest request{
        call.method,
        "/v" + *version + call.path + encode_query(call.query),
        std::move(call.body),
        call.content_type};
    request.is_idempotent = call.is_repeatable;
    if (!call.registry_auth.empty())
        request.headers.emplace_back("X-Registry-Auth", call.registry_auth);
    co_return request;
}

Task<Result<net::HttpReply>>
Client::exchange(net::HttpRequest request, Deadline deadline, std::size_t max_reply) {
    auto reply = co_await http_.exchange(std::move(request), deadline, max_reply);
    if (reply) last_answer_ = std::chrono::steady_clock::now();
    else forget_version_after(reply.error());
    co_return reply;
}

Task<Result<net::HttpReply>> Client::call(Call call, Deadline deadline) {
    auto request = co_await request_for(call, deadline);
    if (!request) co_return request.error();
    auto reply = co_await exchange(std::move(*request), deadline, call.max_reply);
    if (!reply) co_return std::move(reply).error().with_context(call.operation);
    if (reply->status >= 300 && reply->status != 304)
        co_return error_from_reply(call.operation, call.subject, reply->status, reply->body);
    co_return reply;
}

Task<Status> Client::call_for_status(Call call, Deadline deadline) {
    auto reply = co_await this->call(std::move(call), deadline);
    if (!reply) co_return reply.error();
    co_return Status{};
}

Task<Result<std::unique_ptr<net::HttpBodyStream>>> Client::open(Call call, Deadline deadline) {
    auto request = co_await request_for(call, deadline);
    if (!request) co_return request.error();
    auto stream = co_await http_.open(std::move(*request), deadline);
    if (!stream) {
        forget_version_after(stream.error());
        co_return std::move(stream).error().with_context(call.operation);
    }
    auto status = (*stream)->head().status;
    if (status < 300) co_return stream;
    auto body = co_await (*stream)->next();
    co_return error_from_reply(call.operation, call.subject, status, body ? *body : std::string{});
}

} // namespace berth::docker
