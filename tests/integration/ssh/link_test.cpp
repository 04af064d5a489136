// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/ssh/lab.hpp"

#include "net/http_client.hpp"

namespace berth::test {
namespace {

using Link = SshLab;

TEST_F(Link, ReachesTheEngineByForwarding) {
    start();
    if (IsSkipped()) return;
    auto stream = dial();
    ASSERT_TRUE(stream) << describe(stream.error());
    EXPECT_EQ(link().report().way, "streamlocal");
    EXPECT_EQ(link().report().state, "up");
    EXPECT_EQ(link().report().key, ssh::KeyState::ok);
}

TEST_F(Link, CarriesHttpAndKeepsConnections) {
    start();
    if (IsSkipped()) return;
    net::HttpClient client{executor(), link().engine(), {}};
    for (int i = 0; i < 20; ++i) {
        net::HttpRequest request{"GET", "/_ping"};
        auto reply = run(client.exchange(std::move(request), soon()));
        ASSERT_TRUE(reply) << describe(reply.error());
        EXPECT_EQ(reply->body, "OK");
    }
    EXPECT_EQ(engine_->accepted(), 2); // the look for a way, and one that was kept
    client.drop_idle();
}

TEST_F(Link, ReachesAPortOnAConnectionOfItsOwn) {
    start();
    if (IsSkipped()) return;
    Server echo{Service::echo, ""};
    auto stream = dial_port(echo.port());
    ASSERT_TRUE(stream) << describe(stream.error());
    EXPECT_EQ(exchange(**stream, "hello desktop"), "hello desktop");
    EXPECT_EQ((*stream)->peer(), "127.0.0.1");
    ASSERT_TRUE(dial());
    EXPECT_EQ(link().report().connections, 2);
}

} // namespace
} // namespace berth::test
