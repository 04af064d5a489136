// SPDX-License-Identifier: Apache-2.0
#pragma once
// The configuration's words for a host in those of the broker. Pure.

#include "broker/host_ports.hpp"
#include "config/config.hpp"

namespace berth::server {

broker::HostDefinition definition_of(const config::Host& host);
broker::HostModeRecord mode_of(const config::Host& host); // `drained: true` is a drain

} // namespace berth::server
