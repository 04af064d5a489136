// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whose fault a failed start was: only a host's fault makes it worth trying again.

#include "session/session.hpp"

#include <set>

namespace berth::session {

// The host did not answer, lacks the image, ran out of something of its own, or its engine failed
// for another reason than the image, or answered nonsense. An image that does not start, or a
// request that the engine refuses, blames nobody. `state`: where it failed; what broke its protocol
// was the engine until the desktop ran, and then the desktop.
bool blames_host(const Error& error, State state) noexcept;

// Hosts that this start must not be given again, and those that get it when no other can: an engine
// that failed once in its own way (a port that was taken meanwhile, a restart) may do better. Not
// twice, and not where trying again shows the same: no answer, no image, too slow.
struct FailedHosts {
    std::set<HostId> avoid;
    std::set<HostId> shun;
};
FailedHosts hosts_that_failed(const Session& session);

} // namespace berth::session
