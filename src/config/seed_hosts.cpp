// SPDX-License-Identifier: Apache-2.0
// The hosts of seed A's hosts.yml one by one: a mistake in one is no reason to refuse the others.
#include "base/limits.hpp"
#include "config/fields.hpp"
#include "config/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <optional>

namespace berth::config {

namespace {

constexpr std::size_t most_told = 20; // problems of one text

std::string place_of(const Problem& problem) {
    if (problem.mark.line == 0) return {};
    return fmt::format("line {}, column {}: ", problem.mark.line, problem.mark.column);
}

Error unreadable(const std::vector<Problem>& problems) {
    Error error{Errc::invalid_input, "hosts file"};
    for (const Problem& problem : problems) {
        if (error.fields().size() == most_told) break;
        auto name = problem.path.empty() ? "" : problem.path + " ";
        error = std::move(error).with_field(problem.path, place_of(problem) + name + problem.text);
    }
    return error;
}

// What the translation needs, so that nothing is said of the rest.
Node hosts_and_pool(Node root) {
    Node wanted = map_node(root.mark);
    for (Node& child : root.children)
        if (child.key == "workspace_hosts" || child.key == "connection_pool") wanted.children.push_back(std::move(child));
    return wanted;
}

// The number and the member of "workspace_hosts[3].user" and "hosts[0].name"; nothing of another path.
struct Place {
    std::size_t index = 0;
    std::string member;
};
std::optional<Place> place_in_list(std::string_view path) {
    auto is_item = path.starts_with("workspace_hosts[") || path.starts_with("hosts[");
    if (!is_item) return std::nullopt;
    auto open = path.find('['), close = path.find(']');
    Place place;
    std::from_chars(path.data() + open + 1, path.data() + close, place.index);
    if (close + 2 < path.size()) place.member = path.substr(close + 2);
    return place;
}

void complain(HostOfFile& host, const Problem& problem) {
    // The first is enough: what follows is often its consequence.
    if (!host.problem.empty()) return;
    auto place = place_in_list(problem.path);
    auto member = place && !place->member.empty() ? place->member + " " : std::string{};
    host.problem = place_of(problem) + member + problem.text;
}

std::string text_of(const Node& map, std::string_view key) {
    const Node* node = map.find(key);
    return node == nullptr ? std::string{} : node->text;
}

// As the configuration would read it; name and address also when they are none.
HostOfFile read_one(Node element) {
    HostOfFile one;
    Config config;
    auto fields = fields_of(config);
    std::erase_if(fields, [](const Field& field) { return field.key != "hosts"; });
    auto name = text_of(element, "name"), endpoint = text_of(element, "endpoint");
    Node list;
    list.kind = Node::Kind::list;
    list.key = "hosts";
    list.children.push_back(std::move(element));
    Node root = map_node({});
    root.children.push_back(std::move(list));
    std::vector<Problem> problems;
    Reading reading{problems};
    reading.section(root, fields);
    if (!config.hosts.empty()) one.host = std::move(config.hosts.front());
    one.host.name = HostId{std::move(name)};
    one.host.endpoint = std::move(endpoint);
    for (const Problem& problem : problems) complain(one, problem);
    return one;
}

void find_twins(std::vector<HostOfFile>& hosts, const std::vector<Node>& elements) {
    std::map<std::string, int> lines;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        auto [first, is_new] = lines.try_emplace(hosts[i].host.name.str(), elements[i].mark.line);
        if (is_new) continue;
        complain(hosts[i], Problem{elements[i].mark, {}, fmt::format("is the host of line {} again", first->second)});
    }
}

} // namespace

Result<std::vector<HostOfFile>> read_seed_hosts(std::string_view text) {
    std::vector<Problem> problems;
    std::vector<std::string> warnings;
    Node root = hosts_and_pool(parse_yaml(text, {}, problems));
    if (!problems.empty()) return unreadable(problems);
    translate_seed(root, problems, warnings);
    std::vector<Problem> of_the_whole;
    std::ranges::copy_if(problems, std::back_inserter(of_the_whole), [](const Problem& one) { return !place_in_list(one.path); });
    const Node* list = root.find("hosts");
    auto count = list == nullptr ? 0 : list->children.size();
    if (count > limits::hosts)
        of_the_whole.push_back(Problem{list->mark, "workspace_hosts", fmt::format("has more than {} hosts", limits::hosts)});
    if (count == 0 && of_the_whole.empty())
        of_the_whole.push_back(Problem{{}, {}, "names no hosts: they stand under workspace_hosts"});
    if (!of_the_whole.empty()) return unreadable(of_the_whole);
    std::vector<HostOfFile> hosts(count);
    for (const Problem& problem : problems) complain(hosts[place_in_list(problem.path)->index], problem);
    for (std::size_t i = 0; i < count; ++i) {
        auto one = read_one(list->children[i]);
        if (!hosts[i].problem.empty()) one.problem = std::move(hosts[i].problem);
        hosts[i] = std::move(one);
    }
    find_twins(hosts, list->children);
    return hosts;
}

} // namespace berth::config
