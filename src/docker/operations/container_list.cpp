// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<std::vector<ContainerSummary>>>
Client::container_list(ContainerListOptions options, Deadline deadline) {
    Call request{"container list", Subject::container, "GET", "/containers/json"};
    request.is_repeatable = true;
    request.query.emplace_back("all", options.is_all ? "1" : "0");
    if (!options.filters.empty())
        request.query.emplace_back("filters", encode_filters(options.filters));
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_list)));
    if (!reply) co_return reply.error();
    co_return decode_container_list(reply->body);
}

} // namespace berth::docker
