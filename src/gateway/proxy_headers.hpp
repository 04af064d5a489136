// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which header fields pass between a browser and a container's own HTTP. Pure. The container is
// hostile to us, and its pages are hostile to every other origin (T-32).

#include "http/message.hpp"

#include <string>
#include <string_view>

namespace berth::gateway {

// Only for one session's host name; the browser never sends it to our own origin.
inline constexpr std::string_view app_cookie = "berth_app";

// Fields for the container: no hop-by-hop ones (RFC 9110, 7.6.1), no framing, no cookie of ours, no
// Authorization, nothing that a proxy in front would be believed for.
net::HttpHeaders to_container(const http::Request& request);
// Fields for the browser: likewise; cookies lose their Domain, so that they stay on this host name,
// and cannot replace ours. Our strict defaults for own pages are lifted.
net::HttpHeaders to_browser(const net::HttpHeaders& answer);

// Another origin, perhaps a neighbour's application on the same site, must not act with this
// person's cookie. Allowed: requests of the application's own pages, and a person following a link.
bool is_own_request(const http::Request& request, bool is_upgrade);

} // namespace berth::gateway
