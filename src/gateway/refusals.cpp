// SPDX-License-Identifier: Apache-2.0
#include "gateway/refusals.hpp"

namespace berth::gateway {

Refusal refusal_for(Errc code) {
    if (code == Errc::ticket_spent || code == Errc::unauthenticated || code == Errc::forbidden)
        return Refusal::ticket;
    if (code == Errc::quota_exceeded) return Refusal::full;
    if (code == Errc::shutting_down) return Refusal::stopping;
    return Refusal::session;
}

} // namespace berth::gateway
