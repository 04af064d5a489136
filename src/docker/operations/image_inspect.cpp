// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"

namespace berth::docker {

Task<Result<ImageDetails>> Client::image_inspect(std::string image, Deadline deadline) {
    if (auto valid = check_image_reference(image); !valid) co_return valid.error();
    Call request{"image inspect", Subject::image, "GET", "/images/" + image + "/json"};
    request.is_repeatable = true;
    auto reply =
        co_await call(std::move(request), earlier(deadline, deadline_in(limits::engine_inspect)));
    if (!reply) co_return reply.error();
    co_return decode_image(reply->body);
}

} // namespace berth::docker
