// SPDX-License-Identifier: Apache-2.0
#pragma once
// The configuration's words for hosts and templates in those of the broker. Pure.

#include "broker/catalog.hpp"
#include "broker/host_service.hpp"
#include "config/config.hpp"

#include <vector>

namespace berth::server {

broker::HostDefinition definition_of(const config::Host& host); // of the file
std::vector<broker::FileHost> file_hosts_of(const config::Config& config); // `drained: true` is a drain
// Of the installation; what templates say of themselves is in templates_of.
placement::Strategy strategy_of(const config::Config& config);
std::vector<broker::Template> templates_of(const config::Config& config);

} // namespace berth::server
