// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<ExecState>> Client::exec_inspect(std::string exec, Deadline deadline) {
    if (auto valid = check_reference(exec); !valid) co_return valid.error();
    Call request{"exec inspect", Subject::exec, "GET", "/exec/" + exec + "/json"};
    request.is_repeatable = true;
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_inspect)));
    if (!reply) co_return reply.error();
    co_return decode_exec(reply->body);
}

} // namespace berth::docker
