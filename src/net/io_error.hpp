// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one translation of socket errors into ours.

#include "base/error.hpp"

#include <boost/system/error_code.hpp>

#include <string_view>

namespace berth::net {

// `doing` says what failed: "read", "connect to 10.0.0.7:2376". Lost and refused connections are
// host_unreachable, a close on this side is ended, the rest is internal.
Error translate_io(const boost::system::error_code& ec, std::string_view doing);

} // namespace berth::net
