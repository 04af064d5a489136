// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<ContainerStats>> Client::container_stats(std::string container, Deadline deadline) {
    if (auto valid = check_reference(container); !valid) co_return valid.error();
    Call request{
        "container stats", Subject::container, "GET", "/containers/" + container + "/stats"};
    request.is_repeatable = true;
    request.query.emplace_back("stream", "0");
    request.query.emplace_back("one-shot", "1"); // since 1.41; before, an answer takes two seconds
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_list)));
    if (!reply) co_return reply.error();
    co_return decode_stats(reply->body);
}

} // namespace berth::docker
