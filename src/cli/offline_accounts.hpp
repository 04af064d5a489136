// SPDX-License-Identifier: Apache-2.0
#pragma once
// The accounts part of the API without a server: opens the database itself. Only for use while no
// server runs on that database.

#include "base/error.hpp"
#include "config/config.hpp"

#include <string>

namespace berth::cli {

// GET and POST /api/v1/users, PATCH /api/v1/users/{name}: the same bodies and answers, as JSON.
Result<std::string> offline_accounts(const config::Config& config, const std::string& method,
                                     const std::string& target, const std::string& body);

} // namespace berth::cli
