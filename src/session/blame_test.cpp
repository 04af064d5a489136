// SPDX-License-Identifier: Apache-2.0
#include "session/blame.hpp"

#include <gtest/gtest.h>

namespace berth::session {
namespace {

TEST(Blame, AHostThatDoesNotAnswerOrRanOutOfItsOwnIsToBlame) {
    for (auto code : {Errc::host_unreachable, Errc::timed_out, Errc::image_missing, Errc::host_key_changed, Errc::host_key_unknown})
        EXPECT_TRUE(blames_host(Error{code, "x"}, State::probing)) << name_of(code);
    for (auto text : {
             "create: engine answered 500: write /var/lib/docker/tmp: no space left on device",
             "start: engine answered 500: mkdir: Read-only file system",
             "start: engine answered 500: failed to start shim: fork/exec: resource temporarily unavailable",
             "create: engine answered 503: the server is shutting down",
             "create: engine answered 500: could not find an available, non-overlapping IPv4 address pool",
             "start: engine answered 500: failed to create endpoint on network berth: failed to add the host (veth1) <=> sandbox (veth2) pair interfaces",
             "start: engine answered 500",
         })
        EXPECT_TRUE(blames_host(Error{Errc::engine_error, text}, State::starting)) << text;
}

// Nothing blames a host for a bad image or a bad request.
TEST(Blame, AnImageThatDoesNotStartBlamesNobody) {
    for (auto text : {
             "start: engine answered 500: OCI runtime create failed: exec: \"vnc\": executable file not found in $PATH",
             "start: engine answered 500: failed to create shim task: OCI runtime create failed: exec format error",
             "start: engine answered 500: OCI runtime create failed: unable to find user player: no matching entries in passwd file",
             "start: engine answered 500: OCI runtime create failed: exec: \"/start.sh\": stat /start.sh: no such file or directory",
             "container_died while starting: exit code 1",
             "secret: put: engine answered 404: no such container",
             "",
         })
        EXPECT_FALSE(blames_host(Error{Errc::engine_error, text}, State::starting)) << text;
    for (auto code : {Errc::invalid_input, Errc::conflict, Errc::not_found, Errc::protocol_violation, Errc::not_ready, Errc::no_capacity})
        EXPECT_FALSE(blames_host(Error{code, "no space left on device"}, State::probing)) << name_of(code);
}

// A desktop that breaks RFB is a bad image; an engine whose answer is no JSON is a bad host.
TEST(Blame, WhoeverWasTalkingBrokeTheProtocol) {
    Error nonsense{Errc::protocol_violation, "create: the engine's reply is not JSON"};
    EXPECT_TRUE(blames_host(nonsense, State::creating));
    EXPECT_TRUE(blames_host(nonsense, State::starting));
    EXPECT_FALSE(blames_host(nonsense, State::probing));
}

Attempt failed(std::string host, Errc code, std::string detail = "engine answered 500") {
    Attempt attempt;
    attempt.host = HostId{std::move(host)};
    attempt.code = code;
    attempt.detail = std::move(detail);
    return attempt;
}

TEST(Blame, OnlyHostsToBlameAreAvoided) {
    Session s;
    s.attempts = {failed("a", Errc::host_unreachable), failed("b", Errc::not_ready)};
    auto hosts = hosts_that_failed(s);
    EXPECT_EQ(hosts.avoid, std::set{HostId{"a"}});
    EXPECT_TRUE(hosts.shun.empty());
}

TEST(Blame, AnEngineThatFailedOnceIsOnlyShunned) {
    Session s;
    s.attempts = {failed("a", Errc::engine_error), failed("b", Errc::image_missing)};
    EXPECT_EQ(hosts_that_failed(s).shun, std::set{HostId{"a"}});
    EXPECT_EQ(hosts_that_failed(s).avoid, std::set{HostId{"b"}});
    s.attempts.push_back(failed("a", Errc::engine_error));
    EXPECT_EQ(hosts_that_failed(s).avoid, (std::set{HostId{"a"}, HostId{"b"}}));
    auto nonsense = failed("a", Errc::protocol_violation);
    nonsense.stage = Stage::waiting;
    s.attempts = {nonsense};
    EXPECT_TRUE(hosts_that_failed(s).shun.empty());
    s.attempts[0].stage = Stage::creating;
    EXPECT_EQ(hosts_that_failed(s).shun, std::set{HostId{"a"}});
    // What blames nobody counts for nothing.
    s.attempts = {failed("a", Errc::engine_error, "exec format error")};
    EXPECT_TRUE(hosts_that_failed(s).shun.empty());
}

} // namespace
} // namespace berth::session
