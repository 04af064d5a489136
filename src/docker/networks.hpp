// SPDX-License-Identifier: Apache-2.0
#pragma once
// The bridges that sessions live on: one per deployment on this engine, or one per session. On all
// of them containers cannot reach each other; the bridge interfaces are named brth<8 hex>, by which
// the host's firewall knows them.

#include "base/ids.hpp"
#include "docker/client.hpp"
#include "docker/subnet.hpp"

#include <string>
#include <vector>

namespace berth::docker {

struct NetworkPolicy {
    NetworkPolicy() = default;
    std::string deployment;
    Subnet pool; // 10.231.0.0/16 unless configured
};

inline constexpr std::string_view bridge_prefix = "brth";

std::string shared_network_name(std::string_view deployment);
std::string own_network_name(std::string_view deployment, const SessionId& session, int generation);
// At most 15 characters, the kernel's limit.
std::string bridge_name(std::string_view network);

class Networks {
public:
    Networks(Client& client, NetworkPolicy policy);

    // Name of the network, made if it is not there. Repeatable; parallel calls of any process make
    // one. conflict: the name belongs to somebody else; no_capacity: no free address range.
    Task<Result<std::string>> ensure_shared(Deadline deadline);
    Task<Result<std::string>> ensure_own(SessionId session, int generation, Deadline deadline);
    // Whether the shared one is there; makes nothing. conflict as above.
    Task<Result<bool>> has_shared(Deadline deadline);
    // Removes the session's own network, found by label; none there is success.
    Task<Status> remove_own(SessionId session, int generation, Deadline deadline);

private:
    Task<Result<std::string>> ensure(NetworkConfig config, SubnetUse use, Deadline deadline);
    Task<Result<bool>> is_there(const NetworkConfig& config, Deadline deadline);
    Task<Result<std::vector<Subnet>>> taken_subnets(Deadline deadline);
    Task<Status> remove_one(std::string network, Deadline deadline);

    Client& client_;
    NetworkPolicy policy_;
    std::vector<Subnet> reserved_; // by calls under way, so that they do not meet at the engine
};

} // namespace berth::docker
