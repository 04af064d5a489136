// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<std::vector<VolumeDetails>>> Client::volume_list(Filters filters, Deadline deadline) {
    Call request{"volume list", Subject::volume, "GET", "/volumes"};
    request.is_repeatable = true;
    if (!filters.empty()) request.query.emplace_back("filters", encode_filters(filters));
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_list)));
    if (!reply) co_return reply.error();
    co_return decode_volume_list(reply->body);
}

} // namespace berth::docker
