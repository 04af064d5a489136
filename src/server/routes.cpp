// SPDX-License-Identifier: Apache-2.0
#include "server/routes.hpp"

#include "base/limits.hpp"
#include "base/log.hpp"

#include <algorithm>

namespace berth::server {
namespace {

// Everything our pages need, nothing else; the session's own web pages live on other host names.
std::string content_security_policy(const config::Config& config) {
    return "default-src 'none'; require-trusted-types-for 'script'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
           "connect-src 'self'; font-src 'self'; manifest-src 'self'; frame-ancestors 'self'; base-uri 'none'; "
           "form-action 'self' http://*." + config.server.apps_domain + ":* https://*." + config.server.apps_domain + ":*";
}

// Names under which we answer (H-23: a name that somebody points at us opens nothing). Without a
// public address and on all interfaces the names are not known: then every name is taken.
std::vector<std::string> allowed_hosts(const config::Config& config) {
    std::vector<std::string> hosts{"localhost", "127.0.0.1", "[::1]", "*." + config.server.apps_domain};
    auto is_loopback = [](const config::Listen& listen) {
        return listen.address == "localhost" || listen.address == "::1" || listen.address.starts_with("127.");
    };
    auto is_closed = std::all_of(config.server.listen.begin(), config.server.listen.end(), is_loopback);
    if (config.server.public_url.empty()) return is_closed ? hosts : std::vector<std::string>{};
    auto name = config.server.public_url.substr(config.server.public_url.find("://") + 3);
    auto end = name.find_first_of(":/", name.starts_with('[') ? name.find(']') : 0);
    hosts.push_back(name.substr(0, end));
    return hosts;
}

net::Task<http::Response> serve_page(const std::optional<http::StaticFiles>& pages, http::Request& request) {
    if (pages) {
        if (auto found = pages->find(request)) co_return std::move(*found);
    }
    co_return http::Response{404, "Not found\n", "text/plain; charset=utf-8"};
}

} // namespace

std::vector<std::string> allowed_origins(const config::Config& config) {
    std::vector<std::string> origins = config.server.extra_origins;
    if (!config.server.public_url.empty()) origins.push_back(config.server.public_url);
    return origins;
}

std::optional<http::StaticFiles> load_pages(const config::Config& config) {
    http::StaticConfig settings;
    settings.directory = config.server.web_dir;
    settings.page_prefixes = {"/", "/sign-in", "/desktops/", "/desktops", "/preferences", "/admin", "/admin/"};
    auto pages = http::StaticFiles::load(settings);
    if (pages) return std::move(*pages);
    log("server").warn("no_pages directory={} {}", settings.directory, log_safe(describe(pages.error())));
    return std::nullopt;
}

std::vector<http::Route> public_routes(
    api::native::NativeApi& api, gateway::Gateway& gateway, const std::optional<http::StaticFiles>& pages
) {
    auto routes = api.routes();
    // The ticket is the proof; it is checked by the gateway.
    routes.push_back(http::Route{"GET", "/gateway/rfb", http::Access{"by_ticket"},
                                 [&gateway](http::Request& request) { return gateway.open_rfb(request); }});
    http::Handler page = [&pages](http::Request& request) { return serve_page(pages, request); };
    routes.push_back(http::Route{"GET", "/", http::Access{"public"}, page});
    routes.push_back(http::Route{"GET", "/*", http::Access{"public"}, page});
    return routes;
}

http::Route web_endpoint(gateway::WebProxy& web) {
    http::Handler handler = [&web](http::Request& request) {
        // The path is the container's business; only our own entry is looked at.
        request.path = request.target.substr(0, request.target.find('?'));
        return web.handle(request);
    };
    return http::Route{"*", "/*", http::Access{"by_ticket"}, std::move(handler)}
        .with_body(http::BodyMode::buffered, limits::web_body_bytes);
}

http::ServerConfig with_web(http::ServerConfig settings, const gateway::WebProxy& web, const http::Route& route) {
    settings.host_route = [&web, &route](const http::Request& request) {
        return web.session_of(request.host) ? &route : nullptr;
    };
    return settings;
}

http::ServerConfig public_listener(const config::Config& config, Observer& observer) {
    http::ServerConfig settings;
    settings.content_security_policy = content_security_policy(config);
    settings.trusted_proxies = config.server.trusted_proxies;
    settings.is_tls = false;
    settings.is_strict_transport = config.server.is_tls();
    settings.allowed_hosts = allowed_hosts(config);
    settings.connections_per_address = static_cast<std::size_t>(config.server.connections_per_address);
    settings.observer = [&observer](const http::RequestRecord& record) { observer.request(record); };
    return settings;
}

http::ServerConfig monitor_listener(const config::Config& config) {
    http::ServerConfig settings;
    settings.max_connections = limits::monitor_connections;
    if (config.server.metrics_remote) return settings; // under which names is not known
    settings.allowed_hosts = {"localhost", "[::1]"};
    for (const auto& listen : config.server.metrics_listen) settings.allowed_hosts.push_back(listen.address);
    return settings;
}

} // namespace berth::server
