// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whose fault a failed start was: only a host's fault makes it worth trying elsewhere.

#include "session/session.hpp"

#include <set>

namespace berth::session {

// The host did not answer, lacks the image, ran out of something of its own, or its engine failed
// for another reason than the image. An image that does not start, or a request that the engine
// refuses, blames nobody.
bool blames_host(const Error& error) noexcept;

// Hosts that this start must not be given again.
std::set<HostId> hosts_to_avoid(const Session& session);

} // namespace berth::session
