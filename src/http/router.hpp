// SPDX-License-Identifier: Apache-2.0
#pragma once
// Table of method, pattern, access and handler, fixed at start. The path is matched first, then
// the method: a known path with another method is 405 with Allow, an unknown one 404. HEAD falls
// back to GET; OPTIONS is answered with 204 and Allow unless a route says otherwise.

#include "base/error.hpp"
#include "base/limits.hpp"
#include "http/message.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// clang 14 crashes where it makes a temporary by a consteval constructor; there an empty name fails at the start.
#if defined(__clang__) && __clang_major__ < 15
#define BERTH_CONSTEVAL constexpr
#else
#define BERTH_CONSTEVAL consteval
#endif

namespace berth::http {

// Names the policy of a route. There is no default: a route without one does not compile, and an
// empty name fails in the compiler too. What the name means is known to the guard alone.
class Access {
public:
    BERTH_CONSTEVAL explicit Access(const char* name)
        : name_{name} {
        if (*name == '\0') throw "a route needs a policy";
    }
    std::string_view name() const noexcept { return name_; }

private:
    const char* name_;
};

enum class BodyMode {
    buffered, // the handler gets the whole body, up to longest_body
    unread,   // the handler runs right after the head; it answers by takeover or refuses
};

struct Route {
    // Pattern: literal segments, "{name}" for one segment, "*" as last segment for the rest.
    // "/assets/*" binds path_value("*") to what follows "/assets/".
    Route(std::string method_, std::string pattern_, Access access_, Handler handler_)
        : method{std::move(method_)}
        , pattern{std::move(pattern_)}
        , access{access_}
        , handler{std::move(handler_)} {}
    Route&& with_body(BodyMode mode, std::size_t longest = limits::body_bytes) &&;

    std::string method; // "*" = every method
    std::string pattern;
    Access access;
    Handler handler;
    BodyMode body_mode = BodyMode::buffered;
    std::size_t longest_body = limits::body_bytes;
};

class Router {
public:
    // Renders an error in the words of the surface; gets what is known of the request.
    using ErrorPage = std::function<Response(const Error&, const Request&)>;
    // Decides before every handler whether the caller may; may set request.principal. An error is
    // rendered by the error page and the handler does not run.
    using Guard = std::function<net::Task<Status>(Request&, Access)>;

    // Throws std::invalid_argument when two routes share method and pattern, or one is malformed.
    Router(std::vector<Route> routes, ErrorPage error_page, Guard guard = {});
    ~Router();
    Router(Router&&) noexcept;

    struct Match {
        const Route* route = nullptr;   // nothing: `answer` is what to say
        std::optional<Response> answer; // 404, 405 or the automatic OPTIONS
    };
    // Fills request.path_values.
    Match find(Request& request) const;

    // Guard, then handler. Exceptions pass through: the connection is their boundary.
    net::Task<Response> run(const Route& route, Request& request) const;
    Response error(const Error& error, const Request& request) const;
    const std::vector<Route>& routes() const noexcept { return routes_; }

private:
    struct Node;
    const Node* descend(
        const Node& node, std::string_view rest, std::vector<std::string_view>& values
    ) const;
    void insert(const Route& route);

    std::vector<Route> routes_;
    ErrorPage error_page_;
    Guard guard_;
    std::unique_ptr<Node> root_;
};

} // namespace berth::http
