// SPDX-License-Identifier: Apache-2.0
#include "config/field.hpp"

#include "base/limits.hpp"
#include "config/units.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace berth::config {

namespace {

constexpr std::string_view set_mark = "[set]";
constexpr std::streamsize longest_secret = 4096;

std::string kind_of(const Node& node) {
    switch (node.kind) {
    case Node::Kind::none: return "nothing";
    case Node::Kind::scalar: return "a single value";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a section";
    }
    return {};
}

std::string trim(std::string_view text) {
    auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return std::string{text.substr(first, text.find_last_not_of(" \t") - first + 1)};
}

Field value(std::string key, std::string type, std::string help, SetText set, GetText get) {
    Field field;
    field.key = std::move(key);
    field.type = type;
    field.help = std::move(help);
    field.read = [set, type](const Node& node, Reading& reading) {
        const std::string* text = reading.scalar(node, type);
        if (text == nullptr) return;
        if (auto complaint = set(*text); !complaint.empty()) reading.problem(node.mark, complaint);
    };
    bool is_text = type != "integer" && type != "boolean";
    field.show = [get, is_text] {
        Node node = text_node(get());
        node.is_quoted = is_text;
        return node;
    };
    return field;
}

// Reads what `path` holds; the error text never contains any of it.
Complaint read_secret(const std::string& path, Secret& target) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode))
        return fmt::format("cannot be read: {} is not a file", path);
    if ((facts.st_mode & (S_IROTH | S_IWOTH)) != 0)
        return fmt::format("{} may be read by everybody on this machine: chmod 600 {}", path, path);
    std::ifstream file{path, std::ios::binary};
    std::string content(static_cast<std::size_t>(longest_secret) + 1, '\0');
    file.read(content.data(), longest_secret + 1);
    if (!file && !file.eof()) return fmt::format("cannot be read: {}", path);
    if (file.gcount() > longest_secret) return fmt::format("{} is larger than 4 KiB", path);
    content.resize(static_cast<std::size_t>(file.gcount()));
    while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) content.pop_back();
    if (content.empty()) return fmt::format("{} is empty", path);
    target = Secret{std::move(content)};
    return {};
}

} // namespace

Reading::Step::Step(Reading& reading, std::string part)
    : reading_{reading}
    , before_{reading.path_} {
    bool is_index = part.starts_with('[');
    if (!reading_.path_.empty() && !is_index) reading_.path_ += '.';
    reading_.path_ += part;
}

void Reading::problem(const Mark& mark, std::string text) {
    problems_.push_back(Problem{mark, path_, std::move(text)});
}

Mark Reading::mark_of(const std::vector<std::string>& paths) const {
    for (const std::string& path : paths)
        if (auto found = origins_.find(path); found != origins_.end()) return found->second;
    return Mark{"configuration", 0, 0};
}

std::map<std::string, std::string> Reading::origins() const {
    std::map<std::string, std::string> texts;
    for (const auto& [path, mark] : origins_) texts.emplace(path, where(mark));
    return texts;
}

Node Reading::parse_outside(const Node& node) {
    std::string text = trim(node.text);
    std::vector<Problem> problems;
    Node parsed = parse_yaml(text, node.mark.source, problems);
    for (Problem& found : problems) problem(node.mark, std::move(found.text));
    return problems.empty() ? parsed : Node{};
}

std::vector<Node> Reading::elements(const Node& node) {
    if (node.kind == Node::Kind::none) return {};
    if (node.kind == Node::Kind::list) return node.children;
    if (node.kind == Node::Kind::scalar && node.is_outside) {
        std::string text = trim(node.text);
        if (text.starts_with('[') && text.ends_with(']')) return parse_outside(node).children;
        std::vector<Node> parts;
        for (std::size_t from = 0; !text.empty() && from <= text.size();) {
            std::size_t comma = std::min(text.find(',', from), text.size());
            parts.push_back(scalar_node(trim(text.substr(from, comma - from)), node.mark));
            from = comma + 1;
        }
        return parts;
    }
    problem(node.mark, fmt::format("must be a list, but is {}", kind_of(node)));
    return {};
}

Node Reading::pairs(const Node& node) {
    if (node.kind == Node::Kind::none || node.kind == Node::Kind::map) return node;
    if (node.kind == Node::Kind::scalar && node.is_outside) {
        Node parsed = parse_outside(node);
        if (parsed.kind == Node::Kind::map) return parsed;
        if (parsed.kind != Node::Kind::none) problem(node.mark, "must be JSON: {\"key\": \"value\"}");
        return {};
    }
    problem(node.mark, fmt::format("must be a section, but is {}", kind_of(node)));
    return {};
}

const std::string* Reading::scalar(const Node& node, std::string_view wanted) {
    if (node.kind == Node::Kind::scalar) return &node.text;
    problem(node.mark, node.kind == Node::Kind::none
        ? fmt::format("has no value ({} expected)", wanted)
        : fmt::format("must be one value ({}), but is {}", wanted, kind_of(node)));
    return nullptr;
}

void Reading::unknown_key(const Node& child, const std::vector<Field>& fields) {
    std::vector<std::string_view> known;
    for (const Field& field : fields) known.push_back(field.key);
    auto near = nearest(child.key, known);
    Step step{*this, child.key.substr(0, 64)};
    problem(child.key_mark, near.empty() ? std::string{"is not a known key"}
                                         : fmt::format("is not a known key; {} perhaps?", near));
}

void Reading::section(const Node& node, std::vector<Field>& fields) {
    Node map = pairs(node);
    auto names = [](const Field& field, std::string_view key) {
        return field.key == key || (field.is_secret && field.key + "_file" == key);
    };
    for (const Node& child : map.children)
        if (std::ranges::none_of(fields, [&](const Field& field) { return names(field, child.key); }))
            unknown_key(child, fields);
    // In the order of the table, not of the file: templates need the defaults to be read before.
    for (Field& field : fields) {
        for (const Node& child : map.children) {
            if (!names(field, child.key)) continue;
            Step step{*this, child.key};
            if (field.shape != Field::Shape::section) origins_[path_] = child.mark;
            field.read(child, *this);
        }
    }
}

Field flag(std::string key, bool& target, std::string help) {
    return value(std::move(key), "boolean", std::move(help),
        [&target](std::string_view text) -> Complaint {
            auto parsed = parse_flag(text);
            if (!parsed) return "must be true or false";
            target = *parsed;
            return {};
        },
        [&target] { return std::string{target ? "true" : "false"}; });
}

Field number(std::string key, int& target, int least, int most, std::string help) {
    Field field = value(std::move(key), "integer", std::move(help),
        [&target, least, most](std::string_view text) -> Complaint {
            auto parsed = parse_integer(text);
            if (!parsed) return "must be a whole number";
            if (*parsed < least || *parsed > most)
                return fmt::format("must lie between {} and {}", least, most);
            target = static_cast<int>(*parsed);
            return {};
        },
        [&target] { return fmt::format("{}", target); });
    field.bounds = fmt::format("{} to {}", least, most);
    return field;
}

Field span(std::string key, Seconds& target, Seconds least, Seconds most, std::string help) {
    Field field = value(std::move(key), "duration", std::move(help),
        [&target, least, most](std::string_view text) -> Complaint {
            auto parsed = parse_duration(text);
            if (!parsed) return "must be a duration such as 90s, 1h30m or 7d, or whole seconds";
            if (*parsed < least || *parsed > most)
                return fmt::format("must lie between {} and {}", format_duration(least), format_duration(most));
            target = *parsed;
            return {};
        },
        [&target] { return format_duration(target); });
    field.bounds = fmt::format("{} to {}", format_duration(least), format_duration(most));
    return field;
}

Field size(std::string key, std::int64_t& target, std::int64_t least, std::string help) {
    Field field = value(std::move(key), "size", std::move(help),
        [&target, least](std::string_view text) -> Complaint {
            constexpr auto most = limits::host_memory_bytes; // nothing that is set here is larger than a host
            auto parsed = parse_size(text);
            if (!parsed) return "must be a size such as 512m, 4g or 2GiB, without a fraction";
            if ((*parsed != 0 && *parsed < least) || *parsed > most)
                return fmt::format("must be 0 or lie between {} and {}", format_size(least), format_size(most));
            target = *parsed;
            return {};
        },
        [&target] { return format_size(target); });
    field.bounds = fmt::format("0, or {} and more", format_size(least));
    return field;
}

Field text(std::string key, std::string& target, Rule rule, std::string help) {
    // What is empty by default may be made empty again.
    return custom(std::move(key), "text",
        [&target, rule, may_be_empty = target.empty()](std::string_view text) -> Complaint {
            if (text.empty() && may_be_empty) {
                target.clear();
                return {};
            }
            if (auto complaint = rule(text); !complaint.empty()) return complaint;
            target = std::string{text};
            return {};
        },
        [&target] { return target; }, std::move(help));
}

Field secret(std::string key, Secret& target, std::string help) {
    Field field = value(key, "secret", std::move(help), {}, {});
    field.is_secret = true;
    field.read = [&target, file_key = key + "_file"](const Node& node, Reading& reading) {
        const std::string* text = reading.scalar(node, "text");
        if (text == nullptr) return;
        if (node.key == file_key) {
            if (auto complaint = read_secret(*text, target); !complaint.empty())
                reading.problem(node.mark, complaint);
        } else if (*text == set_mark) {
            // Printed by `config show`: taken back as it stands it would become the secret.
            reading.problem(node.mark, "holds the mark that hides a secret, not a secret");
        } else {
            target = Secret{*text};
        }
    };
    field.show = [&target] { return text_node(target.empty() ? "" : std::string{set_mark}); };
    return field;
}

Field texts(std::string key, std::vector<std::string>& target, Rule rule, std::string help) {
    Field field;
    field.key = std::move(key);
    field.shape = Field::Shape::list;
    field.type = "text";
    field.help = std::move(help);
    field.read = [&target, rule](const Node& node, Reading& reading) {
        std::vector<std::string> result;
        std::size_t index = 0;
        for (const Node& element : reading.elements(node)) {
            Reading::Step step{reading, fmt::format("[{}]", index++)};
            const std::string* text = reading.scalar(element, "text");
            if (text == nullptr) continue;
            if (auto complaint = rule(*text); !complaint.empty()) reading.problem(element.mark, complaint);
            else if (std::ranges::find(result, *text) != result.end())
                reading.problem(element.mark, "stands in the list twice");
            else result.push_back(*text);
        }
        target = std::move(result);
    };
    field.show = [&target] {
        Node list;
        list.kind = Node::Kind::list;
        for (const std::string& element : target) list.children.push_back(text_node(element));
        return list;
    };
    return field;
}

Field pairs(std::string key, std::map<std::string, std::string>& target, Rule key_rule, Rule value_rule, std::string help) {
    Field field;
    field.key = std::move(key);
    field.shape = Field::Shape::pairs;
    field.type = "text";
    field.help = std::move(help);
    field.read = [&target, key_rule, value_rule](const Node& node, Reading& reading) {
        // What was there before are defaults: the pairs are added to them.
        for (const Node& child : reading.pairs(node).children) {
            Reading::Step step{reading, child.key.substr(0, 64)};
            if (auto complaint = key_rule(child.key); !complaint.empty())
                reading.problem(child.key_mark, complaint);
            const std::string* text = reading.scalar(child, "text");
            if (text == nullptr) continue;
            if (auto complaint = value_rule(*text); !complaint.empty())
                reading.problem(child.mark, complaint);
            target[child.key] = *text;
        }
    };
    field.show = [&target] {
        Node map = map_node({});
        for (const auto& [name, content] : target) {
            Node child = text_node(content);
            child.key = name;
            map.children.push_back(std::move(child));
        }
        return map;
    };
    return field;
}

Field section(std::string key, std::vector<Field> children, std::string help) {
    Field field;
    field.key = std::move(key);
    field.shape = Field::Shape::section;
    field.help = std::move(help);
    // Both work on copies of the list: the bindings inside are references to the same members.
    field.read = [children](const Node& node, Reading& reading) mutable { reading.section(node, children); };
    field.show = [children] { return show_section(children); };
    field.children = std::move(children);
    return field;
}

Field custom(std::string key, std::string type, SetText set, GetText get, std::string help) {
    return value(std::move(key), std::move(type), std::move(help), std::move(set), std::move(get));
}

Field choice(std::string key, std::vector<std::string> names, std::function<void(std::size_t)> set,
             std::function<std::size_t()> get, std::string help) {
    Field field = custom(std::move(key), "text",
        [names, set](std::string_view text) -> Complaint {
            auto found = std::ranges::find(names, text);
            if (found == names.end()) return fmt::format("must be one of {}", fmt::join(names, ", "));
            set(static_cast<std::size_t>(found - names.begin()));
            return {};
        },
        [names, get] { return names[get()]; }, std::move(help));
    field.choices = std::move(names);
    return field;
}

Node show_section(const std::vector<Field>& fields) {
    Node map = map_node({});
    for (const Field& field : fields) {
        Node child = field.show();
        child.key = field.key;
        map.children.push_back(std::move(child));
    }
    return map;
}

} // namespace berth::config
