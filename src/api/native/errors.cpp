// SPDX-License-Identifier: Apache-2.0
#include "api/native/errors.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace berth::api::native {
namespace {

// What the person reads when nobody nearer to the cause has said anything better.
std::string_view sentence_for(Errc code) {
    switch (code) {
    case Errc::invalid_input: return "The request is not valid.";
    case Errc::unauthenticated: return "Sign in first.";
    case Errc::forbidden: return "You may not do this.";
    case Errc::not_found: return "There is no such thing here.";
    case Errc::already_exists: return "This exists already.";
    case Errc::conflict: return "This is not possible at the moment.";
    case Errc::quota_exceeded: return "A limit is reached.";
    case Errc::rate_limited: return "Too many attempts. Try again later.";
    case Errc::no_capacity: return "There is no free place at the moment.";
    case Errc::host_unreachable: return "The machine does not answer.";
    case Errc::engine_error: return "The machine could not do it.";
    case Errc::host_key_unknown: return "Nobody has confirmed the key of this machine yet.";
    case Errc::host_key_changed: return "The machine shows another key than before.";
    case Errc::image_missing: return "The image is not available at the moment.";
    case Errc::not_ready: return "It is not ready yet.";
    case Errc::ended: return "It has ended.";
    case Errc::ticket_spent: return "This link has been used or has expired.";
    case Errc::too_large: return "The request is too large.";
    case Errc::unsupported_media_type: return "Send application/json.";
    case Errc::method_not_allowed: return "This method is not allowed here.";
    case Errc::timed_out: return "It took too long.";
    case Errc::protocol_violation: return "The other side did not answer as it should.";
    case Errc::shutting_down: return "The service is restarting. Try again in a moment.";
    case Errc::unavailable: return "A part of the service does not work at the moment.";
    case Errc::internal: return "Something went wrong on our side.";
    }
    return "Something went wrong on our side.";
}

std::string_view title_for(int status) {
    switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 429: return "Too Many Requests";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Internal Server Error";
    }
}

} // namespace

int status_of(Errc code) noexcept {
    switch (code) {
    case Errc::invalid_input: return 400;
    case Errc::unauthenticated: return 401;
    case Errc::forbidden: return 403;
    case Errc::not_found: return 404;
    case Errc::method_not_allowed: return 405;
    case Errc::already_exists:
    case Errc::conflict:
    case Errc::quota_exceeded:
    case Errc::not_ready:
    case Errc::host_key_unknown:
    case Errc::host_key_changed:
    case Errc::ended: return 409;
    case Errc::ticket_spent: return 410;
    case Errc::too_large: return 413;
    case Errc::unsupported_media_type: return 415;
    case Errc::rate_limited: return 429;
    case Errc::engine_error:
    case Errc::protocol_violation: return 502;
    case Errc::no_capacity:
    case Errc::host_unreachable:
    case Errc::image_missing:
    case Errc::shutting_down:
    case Errc::unavailable: return 503;
    case Errc::timed_out: return 504;
    case Errc::internal: return 500;
    }
    return 500;
}

http::Response problem(const Error& error, const http::Request& request, bool is_staff) {
    auto status = status_of(error.code());
    boost::json::object body;
    body["type"] = "/api/v1/problems#" + std::string{name_of(error.code())};
    body["title"] = title_for(status);
    body["status"] = status;
    body["detail"] = error.user_text().empty() ? std::string{sentence_for(error.code())} : error.user_text();
    body["code"] = name_of(error.code());
    body["request_id"] = request.id;
    if (!error.fields().empty()) {
        boost::json::array fields;
        for (const auto& field : error.fields())
            fields.push_back(boost::json::object{{"pointer", field.pointer}, {"detail", field.detail}});
        body["errors"] = std::move(fields);
    }
    if (error.retry_after_s() > 0) body["retry_after_s"] = error.retry_after_s();
    if (is_staff && !error.operator_text().empty()) body["operator_detail"] = error.operator_text();
    http::Response response{status, boost::json::serialize(body), "application/problem+json"};
    if (error.retry_after_s() > 0)
        response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_s()));
    if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"berth\"");
    return response;
}

} // namespace berth::api::native
