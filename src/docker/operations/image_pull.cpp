// SPDX-License-Identifier: Apache-2.0
#include "docker/client.hpp"
#include "net/deadline.hpp"

namespace berth::docker {
namespace {

// "a/b:tag" and "a/b@sha256:…" go as they are; without either the engine would pull every tag.
std::string with_tag(std::string image) {
    auto last = image.substr(image.rfind('/') == std::string::npos ? 0 : image.rfind('/'));
    if (last.find_first_of(":@") == std::string::npos) image += ":latest";
    return image;
}

Task<Status>
follow(net::HttpBodyStream& body, std::function<void(const PullProgress&)>& on_progress) {
    LineSplitter splitter;
    while (true) {
        auto piece = co_await body.next();
        if (!piece) co_return std::move(piece).error().with_context("image pull");
        if (piece->empty()) co_return Status{};
        std::vector<std::string> lines;
        auto status = splitter.feed(*piece, lines);
        if (!status) co_return std::move(status).error().with_context("image pull");
        for (const auto& line : lines) {
            auto progress = decode_pull_progress(line);
            if (!progress) co_return progress.error();
            if (!progress->error.empty())
                co_return Error{Errc::engine_error, "image pull: " + message_of(progress->error)};
            if (on_progress) on_progress(*progress);
        }
    }
}

} // namespace

Task<Status> Client::image_pull(
    ImagePullOptions options,
    std::function<void(const PullProgress&)> on_progress,
    Deadline deadline
) {
    if (auto valid = check_image_reference(options.image); !valid) co_return valid.error();
    Call request{"image pull", Subject::image, "POST", "/images/create"};
    request.query.emplace_back("fromImage", with_tag(std::move(options.image)));
    request.is_repeatable = true;
    request.registry_auth = std::move(options.registry_auth);
    auto body = co_await open(std::move(request), deadline);
    if (!body) co_return body.error();
    auto task = follow(**body, on_progress);
    co_return co_await net::with_deadline(std::move(task), deadline);
}

} // namespace berth::docker
