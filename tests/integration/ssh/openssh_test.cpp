// SPDX-License-Identifier: Apache-2.0
// The way by an OpenSSH child.
#include "net/deadline.hpp"
#include "ssh/client_config.hpp"
#include "tests/integration/ssh/lab.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace berth::test {
namespace {

using namespace std::chrono_literals;

class Openssh : public SshLab {
protected:
    void start_openssh(std::string settings = {}) {
        start(std::move(settings));
        if (IsSkipped()) return;
        auto one = config();
        one.transport = ssh::Transport::openssh;
        make_link(one);
    }
    std::string text_of(const Result<net::ByteStreamPtr>& result) {
        return result ? "a stream" : result.error().operator_text();
    }
    // The user's own file: for a jump host, whose keys are ssh's business.
    void trust_for_user() {
        std::filesystem::copy_file(sshd_->known_hosts(), sshd_->folder() + "/user_known_hosts");
    }
};

TEST_F(Openssh, ReachesEngineAndPorts) {
    start_openssh();
    if (IsSkipped()) return;
    auto stream = dial();
    ASSERT_TRUE(stream) << text_of(stream);
    EXPECT_TRUE(run(ssh::ping_engine(**stream, soon())));
    EXPECT_EQ(link().report().way, "openssh");
    EXPECT_EQ(link().report().key, ssh::KeyState::ok);
    Server echo{Service::echo, ""};
    auto other = another_thread();
    for (int i = 0; i < 3; ++i) {
        auto port = run(link().dial_port(echo.port(), other, soon()));
        ASSERT_TRUE(port) << text_of(port);
        EXPECT_EQ(run(net::run_on(other, converse(**port, "hello"))), "hello");
    }
    EXPECT_EQ(link().report().connections, 1);
}

TEST_F(Openssh, IsChosenForAJumpHost) {
    start();
    if (IsSkipped()) return;
    trust_for_user();
    auto port = std::to_string(sshd_->port());
    sshd_->write_client_config(
        "Host behind\n  HostName 127.0.0.1\n  Port " + port + "\n  ProxyJump jump\nHost jump\n  HostName 127.0.0.1\n  Port " + port
    );
    auto settings = config();
    settings.address.host = "behind";
    settings.address.port = 0;
    make_link(settings);
    auto stream = dial();
    ASSERT_TRUE(stream) << text_of(stream);
    EXPECT_EQ(link().report().way, "openssh");
    EXPECT_NE(link().report().why_openssh.find("ProxyJump"), std::string::npos);
    // Asked for libssh in so many words, it is refused with the reason.
    settings.transport = ssh::Transport::libssh;
    make_link(settings);
    stream = dial();
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Errc::invalid_input);
}

TEST_F(Openssh, AnUnknownHostKeyIsRefusedAndCanBeAccepted) {
    start_openssh();
    if (IsSkipped()) return;
    sshd_->forget_key();
    auto stream = dial();
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Errc::host_key_unknown) << text_of(stream);
    EXPECT_EQ(link().report().key, ssh::KeyState::unknown);
    EXPECT_EQ(link().report().offered.fingerprint, sshd_->fingerprint());
    EXPECT_EQ(sshd_->log().find("Accepted"), std::string::npos);
    ASSERT_TRUE(run(link().accept_key(sshd_->fingerprint(), soon())));
    stream = dial();
    EXPECT_TRUE(stream) << text_of(stream);
}

TEST_F(Openssh, AChangedHostKeyIsRefused) {
    start_openssh();
    if (IsSkipped()) return;
    trust_for_user();
    ASSERT_TRUE(dial());
    auto old = sshd_->fingerprint();
    sshd_->make_host_key();
    sshd_->signal_all(SIGKILL);
    sshd_->restart();
    EXPECT_TRUE(run_until(context_, [&] { return link().report().state != "up"; }));
    auto stream = dial();
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Errc::host_key_changed) << text_of(stream);
    EXPECT_EQ(link().report().known.fingerprint, old);
    EXPECT_EQ(link().report().offered.fingerprint, sshd_->fingerprint());
}

TEST_F(Openssh, ADeadConnectionIsMadeAnew) {
    start_openssh("MaxStartups 100");
    if (IsSkipped()) return;
    ASSERT_TRUE(dial());
    for (int i = 0; i < 3; ++i) {
        sshd_->signal_all(SIGKILL);
        sshd_->restart();
        // Until its end is noticed, requests may still fall into the old process.
        EXPECT_TRUE(run_until(context_, [&] { return link().report().state != "up"; }));
        auto stream = dial();
        ASSERT_TRUE(stream) << text_of(stream);
    }
}

TEST_F(Openssh, LeavesNothingBehind) {
    auto folders = [] {
        int count = 0;
        for (const auto& entry : std::filesystem::directory_iterator{"/tmp"})
            count += entry.path().filename().string().starts_with("berth-ssh-");
        return count;
    };
    std::size_t before = 0;
    // The first time some things are made that stay for the whole process.
    for (int turn = 0; turn < 3; ++turn) {
        if (turn == 1) before = open_descriptors();
        start_openssh();
        if (IsSkipped()) return;
        ASSERT_TRUE(dial());
        auto with = folders();
        run(link().stop());
        EXPECT_LT(folders(), with);
        TearDown();
        engine_.reset();
    }
    EXPECT_LE(open_descriptors(), before);
}

TEST_F(Openssh, SaysWhySshFailed) {
    start_openssh();
    if (IsSkipped()) return;
    std::ofstream{sshd_->folder() + "/authorized_keys", std::ios::trunc} << "# nobody\n";
    auto stream = dial();
    ASSERT_FALSE(stream);
    EXPECT_NE(text_of(stream).find("Permission denied"), std::string::npos) << text_of(stream);
}

} // namespace
} // namespace berth::test
