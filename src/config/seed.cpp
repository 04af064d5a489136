// SPDX-License-Identifier: Apache-2.0
// The configuration of the CTFd remote desktop plugin (hosts.yml), in its own words, becomes ours.
// Documented keys and the sections which only its code knows (timeouts, connection_pool), and that
// it refused to start without, are all optional here.
#include "config/load.hpp"
#include "config/rules.hpp"
#include "config/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace berth::config {

namespace {

struct Rename {
    std::string_view from;
    std::string_view to; // empty = has no meaning here
};
constexpr std::array<Rename, 8> container_words{{{"memory_limit", "memory"}, {"shm_size", "shm"},
    {"cpu_limit", "cpus"}, {"pids_limit", "pids"}, {"cap_add", "cap_add"}, {"resolution", "resolution"},
    {"cap_drop", ""}, {"network", "network"}}};
constexpr std::array<Rename, 3> session_words{{{"initial_duration", "initial"},
    {"extension_duration", "extension"}, {"max_extensions", "max_extensions"}}};
constexpr std::array<std::string_view, 5> timeout_words{
    "vnc_ready_attempts", "http_request", "docker_command", "docker_quick", "cleanup_interval"};
constexpr std::array<std::string_view, 4> own_sections{
    "workspace_hosts", "docker_image", "timeouts", "connection_pool"};

class Translation {
public:
    Translation(Node& root, std::vector<Problem>& problems)
        : root_{root}
        , problems_{problems} {}

    void run() {
        for (Node& child : root_.children) child_of_root(child);
        add_template();
        limit_connections();
        std::erase_if(root_.children, [](const Node& child) {
            return std::ranges::find(own_sections, child.key) != own_sections.end();
        });
        for (Node& node : made_) root_.children.push_back(std::move(node));
    }

private:
    void child_of_root(Node& child) {
        if (child.key == "workspace_hosts") add_hosts(child);
        else if (child.key == "docker_image") image_ = child;
        else if (child.key == "container_defaults") rename(child, container_words);
        else if (child.key == "session_defaults") rename(child, session_words);
        else if (child.key == "timeouts") add_timeouts(child);
        else if (child.key == "connection_pool") add_connections(child);
    }

    void problem(const Node& node, std::string path, std::string text) {
        problems_.push_back(Problem{node.mark, std::move(path), std::move(text)});
    }

    void rename(Node& node, std::span<const Rename> words) {
        for (Node& child : node.children)
            for (const Rename& word : words)
                if (child.key == word.from && !word.to.empty()) child.key = word.to;
        // The size of the screen belongs to templates here.
        if (const Node* resolution = node.find("resolution")) resolution_ = *resolution;
        std::erase_if(node.children, [](const Node& child) { return child.key == "resolution" || child.key == "cap_drop"; });
    }

    void check_keys(const Node& node, std::span<const std::string_view> known) {
        for (const Node& child : node.children) {
            if (std::ranges::find(known, child.key) != known.end()) continue;
            auto near = nearest(child.key, known);
            problems_.push_back(Problem{child.key_mark, node.key + "." + child.key.substr(0, 64),
                near.empty() ? std::string{"is not a known key"} : fmt::format("is not a known key; {} perhaps?", near)});
        }
    }

    std::string text_of(const Node& element, std::string_view key, std::size_t index, bool is_needed) {
        const Node* node = element.find(key);
        std::string path = fmt::format("workspace_hosts[{}].{}", index, key);
        if (node == nullptr) {
            if (is_needed) problem(element, path, "is missing");
            return {};
        }
        if (node->kind != Node::Kind::scalar || node->text.empty()) problem(*node, path, "must be a text");
        return node->text;
    }

    void add_hosts(const Node& list) {
        if (list.kind == Node::Kind::none || (list.kind == Node::Kind::list && list.children.empty())) return; // the local engine
        if (list.kind != Node::Kind::list) return problem(list, "workspace_hosts", "must be a list");
        Node hosts;
        hosts.kind = Node::Kind::list;
        hosts.mark = list.mark;
        hosts.key = "hosts";
        hosts.key_mark = list.key_mark;
        for (std::size_t i = 0; i < list.children.size(); ++i) hosts.children.push_back(host_of(list.children[i], i));
        made_.push_back(std::move(hosts));
    }

    Node host_of(const Node& element, std::size_t index) {
        constexpr std::array<std::string_view, 3> known{"hostname", "user", "pub_hostname"};
        Node as_named = element;
        as_named.key = fmt::format("workspace_hosts[{}]", index);
        check_keys(as_named, known);
        std::string hostname = text_of(element, "hostname", index, true);
        std::string user = text_of(element, "user", index, false);
        std::string public_name = text_of(element, "pub_hostname", index, false);
        std::string name;
        for (char c : hostname) name += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        Node host = map_node(element.mark);
        add(host, "name", name, element.find("hostname"));
        add(host, "endpoint", "ssh://" + (user.empty() ? "" : user + "@") + hostname, element.find("hostname"));
        if (!public_name.empty()) add(host, "public_name", public_name, element.find("pub_hostname"));
        return host;
    }

    static void add(Node& map, std::string key, std::string text, const Node* origin) {
        Node node = text_node(std::move(text));
        node.key = std::move(key);
        node.mark = origin != nullptr ? origin->mark : map.mark;
        node.key_mark = origin != nullptr ? origin->key_mark : map.mark;
        map.children.push_back(std::move(node));
    }

    void add_timeouts(Node& node) {
        check_keys(node, timeout_words);
        const Node* attempts = node.find("vnc_ready_attempts");
        if (attempts == nullptr) return;
        // One attempt each half second.
        auto count = parse_integer(attempts->text);
        if (!count || *count < 2 || *count > 7200)
            return problem(*attempts, "timeouts.vnc_ready_attempts", "must be a whole number between 2 and 7200");
        start_limit_ = scalar_node(fmt::format("{}", *count / 2), attempts->mark);
        start_limit_.key = "start_limit";
        start_limit_.key_mark = attempts->key_mark;
    }

    void add_connections(const Node& node) {
        check_keys(node, std::array<std::string_view, 1>{"max_connections_per_host"});
        const Node* most = node.find("max_connections_per_host");
        if (most == nullptr) return;
        auto count = parse_integer(most->text);
        if (!count || *count < 1 || *count > 100)
            return problem(*most, "connection_pool.max_connections_per_host", "must be a whole number between 1 and 100");
        connections_ = *most;
    }

    // The pool's size stands once in that form, and with each host in ours.
    void limit_connections() {
        for (Node& list : made_)
            for (Node& host : list.children)
                if (list.key == "hosts" && connections_.kind != Node::Kind::none)
                    add(host, "max_connections", connections_.text, &connections_);
    }

    void add_template() {
        if (start_limit_.kind != Node::Kind::none) {
            Node* defaults = root_.find("session_defaults");
            if (defaults != nullptr && defaults->kind == Node::Kind::map) {
                defaults->children.push_back(start_limit_);
            } else if (defaults == nullptr) {
                Node made = map_node(start_limit_.mark);
                made.key = "session_defaults";
                made.children.push_back(start_limit_);
                made_.push_back(std::move(made));
            }
        }
        if (image_.kind == Node::Kind::none && resolution_.kind == Node::Kind::none) return;
        const Mark mark = image_.kind == Node::Kind::none ? resolution_.mark : image_.mark;
        Node entry = map_node(mark);
        add(entry, "name", "desktop", nullptr);
        add(entry, "title", "Remote desktop", nullptr);
        Node endpoints = map_node(mark);
        endpoints.key = "endpoints";
        add(endpoints, "desktop", "rfb:5900", nullptr);
        entry.children.push_back(std::move(endpoints));
        if (image_.kind != Node::Kind::none) {
            // Images made for the plugin know the password as this variable and nothing else.
            add(entry, "secret", "env:VNC_PASSWORD", nullptr);
            image_.key = "image";
            entry.children.push_back(std::move(image_));
        } else {
            add(entry, "image", "berth/desktop:latest", nullptr);
        }
        if (resolution_.kind != Node::Kind::none) {
            Node list;
            list.kind = Node::Kind::list;
            list.mark = resolution_.mark;
            list.key = "resolutions";
            list.children.push_back(std::move(resolution_));
            entry.children.push_back(std::move(list));
        }
        Node templates;
        templates.kind = Node::Kind::list;
        templates.mark = mark;
        templates.key = "templates";
        templates.children.push_back(std::move(entry));
        made_.push_back(std::move(templates));
    }

    Node& root_;
    std::vector<Problem>& problems_;
    std::vector<Node> made_;
    Node image_;
    Node resolution_;
    Node start_limit_;
    Node connections_;
};

bool has_any(const Node* section, std::span<const Rename> words) {
    return section != nullptr && std::ranges::any_of(words, [&](const Rename& word) {
        return word.from != word.to && section->find(word.from) != nullptr;
    });
}

} // namespace

bool is_seed_form(const Node& root) {
    return std::ranges::any_of(own_sections, [&](auto key) { return root.find(key) != nullptr; })
           || has_any(root.find("container_defaults"), container_words)
           || has_any(root.find("session_defaults"), session_words);
}

void translate_seed(Node& root, std::vector<Problem>& problems, std::vector<std::string>& warnings) {
    Translation{root, problems}.run();
    warnings.push_back(fmt::format(
        "{}: this is the form of the CTFd remote desktop plugin, which goes on working. In Berth's words: "
        "workspace_hosts[].{{hostname,user,pub_hostname}} is hosts[].{{endpoint: ssh://user@hostname, public_name}}; "
        "docker_image is templates[].image; container_defaults.{{memory_limit,shm_size,cpu_limit}} is "
        "container_defaults.{{memory,shm,cpus}}; resolution is templates[].resolutions; "
        "session_defaults.{{initial_duration,extension_duration}} is session_defaults.{{initial,extension}}; "
        "connection_pool.max_connections_per_host is hosts[].max_connections; timeouts are not needed. `berth config show` prints the whole in the new form",
        root.mark.source));
}

} // namespace berth::config
