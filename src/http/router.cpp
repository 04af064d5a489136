// SPDX-License-Identifier: Apache-2.0
#include "http/router.hpp"

#include "http/field_rules.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace berth::http {

// One segment of the tree of patterns. Literal children win over a parameter, a parameter over
// the rest of the path.
struct Router::Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literal;
    std::unique_ptr<Node> parameter;
    std::unique_ptr<Node> rest;
    std::vector<const Route*> routes;
    std::vector<std::string> names; // of the parameters on the way, from the first route here
};

namespace {

bool is_parameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// Next segment of a path without its leading slash; `rest` loses it and its slash.
std::string_view take_segment(std::string_view& rest, bool& is_last) {
    const auto slash = rest.find('/');
    const auto segment = rest.substr(0, slash);
    is_last = slash == std::string_view::npos;
    rest.remove_prefix(is_last ? rest.size() : slash + 1);
    return segment;
}

std::string allow_of(const std::vector<const Route*>& routes) {
    std::vector<std::string_view> methods{"OPTIONS"};
    for (const auto* route : routes) {
        methods.push_back(route->method);
        if (route->method == "GET") methods.emplace_back("HEAD");
    }
    std::sort(methods.begin(), methods.end());
    methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
    std::string text;
    for (const auto method : methods) {
        if (!text.empty()) text += ", ";
        text += method;
    }
    return text;
}

const Route* find_method(const std::vector<const Route*>& routes, std::string_view method) {
    const auto with = [&](std::string_view wanted) -> const Route* {
        for (const auto* route : routes) {
            if (route->method == wanted) return route;
        }
        return nullptr;
    };
    if (const auto* route = with(method)) return route;
    if (method == "HEAD") {
        if (const auto* route = with("GET")) return route;
    }
    return with("*");
}

} // namespace

Route&& Route::with_body(BodyMode mode, std::size_t longest) && {
    body_mode = mode;
    longest_body = longest;
    return std::move(*this);
}

Router::Router(std::vector<Route> routes, ErrorPage error_page, Guard guard)
    : routes_{std::move(routes)}
    , error_page_{std::move(error_page)}
    , guard_{std::move(guard)}
    , root_{std::make_unique<Node>()} {
    for (const auto& route : routes_) insert(route);
}

Router::~Router() = default;
Router::Router(Router&&) noexcept = default;

void Router::insert(const Route& route) {
    const auto refuse = [&](const char* why) {
        throw std::invalid_argument("route " + route.method + " " + route.pattern + ": " + why);
    };
    if (route.pattern.empty() || route.pattern.front() != '/') refuse("pattern without '/'");
    if (route.method != "*" && !is_token(route.method)) refuse("bad method");
    if (!route.handler) refuse("no handler");
    Node* node = root_.get();
    std::vector<std::string> names;
    std::string_view rest = std::string_view{route.pattern}.substr(1);
    for (bool is_last = false; !is_last;) {
        const auto segment = take_segment(rest, is_last);
        std::unique_ptr<Node>* next = nullptr;
        if (segment == "*") {
            if (!is_last) refuse("'*' is not the last segment");
            next = &node->rest;
            names.emplace_back("*");
        } else if (is_parameter(segment)) {
            next = &node->parameter;
            names.emplace_back(segment.substr(1, segment.size() - 2));
        } else {
            if (segment.find_first_of("{}*") != std::string_view::npos) refuse("bad segment");
            next = &node->literal[std::string{segment}];
        }
        if (!*next) *next = std::make_unique<Node>();
        node = next->get();
    }
    if (node->routes.empty()) node->names = names;
    // One node has one list of names, so patterns that differ in names only are a mistake.
    if (node->names != names) refuse("same pattern with other names");
    for (const auto* other : node->routes) {
        if (other->method == route.method) refuse("occurs twice");
    }
    node->routes.push_back(&route);
}

const Router::Node* Router::descend(
    const Node& node,
    std::string_view rest,
    std::vector<std::string_view>& values
) const {
    bool is_last = false;
    auto tail = rest;
    const auto segment = take_segment(tail, is_last);
    const auto follow = [&](const Node& child) -> const Node* {
        if (!is_last) return descend(child, tail, values);
        return child.routes.empty() ? nullptr : &child;
    };
    if (const auto literal = node.literal.find(segment); literal != node.literal.end()) {
        if (const auto* found = follow(*literal->second)) return found;
    }
    if (node.parameter && !segment.empty()) {
        values.push_back(segment);
        if (const auto* found = follow(*node.parameter)) return found;
        values.pop_back();
    }
    if (node.rest) {
        values.push_back(rest);
        return node.rest.get();
    }
    return nullptr;
}

Router::Match Router::find(Request& request) const {
    Match match;
    std::vector<std::string_view> values;
    const Node* node = nullptr;
    if (!request.path.empty() && request.path.front() == '/') {
        node = descend(*root_, std::string_view{request.path}.substr(1), values);
    }
    if (request.path == "*") { // OPTIONS *: about the server as a whole
        match.answer = Response{204};
        return match;
    }
    if (node == nullptr) {
        match.answer = error(Error{Errc::not_found, "no such path"}, request);
        return match;
    }
    request.path_values.clear();
    for (std::size_t i = 0; i < values.size(); ++i) {
        request.path_values.emplace_back(node->names[i], values[i]);
    }
    match.route = find_method(node->routes, request.method);
    if (match.route != nullptr) return match;
    const bool is_options = request.method == "OPTIONS";
    match.answer = is_options ? Response{204}
                              : error(Error{Errc::method_not_allowed, "no such method"}, request);
    match.answer->headers.emplace_back("Allow", allow_of(node->routes));
    return match;
}

net::Task<Response> Router::run(const Route& route, Request& request) const {
    if (guard_) {
        const auto allowed = co_await guard_(request, route.access);
        if (!allowed) co_return error_page_(allowed.error(), request);
    }
    co_return co_await route.handler(request);
}

Response Router::error(const Error& error, const Request& request) const {
    return error_page_(error, request);
}

} // namespace berth::http
