// SPDX-License-Identifier: Apache-2.0
// The corpus of ambiguous requests (T-08, H-31). For each: the statuses that come back, in order,
// and then the connection ends. A request that is read as two would show as one answer more.
#include "http/test_server.hpp"

#include <gtest/gtest.h>

namespace berth::http::test {
namespace {

struct Case {
    const char* name;
    std::string bytes;
    std::vector<int> statuses;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

std::string get(std::string_view target, std::string_view fields = "") {
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: a.test\r\n" + std::string{fields}
        + "\r\n";
}

std::string post(std::string_view fields, std::string_view body) {
    return "POST /echo HTTP/1.1\r\nHost: a.test\r\n" + std::string{fields} + "\r\n"
        + std::string{body};
}

const std::string last = get("/ok", "Connection: close\r\n");
const std::string hidden = "GET /secret HTTP/1.1\r\nHost: a.test\r\n\r\n";
const std::string chunked = "Transfer-Encoding: chunked\r\n";

std::vector<Case> framing_cases() {
    return {
        {"plain", last, {200}},
        {"two in one piece", get("/ok") + last, {200, 200}},
        {"body then request", post("Content-Length: 2\r\n", "hi") + last, {200, 200}},
        {"chunked then request", post(chunked, "2\r\nhi\r\n0\r\n\r\n") + last, {200, 200}},
        {"CL and TE", post("Content-Length: 4\r\n" + chunked, "0\r\n\r\n") + hidden, {400}},
        {"TE and CL", post(chunked + "Content-Length: 4\r\n", "0\r\n\r\n") + hidden, {400}},
        {"two CL that differ", post("Content-Length: 0\r\nContent-Length: 5\r\n", "hello"), {400}},
        {"two CL that agree", post("Content-Length: 2\r\nContent-Length: 2\r\n", "hi"), {400}},
        {"CL list", post("Content-Length: 2, 2\r\n", "hi"), {400}},
        {"CL with plus", post("Content-Length: +2\r\n", "hi"), {400}},
        {"CL negative", post("Content-Length: -2\r\n", "hi"), {400}},
        {"CL hexadecimal", post("Content-Length: 0x2\r\n", "hi"), {400}},
        {"CL empty", post("Content-Length: \r\n", ""), {400}},
        {"CL with blank inside", post("Content-Length: 1 2\r\n", "hi"), {400}},
        {"CL overflowing", post("Content-Length: 18446744073709551618\r\n", "hi"), {400}},
        {"CL quoted", post("Content-Length: \"2\"\r\n", "hi"), {400}},
        {"TE twice", post(chunked + chunked, "0\r\n\r\n"), {400}},
        {"TE identity", post("Transfer-Encoding: identity\r\n", ""), {501}},
        {"TE gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), {501}},
        {"TE chunked, identity", post("Transfer-Encoding: chunked, identity\r\n", ""), {501}},
        {"TE chunked, chunked", post("Transfer-Encoding: chunked, chunked\r\n", ""), {501}},
        {"TE xchunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), {501}},
        {"TE with vertical tab", post("Transfer-Encoding: \x0b" "chunked\r\n", ""), {400}},
        {"TE empty", post("Transfer-Encoding:\r\n", ""), {501}},
        {"TE quoted", post("Transfer-Encoding: \"chunked\"\r\n", ""), {501}},
        {"TE with parameter", post("Transfer-Encoding: chunked;q=1\r\n", ""), {501}},
        {"TE in HTTP/1.0", "POST /echo HTTP/1.0\r\nHost: a\r\n" + chunked + "\r\n0\r\n\r\n", {400}},
        {"TE with underscore", post("Transfer_Encoding: chunked\r\nContent-Length: 2\r\n", "hi"), {400}},
        {"CL with underscore", post("Content_Length: 2\r\n", ""), {400}},
        {"TE in capitals", post("TRANSFER-ENCODING: CHUNKED\r\n", "0\r\n\r\n") + last, {200, 200}},
        {"space before colon", post("Content-Length : 2\r\n", "hi"), {400}},
        {"tab before colon", post("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n"), {400}},
        {"folded TE", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), {400}},
        {"folded first line", "GET /ok HTTP/1.1\r\n Host: a\r\n\r\n", {400}},
        {"chunk size negative", post(chunked, "-1\r\nhi\r\n0\r\n\r\n"), {400}},
        {"chunk size with 0x", post(chunked, "0x2\r\nhi\r\n0\r\n\r\n"), {400}},
        {"chunk size with plus", post(chunked, "+2\r\nhi\r\n0\r\n\r\n"), {400}},
        {"chunk size empty", post(chunked, "\r\nhi\r\n0\r\n\r\n"), {400}},
        {"chunk size overflowing", post(chunked, "10000000000000002\r\nhi\r\n0\r\n\r\n"), {413}},
        {"chunk size huge", post(chunked, "ffffffffffffffff\r\nhi"), {413}},
        {"chunk size with blank", post(chunked, "2 \r\nhi\r\n0\r\n\r\n"), {400}},
        {"chunk size underscored", post(chunked, "1_0\r\nhi\r\n0\r\n\r\n"), {400}},
        {"chunk longer than said", post(chunked, "2\r\nhiho\r\n0\r\n\r\n"), {400}},
        {"chunk without CR", post(chunked, "2\nhi\n0\n\n") + hidden, {400}},
        {"chunk end LF only", post(chunked, "2\r\nhi\n0\r\n\r\n"), {400}},
        {"chunk extension", post(chunked, "2;a=b\r\nhi\r\n0\r\n\r\n") + last, {200, 200}},
        {"chunk extension with LF", post(chunked, "2;a\nxx\r\nhi\r\n0\r\n\r\n"), {400}},
        {"chunk extension with CR", post(chunked, "2;a\rx\r\nhi\r\n0\r\n\r\n"), {400}},
        {"trailer", post(chunked, "0\r\nX-A: b\r\n\r\n"), {400}},
        {"trailer with CL", post(chunked, "0\r\nContent-Length: 9\r\n\r\n"), {400}},
        {"GET with hidden body", get("/ok", "Content-Length: 0\r\n") + last, {200, 200}},
    };
}

std::vector<Case> syntax_cases() {
    using namespace std::string_literals;
    const auto line = [](std::string_view first) {
        return std::string{first} + "\r\nHost: a.test\r\n\r\n" + hidden;
    };
    return {
        {"bare LF after the line", "GET /ok HTTP/1.1\nHost: a.test\n\n", {400}},
        {"bare LF after a field", "GET /ok HTTP/1.1\r\nHost: a.test\nX: y\r\n\r\n", {400}},
        {"bare CR in a field", get("/ok", "X: a\rb\r\n"), {400}},
        {"CR CR LF", "GET /ok HTTP/1.1\r\r\nHost: a\r\n\r\n", {400}},
        {"NUL in a value", get("/ok", "X: a\0b\r\n"s), {400}},
        {"NUL in a name", get("/ok", "X\0: ab\r\n"s), {400}},
        {"NUL in the target", get("/o\0k"s), {400}},
        {"DEL in a value", get("/ok", "X: a\x7f\r\n"), {400}},
        {"empty name", get("/ok", ": x\r\n"), {400}},
        {"name with blank", get("/ok", "X Y: x\r\n"), {400}},
        {"name with bracket", get("/ok", "X(Y): x\r\n"), {400}},
        {"line without colon", get("/ok", "nonsense\r\n"), {400}},
        {"empty line first", "\r\n" + last, {400}},
        {"blank first", " GET /ok HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
        {"two blanks", line("GET  /ok HTTP/1.1"), {400}},
        {"tab as separator", line("GET\t/ok HTTP/1.1"), {400}},
        {"blank in the target", line("GET /ok x HTTP/1.1"), {400}},
        {"blank behind the version", line("GET /ok HTTP/1.1 "), {400}},
        {"HTTP/0.9", "GET /ok\r\n\r\n", {400}},
        {"HTTP/2.0", line("GET /ok HTTP/2.0"), {505}},
        {"HTTP/1.2", line("GET /ok HTTP/1.2"), {505}},
        {"HTTP/1.10", line("GET /ok HTTP/1.10"), {400}},
        {"lower case http", line("GET /ok http/1.1"), {400}},
        {"method with colon", line("GE:T /ok HTTP/1.1"), {400}},
        {"no method", line(" /ok HTTP/1.1"), {400}},
        {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {505}},
        {"TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s, {400}},
        {"no Host", "GET /ok HTTP/1.1\r\n\r\n", {400}},
        {"two Hosts", get("/ok", "Host: b.test\r\n"), {400}},
        {"two equal Hosts", get("/ok", "Host: a.test\r\n"), {400}},
        {"empty Host", "GET /ok HTTP/1.1\r\nHost:\r\n\r\n", {400}},
        {"Host with path", "GET /ok HTTP/1.1\r\nHost: a/b\r\n\r\n", {400}},
        {"Host with user", "GET /ok HTTP/1.1\r\nHost: u@a\r\n\r\n", {400}},
        {"Host list", "GET /ok HTTP/1.1\r\nHost: a, b\r\n\r\n", {400}},
        {"Host bad port", "GET /ok HTTP/1.1\r\nHost: a:b\r\n\r\n", {400}},
        {"Host behind bracket", "GET /ok HTTP/1.1\r\nHost: [::1]x80\r\n\r\n", {400}},
        {"Host with underscore field", get("/ok", "X_Forwarded_For: 1.1.1.1\r\n"), {400}},
        {"absolute, other authority", get("http://b.test/ok"), {400}},
        {"absolute, user part", get("http://u@a.test/ok"), {400}},
        {"absolute, same authority", get("http://a.test/ok", "Connection: close\r\n"), {200}},
        {"absolute, other scheme", get("ftp://a.test/ok"), {400}},
        {"authority form", "CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n\r\n", {400}},
        {"asterisk with GET", get("*"), {400}},
        {"target without slash", get("ok"), {400}},
        {"encoded slash", get("/o%2fk"), {400}},
        {"encoded backslash", get("/o%5Ck"), {400}},
        {"encoded NUL", get("/ok%00"), {400}},
        {"dot segments", get("/a/../ok"), {400}},
        {"encoded dot segments", get("/a/%2e%2e/ok"), {400}},
        {"double slash", get("//ok"), {400}},
        {"fragment", get("/ok#x"), {400}},
        {"overlong UTF-8", get("/%c0%af"), {400}},
        {"raw UTF-8", get("/\xc3\xa9"), {400}},
        {"raw backslash", get("/\\ok"), {400}},
        {"incomplete escape", get("/ok%2"), {400}},
        {"two Authorizations", get("/ok", "Authorization: a\r\nAuthorization: b\r\n"), {400}},
        {"two Cookies", get("/ok", "Cookie: a=1\r\nCookie: b=2\r\n"), {400}},
        {"two Origins", get("/ok", "Origin: http://a\r\nOrigin: http://b\r\n"), {400}},
        {"Authorization disguised", get("/ok", "AUTHORI_ZATION: x\r\nConnection: close\r\n"), {200}},
        {"X_User_Id", get("/ok", "X_User-Id: 1\r\n"), {400}},
        {"hop-by-hop removal", get("/ok", "Connection: close, X-Forwarded-For\r\n"), {400}},
        {"unknown expectation", get("/ok", "Expect: 200-ok\r\n"), {417}},
    };
}

class SmugglingCorpus : public testing::TestWithParam<Case> {};

TEST_P(SmugglingCorpus, GivesAsManyAnswersAsRequests) {
    std::vector<Route> routes;
    auto ok = [](Request&) -> net::Task<Response> { co_return Response{200, "ok"}; };
    auto echo = [](Request& r) -> net::Task<Response> { co_return Response{200, r.body}; };
    auto secret = [](Request&) -> net::Task<Response> {
        ADD_FAILURE() << "a hidden request was served";
        co_return Response{299};
    };
    routes.emplace_back("GET", "/ok", Access{"anyone"}, ok);
    routes.emplace_back("POST", "/echo", Access{"anyone"}, echo);
    routes.emplace_back("GET", "/secret", Access{"anyone"}, secret);
    TestServer server{std::move(routes)};
    RawClient client{server.port()};
    client.send(GetParam().bytes);
    client.finish_sending();
    std::vector<int> statuses;
    for (const auto& reply : client.read_all()) statuses.push_back(reply.status);
    EXPECT_EQ(statuses, GetParam().statuses);
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
    std::string name;
    for (const char c : std::string{info.param.name}) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
    }
    return name + std::to_string(info.index);
}

INSTANTIATE_TEST_SUITE_P(
    Framing, SmugglingCorpus, testing::ValuesIn(framing_cases()), name_of_case
);
INSTANTIATE_TEST_SUITE_P(
    Syntax, SmugglingCorpus, testing::ValuesIn(syntax_cases()), name_of_case
);

// The same bytes one at a time must be read the same way.
TEST(Smuggling, SplitDeliveryChangesNothing) {
    std::vector<Route> routes;
    auto echo = [](Request& r) -> net::Task<Response> { co_return Response{200, r.body}; };
    routes.emplace_back("POST", "/echo", Access{"anyone"}, echo);
    TestServer server{std::move(routes)};
    RawClient client{server.port()};
    const auto bytes = post(chunked, "2;x=y\r\nhi\r\n3\r\n ho\r\n0\r\n\r\n");
    for (int round = 0; round < 2; ++round) {
        for (const char c : bytes) client.send(std::string_view{&c, 1});
        const auto reply = client.read_reply();
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.body, "hi ho");
    }
}

} // namespace
} // namespace berth::http::test
