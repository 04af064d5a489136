// SPDX-License-Identifier: Apache-2.0
// Who they are and who we are: host keys, our keys, the agent.
#include "tests/integration/ssh/lab.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <openssl/evp.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

extern char** environ;

namespace berth::test {
namespace {

using ssh::KeyState;
using namespace std::chrono_literals;

class Keys : public SshLab {
protected:
    std::string text_of(const Result<net::ByteStreamPtr>& result) {
        return result ? "a stream" : result.error().operator_text();
    }
    // A configuration without a key file.
    void use_agent(const std::string& socket) {
        std::ofstream file{sshd_->config_file(), std::ios::trunc};
        file << "Host *\n  IdentityFile none\n  IdentityAgent " << socket << "\n  UserKnownHostsFile /dev/null\n  GlobalKnownHostsFile /dev/null\n";
        file.close();
        make_link(config());
    }
    std::string client_blob() {
        std::ifstream file{sshd_->key_file() + ".pub"};
        std::string type, blob;
        file >> type >> blob;
        std::string bytes(blob.size(), '\0');
        auto n = EVP_DecodeBlock(
            reinterpret_cast<unsigned char*>(bytes.data()),
            reinterpret_cast<const unsigned char*>(blob.data()),
            static_cast<int>(blob.size())
        );
        bytes.resize(static_cast<std::size_t>(n - std::count(blob.end() - 2, blob.end(), '=')));
        return bytes;
    }
};

TEST_F(Keys, AnUnknownHostKeyIsAnErrorWithItsFingerprint) {
    start();
    if (IsSkipped()) return;
    sshd_->forget_key();
    auto stream = dial();
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Errc::host_key_unknown);
    EXPECT_NE(text_of(stream).find("ssh-ed25519 " + sshd_->fingerprint()), std::string::npos) << text_of(stream);
    auto report = link().report();
    EXPECT_EQ(report.key, KeyState::unknown);
    EXPECT_EQ(report.offered.fingerprint, sshd_->fingerprint());
    EXPECT_EQ(report.state, "down");
    // Nothing was sent to it, not even who we are.
    EXPECT_EQ(sshd_->log().find("Accepted"), std::string::npos);
    EXPECT_EQ(sshd_->log().find("for root"), std::string::npos) << sshd_->log();
}

TEST_F(Keys, AConfirmedKeyIsKeptAndUsedAtOnce) {
    start();
    if (IsSkipped()) return;
    sshd_->forget_key();
    EXPECT_FALSE(dial());
    auto wrong = run(link().accept_key("SHA256:somethingelse", soon()));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code(), Errc::conflict);
    EXPECT_FALSE(dial());
    auto accepted = run(link().accept_key(sshd_->fingerprint(), soon()));
    ASSERT_TRUE(accepted) << describe(accepted.error());
    auto stream = dial();
    EXPECT_TRUE(stream) << text_of(stream);
    EXPECT_EQ(link().report().key, KeyState::ok);
    struct stat info {};
    ASSERT_EQ(::stat(sshd_->known_hosts().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600U);
}

TEST_F(Keys, AChangedKeyIsRefusedUntilItIsAccepted) {
    start();
    if (IsSkipped()) return;
    ASSERT_TRUE(dial());
    auto old = sshd_->fingerprint();
    auto asked = engine_->accepted();
    sshd_->make_host_key();
    sshd_->kill_connections();
    sshd_->restart();
    auto stream = dial();
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Errc::host_key_changed);
    EXPECT_NE(text_of(stream).find(old), std::string::npos);
    EXPECT_NE(text_of(stream).find(sshd_->fingerprint()), std::string::npos);
    EXPECT_EQ(engine_->accepted(), asked); // no byte for the engine went to the new key
    auto report = link().report();
    EXPECT_EQ(report.key, KeyState::changed);
    EXPECT_EQ(report.known.fingerprint, old);
    EXPECT_EQ(report.offered.fingerprint, sshd_->fingerprint());
    ASSERT_TRUE(run(link().accept_key(sshd_->fingerprint(), soon())));
    EXPECT_TRUE(dial());
    ASSERT_TRUE(run(link().forget_key(soon())));
    sshd_->kill_connections();
    EXPECT_TRUE(run_until(context_, [&] { return link().report().state != "up"; }));
    stream = dial();
    EXPECT_FALSE(stream);
}

TEST_F(Keys, TheUsersFileCountsWhereOursSaysNothing) {
    start();
    if (IsSkipped()) return;
    std::filesystem::rename(sshd_->known_hosts(), sshd_->folder() + "/user_known_hosts");
    EXPECT_TRUE(dial());
}

TEST_F(Keys, AKeyThatIsNotAcceptedSaysSo) {
    start();
    if (IsSkipped()) return;
    std::ofstream{sshd_->folder() + "/authorized_keys", std::ios::trunc} << "# nobody\n";
    auto stream = dial();
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Errc::host_unreachable);
    EXPECT_NE(text_of(stream).find("was not accepted"), std::string::npos) << text_of(stream);
    // No .pub is written beside a key by looking at it.
    std::filesystem::remove(sshd_->key_file() + ".pub");
    EXPECT_FALSE(dial());
    EXPECT_FALSE(std::filesystem::exists(sshd_->key_file() + ".pub"));
}

TEST_F(Keys, AnEncryptedKeyAsksForTheAgentAndNobodyElse) {
    start();
    if (IsSkipped()) return;
    ASSERT_EQ(run_program({"ssh-keygen", "-q", "-p", "-P", "", "-N", "a long passphrase", "-f", sshd_->key_file()}), 0);
    auto stream = dial();
    ASSERT_FALSE(stream);
    EXPECT_NE(text_of(stream).find("needs a passphrase"), std::string::npos) << text_of(stream);
}

// ---- agents ---------------------------------------------------------------------------------------------

TEST_F(Keys, TheAgentsKeyOpens) {
    start();
    if (IsSkipped()) return;
    auto socket = sshd_->folder() + "/agent.sock";
    std::string key = sshd_->key_file();
    char program[] = "ssh-agent", quiet[] = "-D", at[] = "-a";
    char* words[] = {program, quiet, at, socket.data(), nullptr};
    pid_t agent = -1;
    ASSERT_EQ(::posix_spawnp(&agent, program, nullptr, nullptr, words, environ), 0);
    ASSERT_TRUE(run_until(context_, [&] { return std::filesystem::exists(socket); }));
    EXPECT_EQ(run_program({"env", "SSH_AUTH_SOCK=" + socket, "ssh-add", "-q", key}), 0);
    use_agent(socket);
    auto stream = dial();
    EXPECT_TRUE(stream) << text_of(stream);
    ::kill(agent, SIGKILL);
    ::waitpid(agent, nullptr, 0);
}

TEST_F(Keys, AFrozenAgentIsLeftOut) {
    start();
    if (IsSkipped()) return;
    Server frozen{Service::silent, sshd_->folder() + "/agent.sock"};
    use_agent(sshd_->folder() + "/agent.sock");
    auto begin = std::chrono::steady_clock::now();
    auto stream = dial();
    ASSERT_FALSE(stream);
    EXPECT_NE(text_of(stream).find("the agent does not answer"), std::string::npos) << text_of(stream);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 6s);
}

TEST_F(Keys, AnAgentThatFreezesWhileItSignsIsGivenUpAtTheDeadline) {
    start();
    if (IsSkipped()) return;
    Server agent{Service::agent, sshd_->folder() + "/agent.sock", client_blob()};
    use_agent(sshd_->folder() + "/agent.sock");
    auto begin = std::chrono::steady_clock::now();
    auto stream = run(link().engine().dial(executor(), deadline_in(1s)));
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), Errc::timed_out) << text_of(stream);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
    // The thread that waits for it comes back when nobody wants the connection any more.
    run(link().stop());
    run(handshakes_->stop());
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
}

} // namespace
} // namespace berth::test
