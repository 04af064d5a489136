// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Status> Client::archive_put(ArchivePutOptions options, Deadline deadline) {
    if (auto valid = check_reference(options.container); !valid) co_return valid.error();
    Call request{
        "archive put", Subject::container, "PUT", "/containers/" + options.container + "/archive"};
    request.query.emplace_back("path", options.folder);
    request.query.emplace_back("noOverwriteDirNonDir", "1");
    request.body = std::move(options.tar);
    request.content_type = "application/x-tar";
    request.is_repeatable = true;
    co_return co_await call_for_status(
        std::move(request), earlier(deadline, deadline_in(limits::engine_create))
    );
}

} // namespace berth::docker
