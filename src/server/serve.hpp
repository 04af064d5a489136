// SPDX-License-Identifier: Apache-2.0
#pragma once
// The server as one call: builds everything from the configuration, runs until SIGTERM or SIGINT.

#include "config/config.hpp"

namespace berth::server {

struct ServeOptions {
    bool print_banner = true; // address and, once, the first administrator's password
    std::string commit;       // of the build, for /version
};

// The process's exit code: 0 after an ordered stop, 1 failed, 69 port or database not available.
int serve(const config::Config& config, const ServeOptions& options);

} // namespace berth::server
