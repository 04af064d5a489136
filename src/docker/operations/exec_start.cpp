// SPDX-License-Identifier: Apache-2.0
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<net::HttpUpgrade>> Client::exec_start(ExecStartOptions options, Deadline deadline) {
    if (auto valid = check_reference(options.exec); !valid) co_return valid.error();
    Call start{"exec start", Subject::exec, "POST", "/exec/" + options.exec + "/start"};
    start.body = encode_exec_start(options.has_tty);
    auto request = co_await request_for(start, deadline);
    if (!request) co_return request.error();
    request->headers.emplace_back("Connection", "Upgrade");
    request->headers.emplace_back("Upgrade", "tcp");
    auto upgrade = co_await http_.upgrade(std::move(*request), deadline);
    if (!upgrade) co_return std::move(upgrade).error().with_context(start.operation);
    co_return upgrade;
}

} // namespace berth::docker
