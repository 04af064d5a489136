// SPDX-License-Identifier: Apache-2.0
// `berth host`: what it asks of a server, what it makes of the answers, and the key it makes itself.
#include "tests/cli/fake_server.hpp"
#include "tests/cli/program.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace berth::test {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace json = boost::json;

class CliHost : public testing::Test {
protected:
    Outcome run(std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"--state-dir", state()});
        return program.run(std::move(arguments));
    }
    std::string state() const { return program.folder() / "work"; }
    std::string socket() const { return state() + "/berth.sock"; }
    std::string identity() const { return state() + "/ssh/id_ed25519"; }
    Program program;
};

constexpr const char* unknown_key = R"({"code":"host_key_unknown","detail":"Nobody has confirmed the key of this machine yet.",
    "host_key":{"type":"ssh-ed25519","fingerprint":"SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDXcr9cMr5TLSJuq0I"}})";

TEST_F(CliHost, RequestsAreThoseOfTheApi) {
    FakeServer server{socket(), 200, "{}"};
    EXPECT_EQ(run({"host", "show", "a/b"}).code, 0);
    EXPECT_EQ(run({"host", "add", "rack-1", "ssh://u@h", "--weight", "3", "--capacity", "40", "--memory", "64g", "--cpus", "12.5",
        "--label", "gpu=yes", "--label", "rack=b=2", "--data-path", "direct", "--transport", "openssh", "--max-connections", "5"}).code, 0);
    EXPECT_EQ(run({"host", "edit", "rack-1", "--capacity", "0", "--label", ""}).code, 0);
    EXPECT_EQ(run({"host", "maintenance", "rack-1", "--message", "A new disk", "--until", "2026-11-23T21:00:00Z", "-y"}).code, 0);
    EXPECT_EQ(run({"host", "resume", "rack-1"}).code, 0);
    EXPECT_EQ(run({"host", "pull", "rack-1", "desktop"}).code, 0);
    EXPECT_EQ(run({"host", "import-contexts", "lab"}).code, 0);
    EXPECT_EQ(run({"host", "remove", "rack-1", "-y"}).code, 0);
    auto received = server.stop();
    EXPECT_THAT(received, HasSubstr("GET /api/v1/hosts/a%2Fb HTTP/1.1"));
    EXPECT_THAT(received, HasSubstr("POST /api/v1/hosts HTTP/1.1"));
    EXPECT_THAT(received, HasSubstr(R"({"name":"rack-1","endpoint":"ssh://u@h","weight":3,"capacity_sessions":40,"max_connections":5,)"
        R"("data_path":"direct","transport":"openssh","memory_bytes":68719476736,"cpus":1.25E1,"labels":{"gpu":"yes","rack":"b=2"}})"));
    EXPECT_THAT(received, HasSubstr("PATCH /api/v1/hosts/rack-1 HTTP/1.1"));
    EXPECT_THAT(received, HasSubstr(R"({"capacity_sessions":0,"labels":{}})")) << "what was not given is not sent";
    EXPECT_THAT(received, HasSubstr("POST /api/v1/hosts/rack-1/maintenance HTTP/1.1"));
    EXPECT_THAT(received, HasSubstr(R"({"message":"A new disk","until":"2026-11-23T21:00:00.000Z"})"));
    EXPECT_THAT(received, HasSubstr("POST /api/v1/hosts/rack-1/resume HTTP/1.1"));
    EXPECT_THAT(received, HasSubstr(R"({"template":"desktop"})"));
    EXPECT_THAT(received, HasSubstr(R"({"names":["lab"]})"));
    EXPECT_THAT(received, HasSubstr("DELETE /api/v1/hosts/rack-1 HTTP/1.1"));
}

TEST_F(CliHost, EventsAreOneLineEach) {
    FakeServer server{socket(), 200, R"({"items":[
        {"seq":9,"at":"2026-11-23T21:00:00.000Z","type":"session.failed","session":"abc","from":"probing","to":"queued","actor":"","text":"waiting: timed_out: no\u001b[31m"},
        {"seq":8,"at":"2026-11-23T20:00:00.000Z","type":"host.mode","session":null,"from":"","to":"","actor":"root","text":"draining"}]})"};
    EXPECT_EQ(run({"host", "events", "a/b", "--limit", "7"}).code, 0);
    auto outcome = run({"host", "events", "rack-1"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, testing::MatchesRegex(
        "TIME +TYPE +SESSION +BY +TEXT *\n"
        "2026-11-23T21:00:00.000Z +session.failed +abc +- +waiting: timed_out: no.\\[31m *\n"
        "2026-11-23T20:00:00.000Z +host.mode +- +root +draining *\n"));
    auto received = server.stop();
    EXPECT_THAT(received, HasSubstr("GET /api/v1/hosts/a%2Fb/events?limit=7 HTTP/1.1"));
    EXPECT_THAT(received, HasSubstr("GET /api/v1/hosts/rack-1/events?limit=50 HTTP/1.1"));
}

constexpr const char* hosts_in_file = R"({"items":[
    {"name":"a","endpoint":"ssh://u@a","problem":null,"imported_as":null,"host":{"name":"a","endpoint":"ssh://u@a","max_connections":7}},
    {"name":"b","endpoint":"ssh://b","problem":null,"imported_as":"b","host":{"name":"b","endpoint":"ssh://b"}},
    {"name":"c d","endpoint":"ssh://c d","problem":"line 3: no","imported_as":null,"host":{"name":"c d","endpoint":"ssh://c d"}}]})";

TEST_F(CliHost, AHostsFileIsListedAndAddsNothing) {
    FakeServer server{socket(), 200, hosts_in_file};
    auto outcome = program.run({"host", "import", "-", "--state-dir", state()}, "workspace_hosts:\n- \"x\"\n");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("line 3: no"));
    auto received = server.stop();
    EXPECT_THAT(received, HasSubstr("POST /api/v1/hosts-file HTTP/1.1"));
    EXPECT_THAT(received, HasSubstr(R"({"text":"workspace_hosts:\n- \"x\"\n"})"));
    EXPECT_THAT(received, Not(HasSubstr("POST /api/v1/hosts HTTP/1.1")));
}

TEST_F(CliHost, AllOfAHostsFileAreThoseThatCanBeAdded) {
    FakeServer server{socket(), 200, hosts_in_file};
    EXPECT_EQ(program.run({"host", "import", "-", "--all", "--state-dir", state()}, "x").code, 0);
    auto received = server.stop();
    EXPECT_THAT(received, HasSubstr("POST /api/v1/hosts HTTP/1.1"));
    EXPECT_THAT(received, HasSubstr(R"({"name":"a","endpoint":"ssh://u@a","max_connections":7})"));
    EXPECT_THAT(received, Not(HasSubstr(R"("ssh://b"})")));
    EXPECT_THAT(received, Not(HasSubstr("c d")));
}

TEST_F(CliHost, AHostOfAFileThatIsNotThereOrCannotBeStopsTheImport) {
    FakeServer server{socket(), 200, hosts_in_file};
    EXPECT_EQ(program.run({"host", "import", "-", "a", "nowhere", "--state-dir", state()}, "x").code, 3);
    auto bad = program.run({"host", "import", "-", "a", "c d", "--state-dir", state()}, "x");
    EXPECT_EQ(bad.code, 5);
    EXPECT_THAT(bad.err, HasSubstr("line 3: no"));
    EXPECT_THAT(server.stop(), Not(HasSubstr("POST /api/v1/hosts HTTP/1.1")));
}

TEST_F(CliHost, WrongWordsAre2AndReachNoServer) {
    for (const auto& words : std::vector<std::vector<std::string>>{{"host", "add", "a"}, {"host", "edit", "a"}, {"host", "edit", "a", "--memory", "lots"},
             {"host", "edit", "a", "--cpus", "two"}, {"host", "edit", "a", "--label", "gpu"}, {"host", "maintenance", "a", "--until", "soon", "-y"},
             {"host", "events", "a", "--limit", "0"}, {"host", "events", "a", "--limit", "201"}, {"host", "events"}, {"host", "drain", "a"}, {"host", "maintenance", "a"}, {"host", "remove", "a"}, {"host", "pull", "a"},
             {"host", "add", "a", "ssh://h", "--accept-new", "--fingerprint", "SHA256:x"}, {"host", "import-contexts", "a", "--all"}, {"host", "import"}, {"host", "import", "-", "a", "--all"}, {"host", "import", "/nowhere.yml"}, {"host", "import", "/"},
             {"host", "import", "-"}, {"host", "import", "/dev/zero"},
             {"host", "key", "tcp://h:1"}, {"host", "key", "ssh://-oProxyCommand=x"}, {"host", "key", "ssh://h;id"}}) {
        auto outcome = run(words);
        EXPECT_EQ(outcome.code, 2) << testing::PrintToString(words) << outcome.err;
        EXPECT_EQ(outcome.out, "") << testing::PrintToString(words);
    }
    EXPECT_FALSE(std::filesystem::exists(identity()));
}

TEST_F(CliHost, AnUnknownKeyIsShownAndNeverTakenInSilence) {
    FakeServer server{socket(), 409, unknown_key};
    for (const auto& more : std::vector<std::vector<std::string>>{{}, {"--yes"}}) {
        std::vector<std::string> words{"host", "add", "rack-1", "ssh://h"};
        words.insert(words.end(), more.begin(), more.end());
        auto outcome = run(words);
        EXPECT_EQ(outcome.code, 5);
        EXPECT_THAT(outcome.err, HasSubstr("ssh-ed25519 SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDXcr9cMr5TLSJuq0I"));
        EXPECT_THAT(outcome.err, HasSubstr("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"));
        EXPECT_THAT(outcome.err, HasSubstr("--fingerprint SHA256:uNiV"));
    }
    EXPECT_THAT(server.stop(), Not(HasSubstr("accept_host_key")));
}

TEST_F(CliHost, AKeyIsTakenByItsFingerprintOrByIntention) {
    {
        FakeServer server{socket(), 409, unknown_key};
        EXPECT_EQ(run({"host", "add", "rack-1", "ssh://h", "--accept-new"}).code, 5) << "this server never agrees";
        EXPECT_THAT(server.stop(), HasSubstr(R"("accept_host_key":"SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDXcr9cMr5TLSJuq0I")"));
    }
    ::unlink(socket().c_str());
    FakeServer server{socket(), 201, R"({"name":"rack-1","state":"up"})"};
    EXPECT_EQ(run({"host", "add", "rack-1", "ssh://h", "--fingerprint", "SHA256:mine"}).code, 0);
    EXPECT_THAT(server.stop(), HasSubstr(R"("accept_host_key":"SHA256:mine")")) << "at once, so that nothing comes in between";
}

TEST_F(CliHost, AChangedKeyNeedsItsFingerprint) {
    FakeServer server{socket(), 200, R"({"name":"rack-1","host_key":{"status":"changed","type":"ssh-ed25519","fingerprint":"SHA256:new","known_fingerprint":"SHA256:old"}})"};
    auto outcome = run({"host", "accept-key", "rack-1", "--accept-new"});
    EXPECT_EQ(outcome.code, 5);
    EXPECT_THAT(outcome.err, HasSubstr("ATTENTION"));
    EXPECT_THAT(outcome.err, HasSubstr("SHA256:old"));
    EXPECT_EQ(run({"host", "accept-key", "rack-1", "--fingerprint", "SHA256:other"}).code, 5);
    EXPECT_EQ(run({"host", "accept-key", "rack-1", "--yes"}).code, 5);
    EXPECT_EQ(run({"host", "accept-key", "rack-1", "--fingerprint", "SHA256:new"}).code, 0);
    auto received = server.stop();
    EXPECT_THAT(received, HasSubstr("POST /api/v1/hosts/rack-1/host-key HTTP/1.1"));
    EXPECT_EQ(received.find("host-key HTTP"), received.rfind("host-key HTTP")) << "only the right one was sent";
}

TEST_F(CliHost, AFailedStepIs1WithItsRemedy) {
    FakeServer server{socket(), 200, R"({"host":{"name":"a","endpoint":"ssh://desk@rack-1"},"steps":[
        {"name":"tcp","title":"The machine answers","state":"ok","ms":3,"text":"10.0.0.7 port 22","remedy":null},
        {"name":"authentication","title":"It lets us in","state":"failed","ms":40,"text":"publickey was refused\u001b[2J","remedy":"put the key there"},
        {"name":"engine","title":"The engine answers","state":"skipped","ms":0,"text":"","remedy":null}]})"};
    auto outcome = run({"host", "test", "a"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.out, HasSubstr("ok  The machine answers  3 ms: 10.0.0.7 port 22\n"));
    EXPECT_THAT(outcome.out, HasSubstr("failed  It lets us in  40 ms: publickey was refused"));
    EXPECT_THAT(outcome.out, HasSubstr("→ put the key there\n        berth host key ssh://desk@rack-1\n"));
    EXPECT_THAT(outcome.out, HasSubstr("skipped  The engine answers\n"));
    EXPECT_THAT(outcome.out, Not(HasSubstr("\033")));
    auto with_json = run({"host", "test", "a", "--json"});
    EXPECT_EQ(with_json.code, 1);
    EXPECT_EQ(json::parse(with_json.out).at("steps").as_array().size(), 3U);
}

TEST_F(CliHost, ATestWithoutAFailedStepIs0) {
    FakeServer server{socket(), 200, R"({"host":{},"steps":[{"name":"engine","title":"It answers","state":"ok","ms":1,"text":"","remedy":null}]})"};
    EXPECT_EQ(run({"host", "test", "a"}).code, 0);
}

TEST_F(CliHost, TheKeyIsMadeOnceAndOnlyForItsOwner) {
    auto first = run({"host", "key", "--json"});
    if (first.code == 69) GTEST_SKIP() << "no ssh-keygen here";
    ASSERT_EQ(first.code, 0) << first.err;
    auto report = json::parse(first.out);
    std::string line{report.at("public_key").as_string()};
    EXPECT_THAT(line, testing::StartsWith("ssh-ed25519 AAAA"));
    EXPECT_THAT(std::string{report.at("authorized_keys").as_string()}, testing::StartsWith("restrict,port-forwarding ssh-ed25519 "));
    struct stat facts {};
    ASSERT_EQ(::stat(identity().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
    ASSERT_EQ(::stat((state() + "/ssh").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0700U);
    EXPECT_EQ(json::parse(run({"host", "key", "--json"}).out).at("public_key").as_string(), line) << "the second call makes none";
    EXPECT_EQ(run({"host", "key", "--new"}).code, 5);
    auto text = run({"host", "key", "ssh://desk@rack-1.example.org:2222"});
    EXPECT_EQ(text.out, line + "\n") << "the key alone, for pipes";
    EXPECT_THAT(text.err, HasSubstr("usermod --append --groups docker desk"));
    EXPECT_THAT(text.err, HasSubstr("berth host add NAME ssh://desk@rack-1.example.org:2222"));
    EXPECT_THAT(text.err, HasSubstr("root on that machine"));
    EXPECT_THAT(run({"host", "key", "ssh://root@h"}).err, Not(HasSubstr("useradd")));
}

} // namespace
} // namespace berth::test
