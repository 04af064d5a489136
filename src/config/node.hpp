// SPDX-License-Identifier: Apache-2.0
#pragma once
// Configuration text as a tree that remembers where each value came from. Not the configuration:
// nothing is checked here but what YAML itself asks for.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace berth::config {

// Where a value was written. line 0 = the source has no lines (a variable, an option).
struct Mark {
    std::string source;
    int line = 0;
    int column = 0;
};
std::string where(const Mark& mark); // "berth.yaml:3:7", "environment BERTH_LOG__LEVEL"

struct Node {
    enum class Kind { none, scalar, list, map };
    Kind kind = Kind::none;
    std::string text;        // of a scalar
    bool is_quoted = false;  // a text for certain; else it may be a number or true
    bool is_outside = false; // from a variable or an option: lists may be written with commas
    Mark mark;
    std::string key; // when this is a value of a map
    Mark key_mark;
    std::vector<Node> children; // of a list or a map

    const Node* find(std::string_view name) const noexcept;
    Node* find(std::string_view name) noexcept;
};
Node scalar_node(std::string text, Mark mark);
Node text_node(std::string text); // quoted
Node map_node(Mark mark);

struct Problem {
    Mark mark;
    std::string path; // "hosts[0].weight"; empty for the file as a whole
    std::string text;
};

// Reads one YAML document. Refused, each with its place: a second document, a key written twice,
// tags, binary, and what is over the bounds of yaml.cpp. Aliases are followed within the bounds.
// After a problem the tree is what was understood before it.
Node parse_yaml(std::string_view text, const std::string& source, std::vector<Problem>& problems);

} // namespace berth::config
