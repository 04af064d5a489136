// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<ContainerCreateResult>>
Client::container_create(ContainerCreateOptions options, Deadline deadline) {
    if (auto valid = check_reference(options.name); !valid) co_return valid.error();
    if (auto valid = check_image_reference(options.config.image); !valid) co_return valid.error();
    // The only thing that create does not find is the image.
    Call request{"container create", Subject::image, "POST", "/containers/create"};
    request.query.emplace_back("name", options.name);
    request.body = encode_container_config(options.config);
    request.is_repeatable = true; // a second one meets the name of the first
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_create)));
    if (!reply) co_return reply.error();
    auto id = decode_container_created(reply->body);
    if (!id) co_return id.error();
    ContainerCreateResult result;
    result.id = std::move(*id);
    co_return result;
}

} // namespace berth::docker
