// SPDX-License-Identifier: Apache-2.0
#include "docker/wire/network.hpp"

#include "docker/wire/json.hpp"

#include <boost/json.hpp>

namespace berth::docker {
namespace json = boost::json;
namespace {

json::object to_object(const std::map<std::string, std::string>& map) {
    json::object object;
    for (const auto& [key, value] : map)
        object[key] = value;
    return object;
}

NetworkDetails network_from(JsonView view) {
    NetworkDetails network;
    network.id = view["Id"].text();
    network.name = view["Name"].text();
    network.driver = view["Driver"].text();
    network.options = view["Options"].text_map();
    network.labels = view["Labels"].text_map();
    for (const auto& config : view["IPAM"]["Config"].items()) {
        if (auto subnet = config["Subnet"].text(); !subnet.empty())
            network.subnets.push_back(subnet);
    }
    for (const auto& [id, container] : view["Containers"].members())
        network.containers.push_back(id);
    return network;
}

} // namespace

std::string encode_network_config(const NetworkConfig& config) {
    json::object body;
    body["Name"] = config.name;
    body["CheckDuplicate"] = true; // names are not unique by themselves before API 1.44
    body["Driver"] = config.driver;
    body["Internal"] = config.is_internal;
    body["EnableIPv6"] = false;
    body["Options"] = to_object(config.options);
    body["Labels"] = to_object(config.labels);
    if (!config.subnet.empty()) {
        json::object range;
        range["Subnet"] = config.subnet;
        json::array ranges;
        ranges.push_back(std::move(range));
        json::object ipam;
        ipam["Driver"] = "default";
        ipam["Config"] = std::move(ranges);
        body["IPAM"] = std::move(ipam);
    }
    return json::serialize(body);
}

std::string encode_network_connect(std::string_view container) {
    json::object body;
    body["Container"] = json::string_view{container.data(), container.size()};
    return json::serialize(body);
}

std::string encode_network_disconnect(std::string_view container, bool force) {
    json::object body;
    body["Container"] = json::string_view{container.data(), container.size()};
    body["Force"] = force;
    return json::serialize(body);
}

Result<NetworkDetails> decode_network(std::string_view body) {
    auto value = parse_object(body, "network inspect");
    if (!value) return value.error();
    auto network = network_from(JsonView{*value});
    if (network.id.empty()) return Error{Errc::protocol_violation, "network inspect: no id"};
    return network;
}

Result<std::vector<NetworkDetails>> decode_network_list(std::string_view body) {
    auto value = parse_array(body, "network list");
    if (!value) return value.error();
    std::vector<NetworkDetails> list;
    for (const auto& item : JsonView{*value}.items()) {
        auto network = network_from(item);
        if (!network.id.empty()) list.push_back(std::move(network));
    }
    return list;
}

Result<std::string> decode_network_created(std::string_view body) {
    auto value = parse_object(body, "network create");
    if (!value) return value.error();
    auto id = JsonView{*value}["Id"].text();
    if (id.empty()) return Error{Errc::protocol_violation, "network create: no id"};
    return id;
}

} // namespace berth::docker
