// SPDX-License-Identifier: Apache-2.0
#pragma once
// The host statements. They block; database.cpp calls them on its own thread. Contract of each:
// broker::HostStore. Private to store/.

#include "broker/host_ports.hpp"

#include <vector>

namespace berth::store {

class Connection;

Result<std::vector<broker::HostRecord>> load_hosts(Connection& connection);
Status put_host(Connection& connection, const broker::HostRecord& record);
Status remove_host(Connection& connection, const HostId& name);

} // namespace berth::store
