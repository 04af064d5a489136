// SPDX-License-Identifier: Apache-2.0
#include "config/load.hpp"

#include "config/fields.hpp"
#include "config/units.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <tuple>

extern char** environ; // NOLINT: the C library's own name

namespace berth::config {

namespace {

namespace fs = std::filesystem;

constexpr std::streamsize longest_file = 1024 * 1024 + 1; // one more than parse_yaml accepts
constexpr std::size_t longest_socket_path = 107;          // sun_path with its end
// Read by the program elsewhere, so no keys: unknown_variable() must not complain about them.
constexpr std::array<std::string_view, 6> other_variables{
    "BERTH_CONFIG", "BERTH_TOKEN", "BERTH_URL", "BERTH_ADMIN_PASSWORD", "BERTH_FAILPOINT", "BERTH_WITNESS"};

// Everything that loading gathers on its way.
struct Sources {
    Node root = map_node({});
    std::vector<Problem> problems;
    std::vector<std::string> warnings;
    std::string file;
};

void merge(Node& into, Node from) {
    if (from.kind == Node::Kind::none) return;
    for (Node& child : from.children) {
        Node* present = into.find(child.key);
        bool is_shared_list = into.key.empty() && (child.key == "hosts" || child.key == "templates");
        if (present == nullptr) {
            into.children.push_back(std::move(child));
        } else if (present->kind == Node::Kind::map && child.kind == Node::Kind::map) {
            merge(*present, std::move(child));
        } else if (is_shared_list && present->kind == Node::Kind::list && child.kind == Node::Kind::list) {
            std::ranges::move(child.children, std::back_inserter(present->children));
        } else {
            *present = std::move(child);
        }
    }
}

void add_tree(Sources& sources, Node tree) {
    if (tree.kind == Node::Kind::none) return; // an empty file means the defaults
    if (tree.kind != Node::Kind::map) {
        sources.problems.push_back(Problem{tree.mark, {}, "must consist of sections such as server:"});
        return;
    }
    if (is_seed_form(tree)) translate_seed(tree, sources.problems, sources.warnings);
    merge(sources.root, std::move(tree));
}

void add_file(Sources& sources, const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    std::error_code ignored;
    if (!file || fs::is_directory(path, ignored)) {
        sources.problems.push_back(Problem{Mark{path, 0, 0}, {}, "cannot be read"});
        return;
    }
    std::string text(static_cast<std::size_t>(longest_file), '\0');
    file.read(text.data(), longest_file);
    text.resize(static_cast<std::size_t>(file.gcount()));
    add_tree(sources, parse_yaml(text, path, sources.problems));
}

void add_files(Sources& sources, const LoadOptions& options) {
    std::error_code ignored;
    if (options.file) sources.file = *options.file;
    for (const std::string& candidate : options.candidates)
        if (sources.file.empty() && fs::exists(candidate, ignored)) sources.file = candidate;
    if (sources.file.empty()) return;
    add_file(sources, sources.file);
    std::vector<std::string> parts;
    for (fs::directory_iterator it{fs::path{sources.file}.parent_path() / "conf.d", ignored}, end; it != end; it.increment(ignored)) {
        auto extension = it->path().extension();
        if (extension == ".yaml" || extension == ".yml") parts.push_back(it->path().string());
    }
    std::ranges::sort(parts);
    for (const std::string& part : parts) add_file(sources, part);
}

// Puts the text at a path such as server.drain, making sections on the way.
void set(Sources& sources, std::string_view path, std::string text, const Mark& mark) {
    Node* at = &sources.root;
    while (true) {
        auto dot = path.find('.');
        std::string key{path.substr(0, dot)};
        Node* child = at->find(key);
        bool is_last = dot == std::string_view::npos;
        if (child == nullptr || (child->kind != Node::Kind::map && !is_last)) {
            Node fresh = map_node(mark);
            fresh.key = key;
            fresh.key_mark = mark;
            if (child == nullptr) child = &at->children.emplace_back(std::move(fresh));
            else *child = std::move(fresh);
        }
        if (is_last) {
            Node value = scalar_node(std::move(text), mark);
            value.is_outside = true;
            value.key = key;
            value.key_mark = mark;
            *child = std::move(value);
            return;
        }
        at = child;
        path.remove_prefix(dot + 1);
    }
}

// BERTH_SERVER__WEB_DIR → server.web_dir; the second half says whether it can be a key at all.
std::string path_of_variable(std::string_view name) {
    std::string path;
    name.remove_prefix(std::string_view{"BERTH_"}.size());
    while (!name.empty()) {
        if (name.starts_with("__")) {
            path += '.';
            name.remove_prefix(2);
            continue;
        }
        char c = name.front();
        path += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        name.remove_prefix(1);
    }
    return path;
}

void add_environment(Sources& sources, const std::map<std::string, std::string>& environment, const std::vector<Field>& fields) {
    for (const auto& [name, text] : environment) {
        if (!name.starts_with("BERTH_") || std::ranges::find(other_variables, name) != other_variables.end()) continue;
        std::string path = path_of_variable(name);
        bool is_key = std::ranges::any_of(fields, [&](const Field& field) { return field.key == path; });
        // One word and unknown: likely a variable of some script around us, so no reason to refuse.
        if (!is_key && path.find('.') == std::string::npos) {
            sources.warnings.push_back(fmt::format("environment {}: is not a known variable and is ignored (sections are parted by two underscores: BERTH_LOG__LEVEL)", name.substr(0, 64)));
            continue;
        }
        set(sources, path, text, Mark{"environment " + name, 0, 0});
    }
    auto password = environment.find("BERTH_ADMIN_PASSWORD");
    if (password != environment.end() && !password->second.empty())
        set(sources, "auth.admin_password", password->second, Mark{"environment BERTH_ADMIN_PASSWORD", 0, 0});
}

void add_overrides(Sources& sources, const std::vector<std::string>& overrides) {
    for (const std::string& text : overrides) {
        auto equals = text.find('=');
        // Never the text itself: it may hold a secret.
        if (equals == std::string::npos || equals == 0) {
            sources.problems.push_back(Problem{Mark{"option --set", 0, 0}, {}, "must be key=value such as server.drain=5s"});
            continue;
        }
        std::string path = text.substr(0, equals);
        set(sources, path, text.substr(equals + 1), Mark{"option --set " + path.substr(0, 64), 0, 0});
    }
}

std::string line_of(const Problem& problem) {
    std::string line = where(problem.mark);
    if (!problem.path.empty()) line += ": " + problem.path;
    return line + ": " + problem.text;
}

Error error_of(std::vector<Problem> problems) {
    auto order = [](const Problem& a, const Problem& b) {
        return std::tie(a.mark.source, a.mark.line, a.mark.column) < std::tie(b.mark.source, b.mark.line, b.mark.column);
    };
    std::ranges::stable_sort(problems, order);
    std::string text;
    for (const Problem& problem : problems) text += (text.empty() ? "" : "\n") + line_of(problem);
    Error error{Errc::invalid_input, std::move(text), "The configuration has errors."};
    for (const Problem& problem : problems)
        error = std::move(error).with_field(problem.path, line_of(problem));
    return error;
}

// Members that belong to different sections, after all of them were read.
void check_whole(const Config& config, Reading& reading) {
    const Server& server = config.server;
    if (server.public_url.find("//" + server.apps_domain) != std::string::npos) {
        Reading::Step step{reading, "server.apps_domain"};
        reading.problem(reading.mark_of({"server.apps_domain", "server.public_url"}), "must not be the host of public_url: web endpoints are foreign code");
    }
    for (std::size_t i = 0; i < config.hosts.size(); ++i)
        for (std::size_t k = 0; k < i; ++k)
            if (config.hosts[i].endpoint == config.hosts[k].endpoint) {
                std::string entry = fmt::format("hosts[{}]", i);
                Reading::Step step{reading, entry + ".endpoint"};
                reading.problem(reading.mark_of({entry + ".endpoint", entry + ".name"}), fmt::format("is the endpoint of host {} already: one engine, one host", config.hosts[k].name.str()));
            }
}

void warn(const Config& config, std::vector<std::string>& warnings) {
    for (const Host& host : config.hosts) {
        if (host.endpoint.starts_with("tcp://") && host.tls_directory.empty() && !host.endpoint.starts_with("tcp://127.0.0.1:") && !host.endpoint.starts_with("tcp://localhost:"))
            warnings.push_back(fmt::format("host {}: {} without tls_directory: whoever reaches that port is root there", host.name.str(), host.endpoint));
        if (host.data_path == DataPath::direct)
            warnings.push_back(fmt::format("host {}: data_path direct puts its desktops on the network; let a firewall allow this machine alone", host.name.str()));
    }
    for (const Template& entry : config.templates) {
        auto has_labels = [&](const Host& host) {
            return std::ranges::all_of(entry.host_labels, [&](const auto& wanted) {
                auto found = host.labels.find(wanted.first);
                return found != host.labels.end() && found->second == wanted.second;
            });
        };
        if (entry.is_enabled && std::ranges::none_of(config.hosts, has_labels))
            warnings.push_back(fmt::format("template {}: no host has all of its host_labels", entry.name.str()));
    }
}

// Values that depend on others or on the machine.
void complete(Config& config, const LoadOptions& options, Reading& reading) {
    std::error_code ignored;
    if (config.hosts.empty()) config.hosts.push_back(default_host());
    if (config.templates.empty()) config.templates.push_back(default_template(config));
    for (Template& entry : config.templates) {
        if (entry.title.empty()) entry.title = entry.name.str();
        entry.warm.max = std::max(entry.warm.max, entry.warm.min);
    }
    config.state_dir = fs::absolute(config.state_dir, ignored).lexically_normal().string();
    while (config.state_dir.size() > 1 && config.state_dir.ends_with('/')) config.state_dir.pop_back();
    if (config.server.admin_socket.empty()) config.server.admin_socket = config.state_dir + "/berth.sock";
    if (config.database.path.empty()) config.database.path = config.state_dir + "/berth.db";
    if (config.ssh.known_hosts.empty()) config.ssh.known_hosts = config.state_dir + "/ssh/known_hosts";
    if (config.ssh.identity.empty()) config.ssh.identity = config.state_dir + "/ssh/id_ed25519";
    for (const std::string& folder : options.web_dirs)
        if (config.server.web_dir.empty() && fs::is_regular_file(folder + "/index.html", ignored)) config.server.web_dir = folder;
    if (config.server.admin_socket.size() > longest_socket_path) {
        Reading::Step step{reading, "server.admin_socket"};
        reading.problem(Mark{"configuration", 0, 0}, fmt::format("is longer than {} bytes, the most a unix socket can have: {}", longest_socket_path, config.server.admin_socket));
    }
}

Result<Loaded> finish(Sources sources, const LoadOptions& options) {
    Loaded loaded;
    loaded.file = sources.file;
    auto fields = fields_of(loaded.config);
    add_environment(sources, options.environment, fields);
    add_overrides(sources, options.overrides);
    Reading reading{sources.problems};
    reading.section(sources.root, fields);
    check_whole(loaded.config, reading);
    complete(loaded.config, options, reading);
    if (!sources.problems.empty()) return error_of(std::move(sources.problems));
    loaded.origins = reading.origins();
    loaded.warnings = std::move(sources.warnings);
    warn(loaded.config, loaded.warnings);
    return loaded;
}

} // namespace

Result<Loaded> load(const LoadOptions& options) {
    Sources sources;
    add_files(sources, options);
    return finish(std::move(sources), options);
}

Result<Loaded> load_text(std::string_view text, const std::string& source) {
    Sources sources;
    sources.file = source;
    add_tree(sources, parse_yaml(text, source, sources.problems));
    return finish(std::move(sources), LoadOptions{});
}

std::map<std::string, std::string> process_environment() {
    std::map<std::string, std::string> result;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        std::string_view text{*entry};
        auto equals = text.find('=');
        if (equals != std::string_view::npos) result.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return result;
}

} // namespace berth::config
