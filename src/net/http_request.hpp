// SPDX-License-Identifier: Apache-2.0
#pragma once
// Requests as bytes. Nothing that came from outside can end a line here. Private to net.

#include "net/http_client.hpp"

#include <string>
#include <string_view>

namespace berth::net {

// Method is a token, the target is origin-form or "*" without space, control or 8-bit bytes, field
// names are tokens, values have no control bytes but tab: invalid_input otherwise.
Status check_request(const HttpRequest& request);
// Start line and fields, with Host, User-Agent, Content-Length and (when asked) Connection: close
// added unless the request names them itself.
std::string head_of(const HttpRequest& request, const HttpClient::Config& config);
// May be sent a second time when the first got no answer (RFC 9110 9.2.2).
bool may_repeat(const HttpRequest& request);
// "GET /v1.41/info", without the query, which may tell more than a log should.
std::string label_of(const HttpRequest& request);

} // namespace berth::net
