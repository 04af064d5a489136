// SPDX-License-Identifier: Apache-2.0
#pragma once
// The composition root: the only place that knows the concrete types, the order of start and the
// order of stop. Members stand in order of dependency, so destruction is the reverse.

#include "base/error.hpp"
#include "config/config.hpp"
#include "net/task.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace berth::server {

struct Started {
    Started() = default;
    std::uint16_t port = 0; // of the first address
    std::string admin_username;
    Secret generated_password; // of the first administrator, when one was made just now
};

class Server {
public:
    // Core thread = whoever runs the context; one thread only.
    // `commit`: of the build, for /version.
    Server(boost::asio::io_context& context, const config::Config& config, const std::string& commit);
    ~Server(); // after stop()

    // Opens the store, takes up what is stored, makes records and engines agree, then listens. A
    // host that is down is tolerated (warning, metric, /readyz). Errors: unavailable (database,
    // key file), already_exists (port in use), invalid_input.
    net::Task<Result<Started>> start();
    // Closes the entry, drains, ends runners and tunnels; sessions live on. May be called twice.
    net::Task<void> stop();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace berth::server
