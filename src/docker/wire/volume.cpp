// SPDX-License-Identifier: Apache-2.0
#include "docker/wire/volume.hpp"

#include "docker/wire/json.hpp"

#include <boost/json.hpp>

namespace berth::docker {
namespace json = boost::json;
namespace {

VolumeDetails volume_from(JsonView view) {
    VolumeDetails volume;
    volume.name = view["Name"].text();
    volume.driver = view["Driver"].text();
    volume.mountpoint = view["Mountpoint"].text();
    volume.labels = view["Labels"].text_map();
    return volume;
}

} // namespace

std::string encode_volume_config(const VolumeConfig& config) {
    json::object body, options, labels;
    for (const auto& [key, value] : config.options)
        options[key] = value;
    for (const auto& [key, value] : config.labels)
        labels[key] = value;
    body["Name"] = config.name;
    body["Driver"] = config.driver;
    body["DriverOpts"] = std::move(options);
    body["Labels"] = std::move(labels);
    return json::serialize(body);
}

Result<VolumeDetails> decode_volume(std::string_view body) {
    auto value = parse_object(body, "volume inspect");
    if (!value) return value.error();
    auto volume = volume_from(JsonView{*value});
    if (volume.name.empty()) return Error{Errc::protocol_violation, "volume inspect: no name"};
    return volume;
}

Result<std::vector<VolumeDetails>> decode_volume_list(std::string_view body) {
    auto value = parse_object(body, "volume list");
    if (!value) return value.error();
    std::vector<VolumeDetails> list;
    for (const auto& item : JsonView{*value}["Volumes"].items()) {
        auto volume = volume_from(item);
        if (!volume.name.empty()) list.push_back(std::move(volume));
    }
    return list;
}

} // namespace berth::docker
