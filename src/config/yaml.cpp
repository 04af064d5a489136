// SPDX-License-Identifier: Apache-2.0
#include "config/node.hpp"
#include "config/units.hpp"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <fmt/format.h>

#include <map>
#include <optional>
#include <sstream>
#include <utility>

namespace berth::config {

namespace {

// Far above any real configuration (200 hosts, 200 templates: about 10,000 values in 300 KB), far
// below what hurts: nine levels of nine aliases stop at the value count after a few milliseconds.
constexpr std::size_t longest_text = 1024 * 1024;
constexpr std::size_t most_nodes = 50'000;
constexpr std::size_t deepest = 16;

struct Stop {}; // a bound was passed or a document ended the reading: unwinds out of the parser

std::size_t count(const Node& node) {
    std::size_t sum = 1;
    for (const Node& child : node.children) sum += count(child);
    return sum;
}
std::size_t bytes(const Node& node) {
    std::size_t sum = node.text.size() + node.key.size();
    for (const Node& child : node.children) sum += bytes(child);
    return sum;
}
std::size_t depth(const Node& node) {
    std::size_t most = 0;
    for (const Node& child : node.children) most = std::max(most, depth(child));
    return most + 1;
}

// Builds the tree from the parser's events. The library's own tree is not used: it forgets
// duplicate keys, shares aliased nodes and counts nothing.
class Builder final : public YAML::EventHandler {
public:
    Builder(std::string source, std::vector<Problem>& problems)
        : source_{std::move(source)}
        , problems_{problems} {}
    Node take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override {
        Node node;
        node.mark = mark(at);
        add(std::move(node), anchor);
    }
    void OnAlias(const YAML::Mark& at, YAML::anchor_t anchor) override {
        auto known = anchors_.find(anchor);
        if (known == anchors_.end()) stop(at, "this alias refers to the value it stands in");
        Node copy = known->second;
        if (levels_.size() + depth(copy) > deepest) stop(at, "nested too deeply");
        nodes_ += count(copy);
        check_count(at);
        // What is copied is bounded as what is written: few values may be long.
        copied_ += bytes(copy);
        if (copied_ > longest_text) stop(at, "aliases repeat more than 1 MiB");
        add(std::move(copy), 0);
    }
    void OnScalar(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        if (tag != "?" && tag != "!" && !tag.empty()) stop(at, "tags are not understood here");
        Node node = scalar_node(value, mark(at));
        node.is_quoted = tag == "!";
        add(std::move(node), anchor);
    }
    void OnSequenceStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(at, tag, anchor, Node::Kind::list);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(at, tag, anchor, Node::Kind::map);
    }
    void OnMapEnd() override { close(); }

private:
    struct Level {
        Node node;
        YAML::anchor_t anchor = 0;
        std::optional<Node> key; // of a map, between key and value
    };

    Mark mark(const YAML::Mark& at) const { return Mark{source_, at.line + 1, at.column + 1}; }
    [[noreturn]] void stop(const YAML::Mark& at, std::string text) {
        problems_.push_back(Problem{mark(at), {}, std::move(text)});
        throw Stop{};
    }
    void check_count(const YAML::Mark& at) {
        if (nodes_ > most_nodes) stop(at, fmt::format("more than {} values", most_nodes));
    }
    void open(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
        if (tag != "?" && tag != "!" && !tag.empty()) stop(at, "tags are not understood here");
        if (levels_.size() >= deepest) stop(at, "nested too deeply");
        Level level;
        level.node.kind = kind;
        level.node.mark = mark(at);
        level.anchor = anchor;
        levels_.push_back(std::move(level));
        ++nodes_;
        check_count(at);
    }
    void close() {
        Level level = std::move(levels_.back());
        levels_.pop_back();
        --nodes_; // add() counts it again
        add(std::move(level.node), level.anchor);
    }
    void add(Node node, YAML::anchor_t anchor) {
        if (anchor != 0) {
            // A copy per anchor: bounded like everything else.
            nodes_ += count(node);
            anchors_[anchor] = node;
        }
        if (++nodes_ > most_nodes) {
            problems_.push_back(
                Problem{node.mark, {}, fmt::format("more than {} values", most_nodes)});
            throw Stop{};
        }
        if (levels_.empty()) {
            root_ = std::move(node);
            return;
        }
        Level& level = levels_.back();
        if (level.node.kind == Node::Kind::list) {
            level.node.children.push_back(std::move(node));
        } else if (!level.key) {
            level.key = std::move(node);
        } else {
            add_pair(level, std::move(node));
        }
    }
    void add_pair(Level& level, Node value) {
        Node key = std::move(*level.key);
        level.key.reset();
        if (key.kind != Node::Kind::scalar) {
            problems_.push_back(Problem{key.mark, {}, "a key must be a word"});
            return;
        }
        if (const Node* first = level.node.find(key.text)) {
            problems_.push_back(Problem{key.mark, key.text,
                fmt::format("is written twice, first at line {}", first->key_mark.line)});
            return;
        }
        value.key = key.text;
        value.key_mark = key.mark;
        level.node.children.push_back(std::move(value));
    }

    std::string source_;
    std::vector<Problem>& problems_;
    std::vector<Level> levels_;
    std::map<YAML::anchor_t, Node> anchors_;
    std::size_t nodes_ = 0;
    std::size_t copied_ = 0; // bytes, by aliases
    Node root_;
};

} // namespace

std::string where(const Mark& mark) {
    if (mark.line == 0) return mark.source;
    return fmt::format("{}:{}:{}", mark.source, mark.line, mark.column);
}

const Node* Node::find(std::string_view name) const noexcept {
    if (kind != Kind::map) return nullptr;
    for (const Node& child : children)
        if (child.key == name) return &child;
    return nullptr;
}

Node* Node::find(std::string_view name) noexcept {
    return const_cast<Node*>(std::as_const(*this).find(name));
}

Node scalar_node(std::string text, Mark mark) {
    Node node;
    node.kind = Node::Kind::scalar;
    node.text = std::move(text);
    node.mark = std::move(mark);
    return node;
}

Node text_node(std::string text) {
    Node node = scalar_node(std::move(text), {});
    node.is_quoted = true;
    return node;
}

Node map_node(Mark mark) {
    Node node;
    node.kind = Node::Kind::map;
    node.mark = std::move(mark);
    return node;
}

Node parse_yaml(std::string_view text, const std::string& source, std::vector<Problem>& problems) {
    if (text.size() > longest_text) {
        problems.push_back(Problem{Mark{source, 0, 0}, {}, "larger than 1 MiB"});
        return {};
    }
    if (!is_utf8(text)) {
        problems.push_back(Problem{Mark{source, 0, 0}, {}, "is not UTF-8 text"});
        return {};
    }
    Builder builder{source, problems};
    try {
        std::istringstream stream{std::string{text}};
        YAML::Parser parser{stream};
        Builder rest{source, problems};
        if (parser.HandleNextDocument(builder) && parser.HandleNextDocument(rest))
            problems.push_back(Problem{Mark{source, 0, 0}, {}, "holds more than one document"});
    } catch (const Stop&) {
        return {};
    } catch (const YAML::Exception& error) {
        problems.push_back(
            Problem{Mark{source, error.mark.line + 1, error.mark.column + 1}, {}, error.msg});
        return {};
    }
    return builder.take();
}

} // namespace berth::config
