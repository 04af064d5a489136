// SPDX-License-Identifier: Apache-2.0
#pragma once
// Errors in the words of this surface: problem details (RFC 9457).

#include "base/error.hpp"
#include "http/message.hpp"

#include <boost/json/object.hpp>

namespace berth::api::native {

int status_of(Errc code) noexcept;
// application/problem+json; never an operator's text, except where `is_staff`. `more` are further
// members of the answer.
http::Response problem(const Error& error, const http::Request& request, bool is_staff = false, boost::json::object more = {});

} // namespace berth::api::native
