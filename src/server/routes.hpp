// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is put on the public listener beside the native surface: pages and tunnels.

#include "api/native/native_api.hpp"
#include "config/config.hpp"
#include "gateway/gateway.hpp"
#include "gateway/web_proxy.hpp"
#include "http/listener.hpp"
#include "http/static_files.hpp"
#include "server/observer.hpp"

#include <optional>
#include <string>
#include <vector>

namespace berth::server {

// Origins that are configured: the public address and the further ones.
std::vector<std::string> allowed_origins(const config::Config& config);
// The built pages, or nothing (with a warning) when there are none.
std::optional<http::StaticFiles> load_pages(const config::Config& config);
std::vector<http::Route> public_routes(
    api::native::NativeApi& api, gateway::Gateway& gateway, const std::optional<http::StaticFiles>& pages
);
// Every request to the host name of a session's web endpoint.
http::Route web_endpoint(gateway::WebProxy& web);
// The listener's configuration with those host names taken out of the ordinary routes.
http::ServerConfig with_web(http::ServerConfig settings, const gateway::WebProxy& web, const http::Route& route);
http::ServerConfig public_listener(const config::Config& config, Observer& observer);
// Of the entry for monitors. It asks for no login, so a page that points a name of its own at this
// machine must not read it either (H-23).
http::ServerConfig monitor_listener(const config::Config& config);

} // namespace berth::server
