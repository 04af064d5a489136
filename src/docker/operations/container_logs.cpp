// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<ContainerLogsResult>>
Client::container_logs(ContainerLogsOptions options, Deadline deadline) {
    if (auto valid = check_reference(options.container); !valid) co_return valid.error();
    Call request{
        "container logs", Subject::container, "GET", "/containers/" + options.container + "/logs"};
    request.is_repeatable = true;
    request.query.emplace_back("stdout", "1");
    request.query.emplace_back("stderr", "1");
    request.query.emplace_back("tail", std::to_string(options.last_lines));
    request.max_reply = options.max_bytes;
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_list)));
    if (!reply) co_return reply.error();
    ContainerLogsResult result;
    if (options.has_tty) {
        result.chunks.emplace_back(OutputKind::standard_output, std::move(reply->body));
        co_return result;
    }
    OutputDecoder decoder;
    auto decoded = decoder.feed(reply->body, result.chunks);
    if (!decoded) co_return std::move(decoded).error().with_context("container logs");
    co_return result;
}

} // namespace berth::docker
