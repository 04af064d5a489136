// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<std::string>> Client::exec_create(ExecCreateOptions options, Deadline deadline) {
    if (auto valid = check_reference(options.container); !valid) co_return valid.error();
    if (options.config.command.empty())
        co_return Error{Errc::invalid_input, "exec create: no command"};
    Call request{
        "exec create", Subject::container, "POST", "/containers/" + options.container + "/exec"};
    request.body = encode_exec_config(options.config);
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_create)));
    if (!reply) co_return reply.error();
    co_return decode_exec_created(reply->body);
}

} // namespace berth::docker
