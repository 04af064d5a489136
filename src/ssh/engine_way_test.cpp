// SPDX-License-Identifier: Apache-2.0
#include "ssh/engine_way.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace berth::ssh {
namespace {

constexpr std::array every_way{
    Way::none, Way::streamlocal, Way::dial_stdio, Way::socat, Way::nc, Way::openssh};

TEST(EngineWay, EveryWayHasANameOfItsOwn) {
    std::set<std::string_view> names;
    for (auto way : every_way)
        names.insert(name_of(way));
    EXPECT_EQ(names.size(), every_way.size());
    EXPECT_EQ(name_of(Way::none), "");
}

TEST(EngineWay, CommandsAreFixedTextAndAPlainPath) {
    EXPECT_EQ(command_for(Way::dial_stdio, "/var/run/docker.sock"), "docker system dial-stdio");
    EXPECT_EQ(
        command_for(Way::dial_stdio, "/run/user/1000/docker.sock"),
        "docker -H unix:///run/user/1000/docker.sock system dial-stdio"
    );
    EXPECT_EQ(command_for(Way::socat, "/run/docker.sock"), "socat - UNIX-CONNECT:/run/docker.sock");
    EXPECT_EQ(command_for(Way::nc, "/run/docker.sock"), "nc -U /run/docker.sock");
    for (auto way : {Way::none, Way::streamlocal, Way::openssh})
        EXPECT_EQ(command_for(way, "/run/docker.sock"), "");
}

TEST(EngineWay, NoPathThatMeansSomethingToAShellIsPutIntoACommand) {
    for (const char* path : {"",           "run/docker.sock",
                             "/a b",       "/a;reboot",
                             "/$(reboot)", "/`x`",
                             "/a'b",       "/a\"b",
                             "/a\nb",      "/a|b",
                             "/a&b",       "/a>b",
                             "/a\\b",      "/a*b",
                             "/a?b",       "/~b",
                             "/a,b",       "/a:b",
                             "/a%b",       "/\xc3\xa4",
                             "-/a"}) {
        EXPECT_FALSE(is_plain_path(path)) << path;
        for (auto way : every_way)
            EXPECT_EQ(command_for(way, path), "") << path;
    }
    std::string with_end{"/a\0b", 4};
    EXPECT_FALSE(is_plain_path(with_end));
    for (const char* path : {"/", "/run/docker.sock", "/run/user/1000/docker-2_x.sock"})
        EXPECT_TRUE(is_plain_path(path)) << path;
}

} // namespace
} // namespace berth::ssh
