// SPDX-License-Identifier: Apache-2.0
#include "server/server.hpp"

#include "base/limits.hpp"
#include "base/log.hpp"
#include "api/native/errors.hpp"
#include "net/deadline.hpp"
#include "server/definitions.hpp"
#include "server/openapi.hpp"
#include "server/parts.hpp"
#include "server/routes.hpp"

#include <algorithm>
#include <filesystem>
#include <thread>

namespace berth::server {
namespace {

http::Router::ErrorPage problem_page() {
    return [](const Error& error, const http::Request& request) { return api::native::problem(error, request); };
}

std::set<std::string> images_of(const broker::Catalog& catalog) {
    std::set<std::string> images;
    for (const auto& one : catalog.all()) images.insert(one.spec.image);
    return images;
}

bool has_volumes(const broker::Catalog& catalog) {
    return std::ranges::any_of(catalog.all(), [](const auto& one) { return !one.spec.volumes.empty(); });
}

api::native::NativeConfig native_config(const config::Config& config, const std::string& commit) {
    api::native::NativeConfig settings;
    settings.origins = allowed_origins(config);
    settings.allows_insecure_http = config.server.insecure_http;
    settings.shows_host = config.server.show_host_to_users;
    settings.apps_domain = config.server.apps_domain;
    settings.version = BERTH_VERSION;
    settings.commit = commit;
    settings.openapi = openapi_document();
    return settings;
}

identity::AuthenticatorConfig authenticator_config(const config::Config& config) {
    identity::AuthenticatorConfig settings;
    settings.login_idle = config.auth.login_idle;
    settings.login_life = config.auth.login_lifetime;
    return settings;
}

gateway::Config gateway_config(const config::Config& config) {
    gateway::Config settings;
    auto cores = std::max(1U, std::thread::hardware_concurrency());
    settings.threads = config.server.gateway_threads > 0 ? static_cast<std::size_t>(config.server.gateway_threads) : cores;
    settings.allowed_origins = allowed_origins(config);
    settings.allow_own_host = config.server.public_url.empty();
    return settings;
}

gateway::WebProxyConfig web_config(const config::Config& config) {
    gateway::WebProxyConfig settings;
    settings.apps_domain = config.server.apps_domain;
    return settings;
}

} // namespace

Server::Parts::Parts(boost::asio::io_context& context, config::Config config_, std::string commit_)
    : executor{context.get_executor()}
    , config{std::move(config_)}
    , commit{std::move(commit_)}
    , clock{system_clock}
    , observer{metrics, BERTH_VERSION}
    , catalog{templates_of(config)}
    , tickets{random}
    // Numbers of an earlier process are smaller as long as it sent less than one event a millisecond.
    , hub{executor, static_cast<std::uint64_t>(system_clock.now().time_since_epoch().count())} {}

Server::Parts::Running::Running(Parts& p, std::unique_ptr<store::Database> database_, crypto::RfbSecrets secrets_)
    : database{std::move(database_)}
    , secrets{std::move(secrets_)}
    , engines{p.executor, p.config, database->deployment_id()}
    , hosts{p.executor, p.clock, p.sink, images_of(p.catalog)}
    , pulls{p.executor, hosts, p.sink}
    , host_service{p.executor, broker::HostServiceParts{p.clock, hosts, engines, database->hosts(), database->sessions(), p.sink, pulls}}
    , host_tools{p.config}
    , meter{p.clock, hosts}
    , queue{p.executor, p.clock, hosts, meter, [this, &p](const SessionId& id) {
        if (auto runner = runners.find(id)) p.sink.session_changed(runner->session());
    }}
    , keeper{p.executor, p.clock,
        [this](const SessionId& id) {
            if (auto runner = runners.find(id)) runner->post(session::TimePassed{});
        },
        [this](Milliseconds by) {
            for (const auto& runner : runners.all()) runner->post(session::ClockJumped{by});
        }}
    , runner_context{p.executor, p.clock, database->sessions(), hosts, queue, probe, viewers, p.sink, keeper, secrets, start_times,
        meter, p.catalog}
    , runners{runner_context}
    , reconciler{p.executor, runners, hosts, database->sessions()}
    , pools{runner_context, runners, p.random}
    , sessions{runner_context, runners, pools, p.tickets, p.random,
        broker::SessionQuota{p.config.quota.max_sessions_per_user, p.config.quota.max_sessions}}
    , authenticator{identity::Parts{database->accounts(), database->credentials(), p.hasher, p.random, p.clock, p.turn},
        authenticator_config(p.config)}
    , accounts{identity::Parts{database->accounts(), database->credentials(), p.hasher, p.random, p.clock, p.turn}, authenticator}
    , tokens{identity::Parts{database->accounts(), database->credentials(), p.hasher, p.random, p.clock, p.turn}, authenticator}
    , api{api::native::NativeParts{p.clock, sessions, hosts, host_service, host_tools, database->sessions(), authenticator, accounts, tokens, p.hub, p.metrics, viewers},
        native_config(p.config, p.commit)}
    , gateway{p.executor, admission, gateway_config(p.config)}
    , web{p.executor, admission, p.random, web_config(p.config)}
    , web_route{web_endpoint(web)}
    , router{public_routes(api, gateway, p.pages), problem_page(), api.guard()}
    , local_router{api.routes(), problem_page(), api.local_guard()}
    , monitor_router{api.monitor_routes(), problem_page(), api.guard()}
    , listener{p.executor, router, with_web(public_listener(p.config, p.observer), web, web_route)}
    , local_listener{p.executor, local_router, http::ServerConfig{}}
    , monitor_listener{p.executor, monitor_router, server::monitor_listener(p.config)}
    , scope{p.executor, "server"} {
    connect(p);
}

// The parts that need one another in a circle.
void Server::Parts::Running::connect(Parts& p) {
    admission.connect(sessions);
    viewers.connect(gateway);
    viewers.connect(web);
    p.sink.connect(api);
    queue.leases = [this] { return runners.lease_ends(); };
    connect_pulls();
    connect_pools();
    hosts.set_wants_volumes(has_volumes(p.catalog));
    hosts.set_strategy(strategy_of(p.config));
    hosts.is_anybody_waiting = [this] { return queue.size() > 0; };
    hosts.on_state = [this](const HostId& id, placement::HostState from, placement::HostState to) {
        host_service.note_state(id, from, to);
    };
    auto tell_those_on = [this, &p](const HostId& id) {
        for (const auto& runner : runners.all()) {
            if (runner->session().host == id) p.sink.session_changed(runner->session());
        }
    };
    hosts.on_reachability = tell_those_on;
    host_service.on_mode = tell_those_on;
    host_service.clear_host = [this](const HostId& id) {
        for (const auto& runner : runners.all()) {
            const auto& session = runner->session();
            if (session.host == id && !session.end) runner->post(session::StopRequested{session::EndReason::host_maintenance, {}});
        }
    };
    hosts.on_room = [this] {
        queue.pump();
        pools.poke();
    };
    hosts.on_up = [this](const HostId& id) { reconciler.look_at(id); };
    hosts.on_notice = [this](const HostId& id, const broker::HostNotice& notice) {
        if (notice.is_gap) {
            reconciler.look_at(id);
            return;
        }
        auto runner = runners.find(notice.session);
        if (runner && runner->session().generation == notice.generation) runner->post(notice.gone);
    };
    authenticator.set_on_revoked([this, &p](std::string login_id) {
        p.tickets.revoke_login(login_id);
        viewers.close_login(login_id);
    });
    p.metrics.on_collect([this, &p] {
        p.observer.collect(runners, hosts, gateway, p.hub, queue);
        p.observer.collect(pools);
        p.observer.collect(listener);
        p.observer.collect(gateway.refusals(), web.refusals());
    });
}

void Server::Parts::Running::connect_pulls() {
    queue.pull = [this](const placement::Need& need, int waiting) { return pulls.fetch_for(need, waiting); };
    queue.pull_state = [this](const std::string& image) { return pulls.furthest(image); };
    pulls.on_progress = [this] { queue.tell(); };
    pulls.on_end = [this](const HostId& id, const std::string& image, const Status& outcome) {
        host_service.note_pull(id, image, outcome);
        queue.pump();
        queue.tell();
    };
}

void Server::Parts::Running::connect_pools() {
    queue.on_full = [this](const placement::Need& need, int waiting) { pools.make_room(need, waiting); };
    pools.fetch = [this](const placement::Need& need) { (void)pulls.fetch_for(need, 1); };
    reconciler.on_listed = [this](const HostId& id, const std::vector<broker::Observed>& list) { pools.note_containers(id, list); };
}

Server::Server(boost::asio::io_context& context, const config::Config& config, const std::string& commit)
    : parts_{std::make_unique<Parts>(context, config, commit)} {}

Server::~Server() = default;

namespace {

net::Task<void> keep_house(identity::Authenticator& authenticator, broker::SessionStore& store, const Clock& clock, int retention_days) {
    for (;;) {
        co_await net::sleep_for(std::chrono::minutes{1});
        auto kept = co_await authenticator.maintain();
        if (!kept) log("server").warn("maintain {}", log_safe(describe(kept.error())));
        if (retention_days <= 0) continue;
        auto pruned = co_await store.prune(clock.now() - std::chrono::hours{24} * retention_days);
        if (!pruned) log("server").warn("prune {}", log_safe(describe(pruned.error())));
    }
}

Result<std::uint16_t> listen_at(http::Listener& listener, const config::Listen& address) {
    auto name = address.address == "localhost" ? std::string{"127.0.0.1"} : address.address;
    auto port = listener.listen_tcp(name, address.port);
    if (!port) return Error{port.error()}.with_context("listen " + name + ":" + std::to_string(address.port));
    log("server").info("listening address={} port={}", name, *port);
    return port;
}

// Opens every entry; answers with the port of the first public one.
Result<std::uint16_t> listen(
    const config::Server& server, http::Listener& all, http::Listener& local, http::Listener& monitor
) {
    std::uint16_t first = 0;
    for (const auto& address : server.listen) {
        auto port = listen_at(all, address);
        if (!port) return port.error();
        if (first == 0) first = *port;
    }
    if (!server.admin_socket.empty()) {
        auto opened = local.listen_unix(server.admin_socket);
        if (!opened) return Error{opened.error()}.with_context("admin socket");
    }
    for (const auto& address : server.metrics_listen) {
        auto port = listen_at(monitor, address);
        if (!port) return Error{port.error()}.with_context("metrics");
    }
    if (!server.metrics_socket.empty()) {
        auto opened = monitor.listen_unix(server.metrics_socket);
        if (!opened) return Error{opened.error()}.with_context("metrics socket");
    }
    return first;
}

} // namespace

namespace {

// Where confirmed host keys and our own are kept. Without it hosts by SSH say why they do not work.
void make_ssh_folder(const config::Config& config) {
    auto folder = std::filesystem::path{config.ssh.known_hosts}.parent_path();
    std::error_code bad;
    if (std::filesystem::create_directories(folder, bad)) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, bad);
    if (bad) log("server").warn("ssh_folder folder={} {}", log_safe(folder.string()), bad.message());
}

} // namespace

net::Task<Result<Started>> Server::start() {
    auto& p = *parts_;
    std::filesystem::path state{p.config.state_dir};
    store::DatabaseConfig database_config;
    database_config.file = p.config.database.path;
    auto database = store::Database::open(database_config, p.random, p.clock);
    if (!database) co_return database.error();
    auto secrets = crypto::RfbSecrets::open(state / "rfb.key", p.random);
    if (!secrets) co_return secrets.error();
    p.pages = load_pages(p.config);
    log("server").info("deployment deployment={}", (*database)->deployment_id());
    p.running = std::make_unique<Parts::Running>(p, std::move(*database), std::move(*secrets));
    auto& r = *p.running;

    Started started;
    std::optional<Secret> given;
    if (!p.config.auth.admin_password.empty()) given = p.config.auth.admin_password;
    auto ensuring = r.accounts.ensure_first_admin(std::move(given));
    auto admin = co_await std::move(ensuring);
    if (!admin) co_return admin.error();
    if (*admin) {
        started.admin_username = (*admin)->username;
        started.generated_password = (*admin)->generated_password;
    }

    make_ssh_folder(p.config);
    auto loading = r.host_service.load(file_hosts_of(p.config));
    auto loaded = co_await std::move(loading);
    if (!loaded) co_return loaded.error();
    // Hosts that take longer are looked at while others are served; until then they get no start.
    co_await r.hosts.check_all(deadline_in(limits::first_look));
    auto live = co_await r.database->sessions().load_live();
    if (!live) co_return live.error();
    for (auto& one : *live) r.runners.recover(std::move(one));
    co_await r.reconciler.reconcile_all(deadline_in(limits::first_look));
    r.hosts.start();
    r.web.start();
    r.scope.spawn(r.keeper.run());
    r.scope.spawn(r.reconciler.run());
    r.scope.spawn(r.queue.run());
    r.scope.spawn(r.pools.run());
    r.scope.spawn(keep_house(r.authenticator, r.database->sessions(), p.clock, p.config.retention_days));

    auto listening = listen(p.config.server, r.listener, r.local_listener, r.monitor_listener);
    if (!listening) co_return listening.error();
    started.port = *listening;
    co_return started;
}

net::Task<void> Server::stop() {
    if (!parts_->running) co_return;
    auto& r = *parts_->running;
    parts_->hub.close();
    co_await r.gateway.stop();
    co_await r.web.stop();
    co_await r.listener.stop(deadline_in(parts_->config.server.drain));
    co_await r.local_listener.stop(deadline_in(Seconds{1}));
    co_await r.monitor_listener.stop(deadline_in(Seconds{1}));
    co_await r.scope.stop();
    co_await r.reconciler.stop();
    // Slots that come free from here on go to nobody: those who wait are on their way out too.
    r.hosts.on_room = nullptr;
    co_await r.pools.stop();
    co_await r.runners.stop();
    co_await r.pulls.stop();
    co_await r.host_service.stop();
    co_await r.hosts.stop();
    co_await r.engines.stop();
    auto kept = co_await r.authenticator.maintain();
    if (!kept) log("server").debug("maintain {}", log_safe(describe(kept.error())));
}

} // namespace berth::server
