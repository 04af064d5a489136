// SPDX-License-Identifier: Apache-2.0
#pragma once
// Everything the server owns. Private to server/.

#include "api/native/native_api.hpp"
#include "broker/image_puller.hpp"
#include "broker/reconciler.hpp"
#include "crypto/password_hasher.hpp"
#include "crypto/system_random.hpp"
#include "docker/docker_host.hpp"
#include "gateway/gateway.hpp"
#include "gateway/readiness_probe.hpp"
#include "gateway/web_proxy.hpp"
#include "http/listener.hpp"
#include "http/static_files.hpp"
#include "server/adapters.hpp"
#include "server/host_set.hpp"
#include "server/host_tools.hpp"
#include "server/observer.hpp"
#include "server/server.hpp"
#include "store/database.hpp"

#include <vector>

namespace berth::server {

struct Server::Parts {
    Parts(boost::asio::io_context& context, config::Config config_, std::string commit_);

    // What can only be made once the database and the key file are open.
    struct Running {
        Running(Parts& parts, std::unique_ptr<store::Database> database, crypto::RfbSecrets secrets);
        void connect(Parts& parts);
        void connect_pulls();
        void connect_pools();

        std::unique_ptr<store::Database> database;
        SecretsAdapter secrets;
        ViewersAdapter viewers;
        AdmissionAdapter admission;
        HostSet engines;
        broker::HostRegistry hosts;
        broker::ImagePuller pulls;
        broker::HostService host_service;
        HostTools host_tools;
        broker::StartMeter meter;
        broker::StartQueue queue;
        broker::DeadlineKeeper keeper;
        gateway::EndpointProbe probe;
        broker::StartTimes start_times;
        broker::RunnerContext runner_context;
        broker::RunnerRegistry runners;
        broker::Reconciler reconciler;
        broker::PoolKeeper pools;
        broker::SessionService sessions;
        identity::Authenticator authenticator;
        identity::Accounts accounts;
        identity::Tokens tokens;
        api::native::NativeApi api;
        gateway::Gateway gateway;
        gateway::WebProxy web;
        http::Route web_route;
        http::Router router;
        http::Router local_router;
        http::Router monitor_router;
        http::Listener listener;
        http::Listener local_listener;
        http::Listener monitor_listener;
        net::TaskScope scope;
    };

    net::Executor executor;
    config::Config config;
    std::string commit;
    SystemClock system_clock;
    AnchoredClock clock;
    crypto::SystemRandom random;
    metrics::Registry metrics;
    Observer observer;
    crypto::PasswordHasher hasher;
    identity::Turn turn;
    broker::Catalog catalog;
    access::TicketBook tickets;
    SinkAdapter sink;
    events::Hub hub;
    std::optional<http::StaticFiles> pages;
    std::unique_ptr<Running> running;
};

} // namespace berth::server
