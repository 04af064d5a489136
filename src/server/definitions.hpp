// SPDX-License-Identifier: Apache-2.0
#pragma once
// The configuration's words for hosts and templates in those of the broker. Pure.

#include "broker/catalog.hpp"
#include "broker/host_ports.hpp"
#include "config/config.hpp"

#include <vector>

namespace berth::server {

broker::HostDefinition definition_of(const config::Host& host);
broker::HostModeRecord mode_of(const config::Host& host); // `drained: true` is a drain
std::vector<broker::Template> templates_of(const config::Config& config);

} // namespace berth::server
