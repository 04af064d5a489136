// SPDX-License-Identifier: Apache-2.0
#pragma once
// One key of the configuration: how it is read, shown and explained. The loader, `config show`, the
// schema and docs/configuration.md are all made from lists of these (fields.cpp).

#include "base/secret.hpp"
#include "base/time.hpp"
#include "config/node.hpp"
#include "config/rules.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace berth::config {

struct Field;

// Collects what reading finds out: problems, and where each value came from.
class Reading {
public:
    explicit Reading(std::vector<Problem>& problems)
        : problems_{problems} {}

    // Reads the map `node` into what the fields are bound to, in the order of the fields. Unknown
    // keys are problems.
    void section(const Node& node, std::vector<Field>& fields);
    // The elements of a list; a text from outside is taken apart at commas or read as JSON.
    std::vector<Node> elements(const Node& node);
    // The pairs of a map; a text from outside is read as JSON.
    Node pairs(const Node& node);
    // The text of a scalar, or a problem and nothing.
    const std::string* scalar(const Node& node, std::string_view wanted);
    void problem(const Mark& mark, std::string text);
    // Grows with each problem: whether a part was read without one.
    std::size_t problem_count() const noexcept { return problems_.size(); }

    // Names the part that is read while it lives: hosts → hosts[0] → hosts[0].weight.
    class Step {
    public:
        Step(Reading& reading, std::string part);
        Step(const Step&) = delete;
        Step& operator=(const Step&) = delete;
        ~Step() { reading_.path_ = std::move(before_); }

    private:
        Reading& reading_;
        std::string before_;
    };

    // Where the first of these paths that was read stands; of nothing when none was.
    Mark mark_of(const std::vector<std::string>& paths) const;
    std::map<std::string, std::string> origins() const; // as texts

private:
    Node parse_outside(const Node& node);
    void unknown_key(const Node& child, const std::vector<Field>& fields);

    std::vector<Problem>& problems_;
    std::string path_;
    std::map<std::string, Mark> origins_;
};

struct Field {
    enum class Shape { value, list, pairs, section, items };
    std::string key;
    Shape shape = Shape::value;
    std::string type; // "duration", "size", "integer", "boolean", "text", …: explained in describe.cpp
    std::string help;
    std::string bounds; // "1 to 64"
    std::vector<std::string> choices;
    bool is_secret = false;
    std::function<void(const Node&, Reading&)> read;
    std::function<Node()> show;
    std::vector<Field> children; // of a section; of items: keys of one element, bound to a sample
};

// Binders. The target must outlive the field.
Field flag(std::string key, bool& target, std::string help);
Field number(std::string key, int& target, int least, int most, std::string help);
Field span(std::string key, Seconds& target, Seconds least, Seconds most, std::string help);
Field size(std::string key, std::int64_t& target, std::int64_t least, std::string help); // 0 or ≥ least
Field text(std::string key, std::string& target, Rule rule, std::string help);
Field secret(std::string key, Secret& target, std::string help); // also makes <key>_file readable
Field texts(std::string key, std::vector<std::string>& target, Rule rule, std::string help);
Field pairs(std::string key, std::map<std::string, std::string>& target, Rule key_rule, Rule value_rule, std::string help);
Field section(std::string key, std::vector<Field> children, std::string help);
// A value with its own text form: set answers with a complaint, get with what set would accept.
using SetText = std::function<Complaint(std::string_view)>;
using GetText = std::function<std::string()>;
Field custom(std::string key, std::string type, SetText set, GetText get, std::string help);
Field choice(std::string key, std::vector<std::string> names, std::function<void(std::size_t)> set,
             std::function<std::size_t()> get, std::string help);

// The map that reading would accept to get the same values.
Node show_section(const std::vector<Field>& fields);

} // namespace berth::config
