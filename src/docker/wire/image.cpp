// SPDX-License-Identifier: Apache-2.0
#include "docker/wire/image.hpp"

#include "docker/wire/json.hpp"

#include <charconv>

namespace berth::docker {

Result<ImageDetails> decode_image(std::string_view body) {
    auto value = parse_object(body, "image inspect");
    if (!value) return value.error();
    JsonView view{*value};
    ImageDetails image;
    image.id = view["Id"].text();
    if (image.id.empty()) return Error{Errc::protocol_violation, "image inspect: no id"};
    image.tags = view["RepoTags"].texts();
    image.digests = view["RepoDigests"].texts();
    image.os = view["Os"].text();
    image.architecture = view["Architecture"].text();
    image.size_bytes = view["Size"].number();
    auto config = view["Config"];
    image.labels = config["Labels"].text_map();
    image.user = config["User"].text();
    for (const auto& [key, ignored] : config["ExposedPorts"].members()) {
        unsigned port = 0;
        auto [end, failure] = std::from_chars(key.data(), key.data() + key.size(), port);
        auto rest = std::string_view{end, static_cast<std::size_t>(key.data() + key.size() - end)};
        if (failure == std::errc{} && port > 0 && port < 65536 && (rest.empty() || rest == "/tcp"))
            image.exposed_ports.push_back(static_cast<std::uint16_t>(port));
    }
    return image;
}

Result<PullProgress> decode_pull_progress(std::string_view line) {
    auto value = parse_object(line, "image pull");
    if (!value) return value.error();
    JsonView view{*value};
    PullProgress progress;
    progress.layer = view["id"].text();
    progress.status = view["status"].text();
    progress.error = view["errorDetail"]["message"].text();
    if (progress.error.empty()) progress.error = view["error"].text();
    progress.current_bytes = view["progressDetail"]["current"].number();
    progress.total_bytes = view["progressDetail"]["total"].number();
    return progress;
}

} // namespace berth::docker
