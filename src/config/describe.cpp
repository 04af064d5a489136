// SPDX-License-Identifier: Apache-2.0
#include "config/describe.hpp"

#include "config/fields.hpp"
#include "config/units.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace berth::config {

namespace {

namespace json = boost::json;

// A JSON string is a YAML string too, and says how everything odd is written.
std::string quoted(const std::string& text) { return json::serialize(json::value(text)); }

bool is_plain(const Node& node) {
    constexpr std::string_view safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    if (!node.is_quoted) return true;
    const std::string& text = node.text;
    if (text.empty() || text.find_first_not_of(safe) != std::string::npos) return false;
    // What other readers of YAML take for a number, a truth value, nothing or a marker.
    bool is_word = (text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z') || text[0] == '/';
    return (is_word || parse_size(text) || parse_duration(text)) && !parse_flag(text) && text != "null" && text != "y" && text != "n";
}
std::string scalar_text(const Node& node) { return is_plain(node) ? node.text : quoted(node.text); }

class YamlWriter {
public:
    YamlWriter(const std::map<std::string, std::string>& origins, Origins wanted)
        : origins_{origins}
        , wanted_{wanted} {}

    void map(const Node& node, const std::string& path, int depth) {
        for (const Node& child : node.children) {
            out_ += std::string(static_cast<std::size_t>(depth) * 2, ' ');
            value(child, path.empty() ? child.key : path + "." + child.key, depth);
        }
    }
    std::string take() { return std::move(out_); }

private:
    void value(const Node& node, const std::string& path, int depth) {
        out_ += (is_plain(text_node(node.key)) ? node.key : quoted(node.key)) + ":";
        if (node.kind == Node::Kind::scalar) {
            out_ += " " + scalar_text(node);
            end_line(path);
        } else if (node.children.empty()) {
            out_ += node.kind == Node::Kind::list ? " []" : " {}";
            end_line(path);
        } else if (node.kind == Node::Kind::map) {
            end_line(path);
            map(node, path, depth + 1);
        } else {
            list(node, path, depth);
        }
    }
    void list(const Node& node, const std::string& path, int depth) {
        if (node.children.front().kind == Node::Kind::scalar) {
            std::string texts;
            for (const Node& child : node.children) texts += (texts.empty() ? "" : ", ") + scalar_text(child);
            out_ += " [" + texts + "]";
            end_line(path);
            return;
        }
        end_line(path);
        for (std::size_t i = 0; i < node.children.size(); ++i) {
            std::size_t begin = out_.size();
            map(node.children[i], fmt::format("{}[{}]", path, i), depth + 2);
            // The dash takes the place of the first key's indentation.
            out_[begin + static_cast<std::size_t>(depth) * 2 + 2] = '-';
        }
    }
    void end_line(const std::string& path) {
        if (wanted_ == Origins::show) {
            auto found = origins_.find(path);
            // A list of sections and a section have no origin of their own: their members do.
            if (found != origins_.end()) out_ += "  # " + found->second;
            else if (!out_.ends_with(':')) out_ += "  # default";
        }
        out_ += '\n';
    }

    const std::map<std::string, std::string>& origins_;
    Origins wanted_;
    std::string out_;
};

json::value to_json(const Node& node) {
    if (node.kind == Node::Kind::map) {
        json::object object;
        for (const Node& child : node.children) object[child.key] = to_json(child);
        return object;
    }
    if (node.kind == Node::Kind::list) {
        json::array array;
        for (const Node& child : node.children) array.push_back(to_json(child));
        return array;
    }
    if (!node.is_quoted) {
        if (auto number = parse_integer(node.text)) return *number;
        if (auto truth = parse_flag(node.text)) return *truth;
    }
    return json::value(node.text);
}

Node tree_of(const Loaded& loaded) {
    Config copy = loaded.config; // the table binds to something it could change
    return show_section(fields_of(copy));
}

json::object section_schema(const std::vector<Field>& fields);

json::object value_schema(const Field& field) {
    json::object schema;
    if (field.type == "integer" || field.type == "boolean") schema["type"] = field.type;
    else schema["type"] = json::array{"string", "number", "boolean"}; // YAML's plain words
    if (!field.choices.empty()) {
        schema["type"] = "string";
        schema["enum"] = json::array(field.choices.begin(), field.choices.end());
    }
    return schema;
}

json::object schema_of(const Field& field) {
    json::object schema;
    switch (field.shape) {
    case Field::Shape::value: schema = value_schema(field); break;
    case Field::Shape::list: schema = {{"type", "array"}, {"items", json::object{{"type", "string"}}}}; break;
    case Field::Shape::pairs:
        schema = {{"type", "object"}, {"additionalProperties", json::object{{"type", json::array{"string", "number", "boolean"}}}}};
        break;
    case Field::Shape::section: schema = section_schema(field.children); break;
    case Field::Shape::items: schema = {{"type", "array"}, {"minItems", 1}, {"items", section_schema(field.children)}}; break;
    }
    schema["description"] = field.help;
    return schema;
}

json::object section_schema(const std::vector<Field>& fields) {
    json::object properties;
    for (const Field& field : fields) {
        properties[field.key] = schema_of(field);
        if (field.is_secret)
            properties[field.key + "_file"] = json::object{{"type", "string"}, {"description", "File that holds it."}};
    }
    return {{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
}

// Indented, since people read it.
void pretty(const json::value& value, std::string& out, std::size_t depth) {
    const std::string inner((depth + 1) * 2, ' ');
    const std::string outer(depth * 2, ' ');
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
        out += '{';
        for (const char* separator = "\n"; const auto& [key, member] : *object) {
            out += separator + inner + json::serialize(json::value(key)) + ": ";
            pretty(member, out, depth + 1);
            separator = ",\n";
        }
        out += "\n" + outer + "}";
    } else if (const auto* array = value.if_array(); array != nullptr && std::ranges::any_of(*array, [](const json::value& v) { return v.is_structured(); })) {
        out += '[';
        for (const char* separator = "\n"; const json::value& member : *array) {
            out += separator + inner;
            pretty(member, out, depth + 1);
            separator = ",\n";
        }
        out += "\n" + outer + "]";
    } else {
        out += json::serialize(value);
    }
}

// "list of text: berth, x" → the cells of one line.
std::string default_cell(const Field& field) {
    Node node = field.show();
    if (node.kind == Node::Kind::scalar) return node.text.empty() ? "" : "`" + node.text + "`";
    std::string texts;
    for (const Node& child : node.children)
        texts += (texts.empty() ? "" : ", ") + (child.key.empty() ? child.text : child.key + ": " + child.text);
    return texts.empty() ? "" : "`" + texts + "`";
}

std::string type_cell(const Field& field) {
    std::string type = field.type;
    if (!field.choices.empty()) type = fmt::format("{}", fmt::join(field.choices, ", "));
    if (field.shape == Field::Shape::list) type = "list of " + type;
    if (field.shape == Field::Shape::pairs) type = "name: " + type;
    return field.bounds.empty() ? type : type + ", " + field.bounds;
}

void table(std::string& out, const std::vector<Field>& fields) {
    out += "| Key | Value | Default | Meaning |\n|---|---|---|---|\n";
    for (const Field& field : fields) {
        if (field.shape == Field::Shape::section || field.shape == Field::Shape::items) continue;
        out += fmt::format("| `{}` | {} | {} | {} |\n", field.key, type_cell(field), default_cell(field), field.help);
        if (field.is_secret) out += fmt::format("| `{}_file` | path | | File that holds it, not readable by everybody. |\n", field.key);
    }
    out += '\n';
}

void chapters(std::string& out, const std::vector<Field>& fields, const std::string& prefix) {
    for (const Field& field : fields) {
        if (field.children.empty()) continue;
        std::string name = prefix + field.key + (field.shape == Field::Shape::items ? "[]" : "");
        out += fmt::format("## `{}`\n\n{}\n\n", name, field.help);
        table(out, field.children);
        chapters(out, field.children, name + ".");
    }
}

constexpr std::string_view introduction = R"(<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Made by `berth config schema -o markdown`; a test compares. Change src/config/fields.cpp instead. -->
# Configuration

Berth runs without any configuration: one host `local` (the engine the `docker` command would use) and one
template `desktop`. Everything else is a choice, made in this order, later ones winning:

1. the defaults below;
2. one YAML file: `--config FILE`, else `BERTH_CONFIG`, else `./berth.yaml`, else `/etc/berth/berth.yaml`;
3. `conf.d/*.yaml` and `*.yml` beside that file, by name. `hosts` and `templates` of all files are put together,
   other lists are replaced;
4. variables `BERTH_SECTION__KEY`, two underscores between the parts: `BERTH_SERVER__DRAIN=5s`. Lists with commas or
   as JSON: `BERTH_HOSTS='[{"name": "a"}]'`;
5. options `--set section.key=value`.

The file is read strictly: an unknown key, a wrong type, a value out of bounds is an error, and
all of them are reported at once with file, line and column (exit code 78). `berth config check` only looks,
`berth config show --origin` prints every value and where it came from, `berth config schema` is a JSON Schema
for editors. YAML tags and merge keys (`<<`) are not understood; anchors and aliases are.

Values: a *duration* is `90s`, `1h30m`, `7d` or whole seconds; a *size* is `512m`, `4g`, `2GiB` or
bytes, binary as in Docker; an *integer* is decimal. A secret is best given as file.

The `hosts.yml` of the CTFd remote desktop plugin is read as it is; a warning says what its keys are called here.

## The smallest useful file

```yaml
server:
  listen: ["0.0.0.0:8080"]
  public_url: https://desktops.example.org
  trusted_proxies: [127.0.0.1]
templates:
  - name: kali
    title: Kali Linux
    image: example/kali:2026
    endpoints: {desktop: "rfb:5900"}
    lease: {initial: 2h, max_extensions: 3}
```

## Top level

)";

} // namespace

std::string show_yaml(const Loaded& loaded, Origins origins) {
    YamlWriter writer{loaded.origins, origins};
    writer.map(tree_of(loaded), "", 0);
    return writer.take();
}

std::string show_json(const Loaded& loaded) {
    std::string out;
    pretty(to_json(tree_of(loaded)), out, 0);
    return out + "\n";
}

std::string json_schema() {
    Config config;
    json::object schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "Berth configuration"}};
    for (auto& [key, value] : section_schema(fields_of(config))) schema[key] = value;
    std::string out;
    pretty(schema, out, 0);
    return out + "\n";
}

std::string markdown() {
    Config config;
    auto fields = fields_of(config);
    std::string out{introduction};
    table(out, fields);
    chapters(out, fields, "");
    while (out.ends_with("\n\n")) out.pop_back();
    return out;
}

} // namespace berth::config
