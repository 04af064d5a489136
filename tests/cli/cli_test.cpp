// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_server.hpp"
#include "tests/cli/program.hpp"

#include "cli/exit_code.hpp"
#include "cli/output.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

namespace berth::test {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace json = boost::json;

// Commands with the admin socket in the program's own folder.
class Cli : public testing::Test {
protected:
    Outcome run(std::vector<std::string> arguments, const std::string& input = {}) {
        arguments.insert(arguments.end(), {"--state-dir", program.folder() / "work"});
        return program.run(std::move(arguments), input);
    }
    std::string socket() const { return program.folder() / "work/berth.sock"; }
    Program program;
};

TEST_F(Cli, UsageErrorsAre2AndSayWhereHelpIs) {
    for (const auto& words : std::vector<std::vector<std::string>>{{}, {"nonsense"}, {"session"}, {"session", "list", "--nonsense"},
             {"serve", "--port", "99999"}, {"serve", "--port", "x"}, {"-o", "xml", "version"}, {"session", "show"}, {"user", "add", "a", "--role", "king"}}) {
        auto outcome = program.run(words);
        EXPECT_EQ(outcome.code, 2) << testing::PrintToString(words);
        EXPECT_EQ(outcome.out, "") << testing::PrintToString(words);
        EXPECT_NE(outcome.err, "") << testing::PrintToString(words);
    }
}

TEST_F(Cli, APortForOneOfSeveralAddressesIsRefused) {
    auto outcome = run({"serve", "--port", "0", "--set", R"(server.listen=["127.0.0.1:8080","[::1]:8081"])"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("--port is for one address, and server.listen names 2"));
    EXPECT_TRUE(std::filesystem::is_empty(program.folder() / "work")) << "before anything begins";
}

TEST_F(Cli, HelpAndVersionAre0OnStandardOutput) {
    EXPECT_THAT(program.run({"--help"}).out, HasSubstr("Exit codes: 0 good, 1 failed, 2 usage"));
    EXPECT_EQ(program.run({"--help"}).code, 0);
    EXPECT_EQ(program.run({"session", "--help"}).code, 0);
    EXPECT_THAT(program.run({"version"}).out, testing::StartsWith("berth "));
    auto version = json::parse(program.run({"version", "--json"}).out);
    EXPECT_EQ(version.at("name"), "berth");
    EXPECT_TRUE(version.as_object().contains("commit"));
}

TEST_F(Cli, ConfigurationErrorsAre78AllAtOnceOnStandardError) {
    auto file = program.write("bad.yaml", "sever: {}\nlog: {level: loud}\n");
    for (const auto& words : std::vector<std::vector<std::string>>{{"config", "check"}, {"config", "show"}, {"serve"}, {"session", "list"}, {"doctor"}}) {
        auto with_file = words;
        with_file.insert(with_file.end(), {"--config", file});
        auto outcome = program.run(with_file);
        EXPECT_EQ(outcome.code, 78) << testing::PrintToString(words);
        EXPECT_THAT(outcome.err, HasSubstr(":1:1: sever: is not a known key; server perhaps?"));
        EXPECT_THAT(outcome.err, HasSubstr(":2:14: log.level: must be one of"));
    }
    EXPECT_EQ(program.run({"config", "check", "--config", "missing.yaml"}).code, 78);
    EXPECT_EQ(program.run({"config", "check", "--set", "log.level=loud"}).code, 78);
}

TEST_F(Cli, AGoodConfigurationIs0AndShownWithItsOrigins) {
    program.write("berth.yaml", "log: {level: warn}\n");
    EXPECT_EQ(program.run({"config", "check"}).code, 0);
    auto shown = program.run({"config", "show", "--origin"});
    EXPECT_EQ(shown.code, 0);
    EXPECT_THAT(shown.out, HasSubstr("level: warn  # berth.yaml:1:14"));
    EXPECT_EQ(json::parse(program.run({"config", "show", "--json"}).out).at("log").at("level"), "warn");
    program.environment["BERTH_LOG__LEVEL"] = "error";
    EXPECT_THAT(program.run({"config", "show", "--origin"}).out, HasSubstr("level: error  # environment BERTH_LOG__LEVEL"));
    EXPECT_THAT(program.run({"config", "show", "--set", "log.level=debug"}).out, HasSubstr("level: debug"));
    EXPECT_EQ(json::parse(program.run({"config", "schema"}).out).at("title"), "Berth configuration");
}

TEST_F(Cli, ThePluginsFileGivesAWarningAndNothingElse) {
    auto file = program.write("hosts.yml", "workspace_hosts:\n  - hostname: h\n    user: u\ndocker_image: i:1\n");
    auto outcome = program.run({"config", "check", "--config", file});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_THAT(outcome.err, HasSubstr("warning: " + file + ": this is the form of the CTFd remote desktop plugin"));
    EXPECT_THAT(program.run({"config", "show", "--config", file}).out, HasSubstr("endpoint: \"ssh://u@h\""));
}

TEST_F(Cli, WithoutAServerCommandsOfTheServerAre69) {
    auto outcome = run({"session", "list"});
    EXPECT_EQ(outcome.code, 69);
    EXPECT_THAT(outcome.err, HasSubstr("is `berth serve` running?"));
    EXPECT_EQ(run({"host", "list"}).code, 69);
    EXPECT_EQ(run({"token", "list"}).code, 69);
}

TEST_F(Cli, DestructiveVerbsNeedYesWithoutATerminal) {
    for (const auto& words : std::vector<std::vector<std::string>>{{"session", "stop", "x"}, {"host", "drain", "x"}, {"user", "disable", "x"}, {"token", "remove", "x"}}) {
        auto outcome = run(words);
        EXPECT_EQ(outcome.code, 2) << testing::PrintToString(words);
        EXPECT_THAT(outcome.err, HasSubstr("needs --yes"));
    }
}

TEST_F(Cli, ProblemsOfTheServerBecomeTheirExitCodes) {
    struct Case { int status; const char* code; int exit; };
    for (const Case& one : {Case{404, "not_found", 3}, Case{403, "forbidden", 4}, Case{401, "unauthenticated", 4}, Case{409, "conflict", 5},
             Case{409, "quota_exceeded", 5}, Case{503, "no_capacity", 75}, Case{429, "rate_limited", 75}, Case{503, "unavailable", 69},
             Case{500, "internal", 1}, Case{400, "invalid_input", 2}}) {
        ::unlink(socket().c_str());
        FakeServer server{socket(), one.status, fmt::format(R"({{"code":"{}","detail":"the sentence","errors":[{{"pointer":"/a","detail":"wrong"}}]}})", one.code)};
        auto outcome = run({"session", "show", "abc"});
        EXPECT_EQ(outcome.code, one.exit) << one.code;
        EXPECT_THAT(outcome.err, HasSubstr("error: the sentence\n  /a: wrong")) << one.code;
        EXPECT_EQ(outcome.out, "") << one.code;
    }
}

TEST_F(Cli, ListsAreTablesJsonOrNames) {
    FakeServer server{socket(), 200, R"({"items":[{"id":"abc","template":"desktop","state":"ready","owner":{"subject":"ann\u001b[31m"},"host":null}],"next":null})"};
    auto table = run({"session", "list"});
    EXPECT_EQ(table.code, 0);
    EXPECT_THAT(table.out, testing::StartsWith("ID   TEMPLATE  STATE  OWNER"));
    EXPECT_THAT(table.out, HasSubstr("abc  desktop   ready"));
    EXPECT_THAT(table.out, Not(HasSubstr("\033"))) << "no colours without a terminal, no codes from names";
    EXPECT_THAT(run({"session", "list", "--no-headers"}).out, testing::StartsWith("abc"));
    EXPECT_EQ(run({"session", "list", "-o", "name"}).out, "abc\n");
    EXPECT_EQ(json::parse(run({"session", "list", "-o", "json"}).out).at(0).at("id"), "abc");
    EXPECT_THAT(server.stop(), HasSubstr("GET /api/v1/sessions?state=live&owner=all HTTP/1.1"));
}

TEST_F(Cli, RequestsAreThoseOfTheApi) {
    FakeServer server{socket(), 200, "{}"};
    EXPECT_EQ(run({"session", "start", "desktop", "--resolution", "1280x720", "--name", "a\"b"}).code, 0);
    EXPECT_EQ(run({"session", "stop", "../x", "--yes"}).code, 0);
    EXPECT_EQ(run({"session", "extend", "abc"}).code, 0);
    EXPECT_EQ(run({"host", "drain", "h", "-y"}).code, 0);
    EXPECT_EQ(run({"user", "role", "ann", "operator"}).code, 0);
    EXPECT_EQ(run({"user", "add", "bob", "--password-stdin"}, "correct horse\n").code, 0);
    auto received = server.stop();
    EXPECT_THAT(received, HasSubstr("POST /api/v1/sessions HTTP/1.1"));
    EXPECT_THAT(received, HasSubstr(R"({"template":"desktop","name":"a\"b","resolution":"1280x720"})"));
    EXPECT_THAT(received, HasSubstr("DELETE /api/v1/sessions/..%2Fx HTTP/1.1")) << "an id never leaves its place in the path";
    EXPECT_THAT(received, HasSubstr("POST /api/v1/sessions/abc/extend HTTP/1.1"));
    EXPECT_THAT(received, HasSubstr("POST /api/v1/hosts/h/drain HTTP/1.1"));
    EXPECT_THAT(received, HasSubstr("PATCH /api/v1/users/ann HTTP/1.1"));
    EXPECT_THAT(received, HasSubstr(R"({"username":"bob","role":"user","password":"correct horse"})"));
}

TEST_F(Cli, AnswersThatAreNoApiAreAFailureNotACrash) {
    for (const char* body : {"<html>", "[]", "7", "{\"items\":5}", ""}) {
        ::unlink(socket().c_str());
        FakeServer server{socket(), 200, body};
        EXPECT_EQ(run({"session", "list"}).code, 1) << body;
    }
}

TEST_F(Cli, AccountsWorkWithoutAServer) {
    EXPECT_EQ(run({"user", "add", "Ann", "--role", "admin", "--password-stdin"}, "correct horse\n").code, 0);
    struct stat facts {};
    ASSERT_EQ(::stat((program.folder() / "work/berth.db").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
    auto again = run({"user", "add", "ann", "--password-stdin"}, "correct horse\n");
    EXPECT_EQ(again.code, 5);
    EXPECT_THAT(again.err, HasSubstr("there is an account ann already"));
    EXPECT_EQ(run({"user", "add", "bob", "--password-stdin"}, "short\n").code, 2);
    EXPECT_EQ(run({"user", "add", "../x", "--password-stdin"}, "correct horse\n").code, 2);
    EXPECT_EQ(run({"user", "add", "bob", "--password-stdin"}, "").code, 2);
    EXPECT_EQ(run({"user", "add", "bob"}).code, 2) << "no terminal to ask";
    EXPECT_EQ(run({"user", "passwd", "ann", "--password-stdin"}, "battery staple\n").code, 0);
    EXPECT_EQ(run({"user", "passwd", "nobody", "--password-stdin"}, "battery staple\n").code, 3);
    EXPECT_EQ(run({"user", "disable", "ann", "--yes"}).code, 5) << "the last administrator";
    EXPECT_EQ(run({"user", "add", "bob", "--password-stdin"}, "correct horse\n").code, 0);
    EXPECT_EQ(run({"user", "disable", "bob", "--yes"}).code, 0);
    auto list = json::parse(run({"user", "list", "--json"}).out);
    ASSERT_EQ(list.as_array().size(), 2U);
    EXPECT_EQ(list.at(0).at("username"), "Ann");
    EXPECT_EQ(list.at(0).at("role"), "admin");
    EXPECT_EQ(list.at(0).at("disabled"), false);
    EXPECT_EQ(list.at(1).at("disabled"), true);
}

TEST_F(Cli, ATokenIsNotSentInTheClear) {
    program.environment["BERTH_TOKEN"] = "brt_canary";
    auto outcome = program.run({"session", "list", "--url", "http://192.0.2.1:8080"});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("not sent over plain HTTP"));
    EXPECT_THAT(outcome.err, Not(HasSubstr("canary")));
    auto file = program.write("token", "brt_canary\n");
    std::filesystem::permissions(file, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
    EXPECT_THAT(program.run({"session", "list", "--url", "https://127.0.0.1:1", "--token-file", file}).err, HasSubstr("may be read by everybody"));
}

TEST_F(Cli, HostPrepareShowsItsRules) {
    auto outcome = program.run({"host", "prepare", "--script"});
    if (outcome.code == 69) GTEST_SKIP() << "built without tools/host_prepare.sh";
    EXPECT_EQ(outcome.code, 0);
    EXPECT_THAT(outcome.out, HasSubstr("BERTH-INPUT"));
    auto rules = program.run({"host", "prepare"});
    EXPECT_EQ(rules.code, 0) << rules.err;
    EXPECT_THAT(rules.out, HasSubstr("169.254.0.0/16"));
}

TEST_F(Cli, DoctorSaysWhatIsWrongAndWhatToDo) {
    program.environment["DOCKER_HOST"] = "unix:///nowhere/docker.sock";
    auto outcome = run({"doctor", "--json"});
    EXPECT_EQ(outcome.code, 1);
    auto report = json::parse(outcome.out);
    EXPECT_EQ(report.at("ok"), false);
    bool is_engine_down = false;
    for (const auto& check : report.at("checks").as_array()) {
        bool is_bad = check.at("level") == "fail" || check.at("level") == "warn";
        EXPECT_EQ(is_bad, !check.at("remedy").as_string().empty()) << check.at("name");
        if (check.at("name") == "engine local") is_engine_down = check.at("level") == "fail";
    }
    EXPECT_TRUE(is_engine_down) << outcome.out;
}

TEST_F(Cli, DoctorChangesNothing) {
    program.environment["DOCKER_HOST"] = "unix:///nowhere/docker.sock";
    run({"doctor"});
    EXPECT_TRUE(std::filesystem::is_empty(program.folder() / "work"));
}

TEST(ExitCode, EveryErrorHasOne) {
    for (int i = 0; i <= static_cast<int>(Errc::internal); ++i) EXPECT_NE(cli::exit_for(static_cast<Errc>(i)), cli::Exit::ok);
}

TEST(Table, ColoursOnlyWhenAsked) {
    cli::Table table{{"NAME", "STATE"}};
    table.add({"a", "ready"});
    EXPECT_THAT(table.text(true, true), HasSubstr("\033[32mready\033[0m"));
    EXPECT_EQ(table.text(true, false), "NAME  STATE\na     ready\n");
}

} // namespace
} // namespace berth::test
