// SPDX-License-Identifier: Apache-2.0
// Servers that die, freeze, refuse and are busy.
#include "net/deadline.hpp"
#include "tests/integration/ssh/lab.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>

namespace berth::test {
namespace {

using net::Task;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class Fault : public SshLab {
protected:
    std::string text_of(const Result<net::ByteStreamPtr>& result) {
        return result ? "a stream" : result.error().operator_text();
    }
};

TEST_F(Fault, AServerThatDiesTwentyTimesIsReachedAtOnceEachTime) {
    start("MaxStartups 100");
    if (IsSkipped()) return;
    ASSERT_TRUE(dial());
    for (int i = 0; i < 20; ++i) {
        sshd_->signal_all(SIGKILL);
        sshd_->restart();
        auto begin = Clock::now();
        auto stream = dial();
        ASSERT_TRUE(stream) << "time " << i << ": " << text_of(stream);
        EXPECT_LT(Clock::now() - begin, 3s);
    }
    EXPECT_EQ(link().report().connections, 1);
}

TEST_F(Fault, NobodyWaitsLongerThanItsOwnDeadline) {
    start();
    if (IsSkipped()) return;
    sshd_->signal_all(SIGSTOP); // connections are taken by the kernel and never greeted
    auto begin = Clock::now();
    auto patient = [](ssh::HostLink& link, net::Executor executor, Deadline deadline) -> Task<void> {
        auto stream = co_await link.engine().dial(executor, deadline);
        EXPECT_FALSE(stream);
    };
    net::TaskScope scope{executor(), "patient"};
    scope.spawn(patient(link(), executor(), deadline_in(5s)));
    auto stream = run(link().engine().dial(executor(), deadline_in(300ms)));
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Errc::timed_out);
    EXPECT_LT(Clock::now() - begin, 1500ms);
    // Given up in the middle of a handshake, the link still stops at once.
    begin = Clock::now();
    run(link().stop());
    run(scope.stop());
    EXPECT_LT(Clock::now() - begin, 1s);
    sshd_->signal_all(SIGCONT);
}

TEST_F(Fault, AFrozenServerIsNoticedWithinTenSeconds) {
    start();
    if (IsSkipped()) return;
    Server silent{Service::silent, ""};
    auto stream = dial_port(silent.port());
    ASSERT_TRUE(stream) << text_of(stream);
    sshd_->signal_all(SIGSTOP);
    auto begin = Clock::now();
    char byte = 0;
    auto read = run((*stream)->read_some(boost::asio::buffer(&byte, 1)));
    EXPECT_FALSE(read);
    auto took = Clock::now() - begin;
    EXPECT_LT(took, 10s);
    EXPECT_GT(took, 5s); // one lost answer is not death
    EXPECT_TRUE(run_until(context_, [&] {
        return link().report().last_error.find("silent") != std::string::npos;
    })) << link().report().last_error;
    sshd_->signal_all(SIGCONT);
    auto again = dial_port(silent.port());
    EXPECT_TRUE(again) << text_of(again);
}

Task<void> dial_in_vain(ssh::HostLink& link, net::Executor executor, int* ended) {
    auto stream = co_await link.engine().dial(executor, deadline_in(30s));
    EXPECT_FALSE(stream);
    ++*ended;
}

TEST_F(Fault, MachinesThatDoNotAnswerHoldUpNobodyElse) {
    start();
    if (IsSkipped()) return;
    constexpr int more_than_turns = limits::ssh_handshakes + 4;
    std::vector<std::unique_ptr<Server>> servers;
    std::vector<std::unique_ptr<ssh::HostLink>> links;
    net::TaskScope scope{executor(), "vain"};
    int ended = 0;
    for (int i = 0; i < more_than_turns; ++i) {
        servers.push_back(std::make_unique<Server>(Service::silent, ""));
        auto settings = config();
        settings.address.port = servers.back()->port();
        links.push_back(std::make_unique<ssh::HostLink>(executor(), *handshakes_, std::move(settings)));
        scope.spawn(dial_in_vain(*links.back(), executor(), &ended));
    }
    auto all_are_connected = [&] {
        return std::ranges::all_of(servers, [](const auto& one) { return one->accepted() > 0; });
    };
    EXPECT_TRUE(run_until(context_, all_are_connected)) << "each has a way of its own";
    auto stream = run(link().engine().dial(executor(), deadline_in(5s)));
    EXPECT_TRUE(stream) << text_of(stream);
    EXPECT_EQ(ended, 0) << "none of them had given up";
    run(scope.stop());
    for (auto& one : links) run(one->stop());
}

TEST_F(Fault, AQuietSessionStaysUp) {
    start();
    if (IsSkipped()) return;
    auto settings = config();
    settings.session.keepalive = 60ms;
    make_link(settings);
    Server echo{Service::echo, ""};
    auto stream = dial_port(echo.port());
    ASSERT_TRUE(stream) << text_of(stream);
    run(net::sleep_for(1500ms)); // twenty-five intervals without a byte of ours
    EXPECT_EQ(exchange(**stream, "awake"), "awake");
    EXPECT_EQ(link().report().last_error, "");
}

TEST_F(Fault, AServerThatIsDownIsAnErrorAndComesBackByItself) {
    start();
    if (IsSkipped()) return;
    sshd_->signal_all(SIGKILL);
    sshd_->stop_listening();
    auto stream = dial();
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Errc::host_unreachable);
    EXPECT_EQ(link().report().state, "down");
    EXPECT_TRUE(link().report().next_try);
    // The pause after a failure is shorter than this request's patience.
    sshd_->restart();
    stream = dial();
    EXPECT_TRUE(stream) << text_of(stream);
    EXPECT_EQ(link().report().last_error, "");
}

TEST_F(Fault, ABusyServerIsAskedAgain) {
    start("MaxStartups 2:100:2\nLoginGraceTime 20");
    if (IsSkipped()) return;
    std::vector<std::unique_ptr<ssh::HostLink>> links;
    net::TaskScope scope{executor(), "busy"};
    int good = 0;
    std::string errors;
    auto enter = [](ssh::HostLink& link, net::Executor executor, Deadline deadline, int& count, std::string& why) -> Task<void> {
        auto stream = co_await link.engine().dial(executor, deadline);
        if (stream) ++count;
        else why += stream.error().operator_text() + "\n";
    };
    for (int i = 0; i < 6; ++i) {
        links.push_back(std::make_unique<ssh::HostLink>(executor(), *handshakes_, config()));
        scope.spawn(enter(*links.back(), executor(), deadline_in(20s), good, errors));
    }
    run(scope.join());
    EXPECT_EQ(good, 6) << errors;
    for (auto& one : links) run(one->stop());
}

// ---- what a server forbids --------------------------------------------------------------------------------

class Fallback : public Fault {
protected:
    // Only these programs are found over there.
    std::string only(const std::vector<std::string>& programs) {
        namespace fs = std::filesystem;
        folder_ = fs::temp_directory_path() / ("berth-path-" + std::to_string(::getpid()));
        fs::create_directories(folder_);
        for (const auto& path : programs) fs::create_symlink(path, folder_ / fs::path{path}.filename());
        return "SetEnv PATH=" + folder_.string() + " SHLVL=1";
    }
    void TearDown() override {
        SshLab::TearDown();
        if (!folder_.empty()) std::filesystem::remove_all(folder_);
    }
    void expect_way(const std::string& way) {
        for (int i = 0; i < 3; ++i) {
            auto stream = dial();
            ASSERT_TRUE(stream) << text_of(stream);
            auto answered = run(ssh::ping_engine(**stream, soon()));
            EXPECT_TRUE(answered) << describe(answered.error());
        }
        EXPECT_EQ(link().report().way, way);
        EXPECT_EQ(link().report().connections, 1);
    }
    std::filesystem::path folder_;
};

TEST_F(Fallback, ACommandInPlaceOfForwarding) {
    if (::access("/usr/bin/socat", X_OK) != 0) GTEST_SKIP() << "NO SOCAT, NOT TESTED";
    start("AllowStreamLocalForwarding no\n" + only({"/usr/bin/socat"}));
    if (IsSkipped()) return;
    expect_way("socat");
}

TEST_F(Fallback, TheNextCommandWhenOneIsMissing) {
    if (::access("/usr/bin/nc", X_OK) != 0) GTEST_SKIP() << "NO NC, NOT TESTED";
    start("AllowStreamLocalForwarding no\n" + only({"/usr/bin/nc"}));
    if (IsSkipped()) return;
    expect_way("nc");
}

TEST_F(Fallback, TheDockerCommandFirst) {
    if (run_program({"docker", "--version"}) != 0) GTEST_SKIP() << "NO DOCKER COMMAND, NOT TESTED";
    start("AllowStreamLocalForwarding no");
    if (IsSkipped()) return;
    expect_way("dial-stdio");
}

TEST_F(Fallback, OneSessionAtATimeIsEnough) {
    start("AllowStreamLocalForwarding no\nMaxSessions 1\n" + only({"/usr/bin/socat"}));
    if (IsSkipped()) return;
    net::TaskScope scope{executor(), "one"};
    int good = 0;
    std::string errors;
    auto ask = [](ssh::HostLink& link, net::Executor executor, Deadline deadline, int& count, std::string& why) -> Task<void> {
        auto stream = co_await link.engine().dial(executor, deadline);
        if (!stream) {
            why += stream.error().operator_text() + "\n";
            co_return;
        }
        auto answered = co_await ssh::ping_engine(**stream, deadline);
        if (answered) ++count;
    };
    for (int i = 0; i < 6; ++i) scope.spawn(ask(link(), executor(), deadline_in(20s), good, errors));
    run(scope.join());
    EXPECT_EQ(good, 6) << errors;
}

TEST_F(Fallback, SaysWhatEachWayAnswered) {
    start("AllowStreamLocalForwarding no\n" + only({}));
    if (IsSkipped()) return;
    auto stream = dial();
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Errc::host_unreachable);
    for (const char* part : {"forwarding to", "docker: ", "socat: ", "nc: ", "not found"})
        EXPECT_NE(text_of(stream).find(part), std::string::npos) << text_of(stream);
}

TEST_F(Fallback, AnEngineThatIsNotThereIsNamed) {
    start();
    if (IsSkipped()) return;
    auto settings = config();
    settings.engine_socket = "/nonexistent/docker.sock";
    make_link(settings);
    auto stream = dial();
    ASSERT_FALSE(stream);
    EXPECT_NE(text_of(stream).find("/nonexistent/docker.sock"), std::string::npos) << text_of(stream);
    EXPECT_EQ(link().report().state, "up"); // the machine is there
}

TEST_F(Fault, ForbiddenPortForwardingIsSaidPlainly) {
    start("AllowTcpForwarding no");
    if (IsSkipped()) return;
    Server echo{Service::echo, ""};
    auto stream = dial_port(echo.port());
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Errc::forbidden);
    EXPECT_NE(text_of(stream).find("AllowTcpForwarding"), std::string::npos) << text_of(stream);
    // sshd closes the way to unix sockets along with it: commands remain.
    if (run_program({"docker", "--version"}) != 0) return;
    auto engine = dial();
    EXPECT_TRUE(engine) << text_of(engine);
    EXPECT_EQ(link().report().way, "dial-stdio");
}

TEST_F(Fault, APortWhereNobodyListensRefuses) {
    start();
    if (IsSkipped()) return;
    std::uint16_t port = 0;
    {
        Server gone{Service::echo, ""};
        port = gone.port();
    }
    auto stream = dial_port(port);
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Errc::host_unreachable);
    EXPECT_EQ(text_of(stream).find("AllowTcpForwarding"), std::string::npos) << text_of(stream);
}

// ---- bounds -------------------------------------------------------------------------------------------------

TEST_F(Fault, NoMoreConnectionsThanAllowed) {
    start();
    if (IsSkipped()) return;
    auto settings = config();
    settings.most_connections = 2;
    make_link(settings);
    Server echo{Service::echo, ""};
    auto other = another_thread();
    ASSERT_TRUE(dial()); // control
    auto first = dial_port(echo.port());
    ASSERT_TRUE(first) << text_of(first);
    auto second = run(link().dial_port(echo.port(), other, deadline_in(500ms)));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Errc::no_capacity);
    EXPECT_EQ(link().report().connections, 2);
    // A connection without a stream makes room.
    first->reset();
    second = run(link().dial_port(echo.port(), other, deadline_in(10s)));
    EXPECT_TRUE(second) << text_of(second);
    EXPECT_EQ(link().report().connections, 2);
}

TEST_F(Fault, AnIdleConnectionIsClosed) {
    start();
    if (IsSkipped()) return;
    auto settings = config();
    settings.idle = 200ms;
    make_link(settings);
    Server echo{Service::echo, ""};
    auto other = another_thread();
    ASSERT_TRUE(dial());
    ASSERT_TRUE(run(link().dial_port(echo.port(), other, soon())));
    EXPECT_EQ(link().report().connections, 2);
    EXPECT_TRUE(run_until(context_, [&] { return link().report().connections == 1; }));
    EXPECT_EQ(link().report().last_error, "");
    EXPECT_TRUE(run(link().dial_port(echo.port(), other, soon())));
}

TEST_F(Fault, WaitsForAPlaceAmongTheChannels) {
    start();
    if (IsSkipped()) return;
    auto settings = config();
    settings.session.channels = 3;
    make_link(settings);
    Server echo{Service::echo, ""};
    std::vector<net::ByteStreamPtr> held;
    for (int i = 0; i < 3; ++i) {
        auto stream = dial_port(echo.port());
        ASSERT_TRUE(stream) << text_of(stream);
        held.push_back(std::move(*stream));
    }
    auto late = run(link().dial_port(echo.port(), executor(), deadline_in(200ms)));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), Errc::timed_out);
    held.pop_back();
    EXPECT_TRUE(dial_port(echo.port()));
}

} // namespace
} // namespace berth::test
