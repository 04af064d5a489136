// SPDX-License-Identifier: Apache-2.0
#include "http/router.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace berth::http {
namespace {

Response page(const Error& error, const Request&) {
    return Response{error.code() == Errc::not_found ? 404 : 405};
}

Handler says(std::string text) {
    return [text](Request&) -> net::Task<Response> { co_return Response{200, text}; };
}

Router make_router() {
    std::vector<Route> routes;
    routes.emplace_back("GET", "/", Access{"anyone"}, says("root"));
    routes.emplace_back("GET", "/api/v1/sessions", Access{"user"}, says("list"));
    routes.emplace_back("POST", "/api/v1/sessions", Access{"user"}, says("create"));
    routes.emplace_back("GET", "/api/v1/sessions/{id}", Access{"user"}, says("get"));
    routes.emplace_back("DELETE", "/api/v1/sessions/{id}", Access{"user"}, says("delete"));
    routes.emplace_back("POST", "/api/v1/sessions/{id}/extend", Access{"user"}, says("extend"));
    routes.emplace_back("GET", "/api/v1/sessions/all", Access{"user"}, says("all"));
    routes.emplace_back("GET", "/assets/*", Access{"anyone"}, says("asset"));
    routes.emplace_back("*", "/proxy/*", Access{"ticket"}, says("proxy"));
    return Router{std::move(routes), page};
}

struct Found {
    std::string pattern;
    int status = 0;
    std::string allow;
    std::vector<std::pair<std::string, std::string>> values;
};

Found find(std::string method, std::string path) {
    const auto router = make_router();
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    const auto match = router.find(request);
    Found found;
    if (match.route != nullptr) found.pattern = match.route->method + " " + match.route->pattern;
    if (match.answer) {
        found.status = match.answer->status;
        found.allow = net::find_header(match.answer->headers, "allow");
    }
    found.values = request.path_values;
    return found;
}

TEST(Router, FindsLiteralsBeforeParametersBeforeTheRest) {
    EXPECT_EQ(find("GET", "/").pattern, "GET /");
    EXPECT_EQ(find("GET", "/api/v1/sessions").pattern, "GET /api/v1/sessions");
    EXPECT_EQ(find("GET", "/api/v1/sessions/all").pattern, "GET /api/v1/sessions/all");
    EXPECT_EQ(find("GET", "/api/v1/sessions/x").pattern, "GET /api/v1/sessions/{id}");
    EXPECT_EQ(find("POST", "/api/v1/sessions/all/extend").pattern,
              "POST /api/v1/sessions/{id}/extend");
}

TEST(Router, BindsParametersAndTheRest) {
    const auto session = find("GET", "/api/v1/sessions/x%y");
    ASSERT_EQ(session.values.size(), 1U);
    EXPECT_EQ(session.values[0].first, "id");
    EXPECT_EQ(session.values[0].second, "x%y");
    const auto asset = find("GET", "/assets/a/b.js");
    ASSERT_EQ(asset.values.size(), 1U);
    EXPECT_EQ(asset.values[0].second, "a/b.js");
}

TEST(Router, KnowsPathsExactly) {
    for (const auto* path : {"/api", "/api/v1/sessions/", "/api/v1/sessions/x/", "/assets",
                             "/API/v1/sessions", "/api/v1/sessions/x/extend/y", "/x", ""}) {
        EXPECT_EQ(find("GET", path).status, 404) << path;
    }
    EXPECT_EQ(find("GET", "/assets/").pattern, "GET /assets/*");
}

TEST(Router, NamesTheMethodsOfAPathThatHasOthers) {
    const auto found = find("PUT", "/api/v1/sessions");
    EXPECT_EQ(found.status, 405);
    EXPECT_EQ(found.allow, "GET, HEAD, OPTIONS, POST");
    EXPECT_EQ(find("TRACE", "/").status, 405);
    EXPECT_EQ(find("get", "/").status, 405) << "methods are compared with case";
}

TEST(Router, AnswersOptionsAndHeadByItself) {
    const auto found = find("OPTIONS", "/api/v1/sessions/x");
    EXPECT_EQ(found.status, 204);
    EXPECT_EQ(found.allow, "DELETE, GET, HEAD, OPTIONS");
    EXPECT_EQ(find("OPTIONS", "/nowhere").status, 404);
    EXPECT_EQ(find("HEAD", "/").pattern, "GET /");
    EXPECT_EQ(find("OPTIONS", "/proxy/x").pattern, "* /proxy/*");
    EXPECT_EQ(find("BREW", "/proxy/x").pattern, "* /proxy/*");
}

TEST(Router, RefusesATableThatContradictsItself) {
    const auto build = [](const std::vector<std::string>& patterns) {
        std::vector<Route> routes;
        for (const auto& pattern : patterns) {
            routes.emplace_back("GET", pattern, Access{"anyone"}, says(""));
        }
        const Router router{std::move(routes), page};
    };
    EXPECT_NO_THROW(build({"/a", "/{x}"}));
    EXPECT_THROW(build({"/a", "/a"}), std::invalid_argument);
    EXPECT_THROW(build({"/{x}", "/{y}"}), std::invalid_argument);
    EXPECT_THROW(build({"a"}), std::invalid_argument);
    EXPECT_THROW(build({"/*/a"}), std::invalid_argument);
    EXPECT_THROW(build({"/a{x}"}), std::invalid_argument);
    EXPECT_THROW(build({""}), std::invalid_argument);
}

TEST(Router, AsksTheGuardBeforeEveryHandler) {
    std::vector<Route> routes;
    bool has_run = false;
    auto handler = [&](Request&) -> net::Task<Response> {
        has_run = true;
        co_return Response{200};
    };
    routes.emplace_back("GET", "/", Access{"admin"}, handler);
    auto guard = [](Request&, Access access) -> net::Task<Status> {
        if (access.name() == "admin") co_return Error{Errc::forbidden, "no"};
        co_return Status{};
    };
    auto render = [](const Error& error, const Request&) {
        return Response{error.code() == Errc::forbidden ? 403 : 500};
    };
    const Router router{std::move(routes), render, guard};
    Request request;
    request.method = "GET";
    request.path = "/";
    const auto match = router.find(request);
    ASSERT_NE(match.route, nullptr);
    const auto response = berth::test::run_task(router.run(*match.route, request));
    EXPECT_EQ(response.status, 403);
    EXPECT_FALSE(has_run);
}

} // namespace
} // namespace berth::http
