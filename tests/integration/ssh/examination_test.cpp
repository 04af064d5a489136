// SPDX-License-Identifier: Apache-2.0
// The way step by step, and what it says where it fails.
#include "net/deadline.hpp"
#include "ssh/examination.hpp"
#include "tests/integration/ssh/lab.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace berth::test {
namespace {

using net::Task;
using ssh::Ports;
using ssh::Step;
using ssh::StepState;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

Task<Step> ask(net::Dialer& engine, net::Executor executor, Deadline deadline) {
    Step step;
    auto stream = co_await engine.dial(executor, deadline);
    Status answered;
    if (stream)
        answered = co_await ssh::ping_engine(**stream, deadline);
    else
        answered = stream.error();
    step.state = answered ? StepState::ok : StepState::failed;
    step.text = answered ? "it answers" : answered.error().operator_text();
    step.remedy = answered ? "" : "look at it";
    co_return step;
}

class Examination : public SshLab {
protected:
    std::vector<Step>
    examine(ssh::LinkConfig config, Ports ports = Ports::needed, Milliseconds limit = 10s) {
        ssh::AskEngine question = [this](net::Dialer& engine, Deadline deadline) {
            return ask(engine, executor(), deadline);
        };
        std::vector<Step> told;
        ssh::TellStep tell = [&told](Step step) -> Task<void> {
            told.push_back(std::move(step));
            co_return;
        };
        auto steps = run(ssh::examine(
            executor(),
            *handshakes_,
            std::move(config),
            std::move(question),
            ports,
            std::move(tell),
            deadline_in(limit)
        ));
        EXPECT_EQ(shown(told), shown(steps)) << "each was told once, in their order";
        return steps;
    }
    std::vector<Step> examine() { return examine(config()); }

    static const Step& at(const std::vector<Step>& steps, const std::string& name) {
        static const Step none;
        for (const auto& step : steps)
            if (step.name == name) return step;
        ADD_FAILURE() << "there is no step " << name;
        return none;
    }
    static std::string shown(const std::vector<Step>& steps) {
        std::ostringstream text;
        for (const auto& step : steps)
            text << step.name << " " << static_cast<int>(step.state) << " " << step.took.count()
                 << " ms: " << step.text << (step.remedy.empty() ? "" : " -> " + step.remedy)
                 << "\n";
        return text.str();
    }
    // One step fails with its words and its remedy; those before it are good or not to be judged,
    // those after it were not tried.
    static void expect_failed(
        const std::vector<Step>& steps,
        const std::string& name,
        const std::string& text,
        const std::string& remedy
    ) {
        bool is_after = false;
        for (const auto& step : steps) {
            if (step.name == name) {
                is_after = true;
                EXPECT_EQ(step.state, StepState::failed) << shown(steps);
                EXPECT_NE(step.text.find(text), std::string::npos) << shown(steps);
                EXPECT_NE(step.remedy.find(remedy), std::string::npos) << shown(steps);
            } else {
                EXPECT_NE(step.state, StepState::failed) << shown(steps);
                EXPECT_EQ(step.remedy, "") << shown(steps);
            }
            if (!is_after || step.name == name) continue;
            EXPECT_EQ(step.state, StepState::skipped) << shown(steps);
            EXPECT_EQ(step.text, "not tried") << shown(steps);
        }
        EXPECT_TRUE(is_after) << shown(steps);
    }
    static void expect_good(const std::vector<Step>& steps) {
        for (const auto& step : steps)
            EXPECT_EQ(step.state, StepState::ok) << shown(steps);
    }
    // In front of our key in the server's authorized_keys.
    void set_key_options(const std::string& options) {
        std::ifstream key{sshd_->key_file() + ".pub"};
        std::string line;
        std::getline(key, line);
        std::ofstream{sshd_->folder() + "/authorized_keys", std::ios::trunc}
            << options << (options.empty() ? "" : " ") << line << "\n";
    }
    // For sshd_config: only these programs are found over there.
    std::string only(const std::vector<std::string>& programs) {
        programs_ = fs::temp_directory_path() / ("berth-examine-" + std::to_string(::getpid()));
        fs::remove_all(programs_);
        fs::create_directories(programs_);
        for (const auto& path : programs)
            fs::create_symlink(path, programs_ / fs::path{path}.filename());
        return "\nSetEnv PATH=" + programs_.string() + " SHLVL=1\n";
    }
    void TearDown() override {
        SshLab::TearDown();
        if (!programs_.empty()) fs::remove_all(programs_);
    }
    fs::path programs_;
};

TEST_F(Examination, EveryStepOfAGoodWayIsShown) {
    start();
    if (IsSkipped()) return;
    auto steps = examine();
    expect_good(steps);
    std::string names;
    for (const auto& step : steps)
        names += step.name + " ";
    EXPECT_EQ(names, "resolve tcp host_key authentication forwarding engine ports ");
    EXPECT_EQ(at(steps, "resolve").text, "127.0.0.1");
    EXPECT_EQ(at(steps, "tcp").text, "127.0.0.1 port " + std::to_string(sshd_->port()));
    EXPECT_EQ(at(steps, "host_key").text, "ssh-ed25519 " + sshd_->fingerprint());
    EXPECT_EQ(
        at(steps, "authentication").text, "user " + sshd_->user() + " with " + sshd_->key_file()
    );
    EXPECT_EQ(at(steps, "forwarding").text, "streamlocal to " + config().engine_socket);
    EXPECT_EQ(at(steps, "engine").text, "it answers");
    EXPECT_GT(at(steps, "host_key").took + at(steps, "authentication").took, 0ms);
    EXPECT_EQ(examine(config(), Ports::unused).back().name, "engine");
}

TEST_F(Examination, GoesOnAConnectionOfItsOwn) {
    start();
    if (IsSkipped()) return;
    ASSERT_TRUE(dial());
    auto before = sshd_->connections().size();
    expect_good(examine());
    EXPECT_EQ(link().report().connections, 1);
    EXPECT_TRUE(run_until(context_, [&] { return sshd_->connections().size() <= before; }))
        << sshd_->log();
    // What is in use does not hide a server that takes nobody any more.
    sshd_->stop_listening();
    expect_failed(examine(), "tcp", "refused", "port " + std::to_string(sshd_->port()));
    EXPECT_TRUE(dial());
    sshd_->restart();
}

// ---- the way to the machine --------------------------------------------------------------------

TEST_F(Examination, ANameThatNobodyKnows) {
    start();
    if (IsSkipped()) return;
    auto one = config();
    one.address.host =
        std::string(64, 'x') + ".invalid"; // too long for a label: no server need be asked
    expect_failed(examine(one), "resolve", "resolve " + one.address.host, "/etc/hosts");
}

TEST_F(Examination, AConfigurationThatSshDoesNotUnderstand) {
    start();
    if (IsSkipped()) return;
    sshd_->write_client_config("Frobnicate yes");
    expect_failed(examine(), "resolve", "robnicate", "ssh configuration");
}

TEST_F(Examination, APortWhereNobodyListens) {
    start();
    if (IsSkipped()) return;
    auto one = config();
    {
        Server gone{Service::echo, ""};
        one.address.port = gone.port();
    }
    expect_failed(examine(one), "tcp", "refused", "Start sshd on the machine");
}

TEST_F(Examination, AServerThatIsNoSshd) {
    start();
    if (IsSkipped()) return;
    Server greeter{Service::greet, ""};
    auto one = config();
    one.address.port = greeter.port();
    auto steps = examine(one);
    expect_failed(steps, "host_key", "", std::to_string(greeter.port()));
    EXPECT_EQ(at(steps, "tcp").state, StepState::ok);
}

TEST_F(Examination, AServerThatSaysNothingIsLeftAtTheDeadline) {
    start();
    if (IsSkipped()) return;
    Server silent{Service::silent, ""};
    auto one = config();
    one.address.port = silent.port();
    auto begin = std::chrono::steady_clock::now();
    expect_failed(examine(one, Ports::needed, 700ms), "host_key", "no answer in time", "hangs");
    EXPECT_LT(since(begin), 2s);
}

TEST_F(Examination, IsGivenUpWithItsConnection) {
    start();
    if (IsSkipped()) return;
    Server silent{Service::silent, ""};
    auto one = config();
    one.address.port = silent.port();
    auto going =
        [](net::Executor core, ssh::Handshakes& handshakes, ssh::LinkConfig link, Deadline deadline
        ) -> Task<void> {
        ssh::AskEngine never = [](net::Dialer&, Deadline) -> Task<Step> { co_return Step{}; };
        auto examining = ssh::examine(
            core, handshakes, std::move(link), std::move(never), Ports::needed, {}, deadline
        );
        auto steps = co_await std::move(examining);
        ADD_FAILURE() << "it was to be cancelled";
    };
    net::TaskScope scope{executor(), "test"};
    scope.spawn(going(executor(), *handshakes_, one, deadline_in(20s)));
    ASSERT_TRUE(run_until(context_, [&] { return silent.open() == 1; }));
    run(scope.stop());
    run(handshakes_->stop()); // waits for the thread that held the socket
    EXPECT_TRUE(run_until(context_, [&] { return link().report().connections == 0; }));
}

// ---- who they are, who we are ------------------------------------------------------------------

TEST_F(Examination, AnUnknownKeyIsShownAndNobodySignsIn) {
    start();
    if (IsSkipped()) return;
    sshd_->forget_key();
    expect_failed(
        examine(),
        "host_key",
        sshd_->fingerprint(),
        "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
    );
    EXPECT_EQ(sshd_->log().find("Accepted"), std::string::npos);
}

TEST_F(Examination, AChangedKeyIsShownWithTheKnownOne) {
    start();
    if (IsSkipped()) return;
    auto old = sshd_->fingerprint();
    sshd_->make_host_key();
    sshd_->restart();
    auto steps = examine();
    expect_failed(steps, "host_key", sshd_->fingerprint(), "somebody in between");
    EXPECT_NE(at(steps, "host_key").text.find(old), std::string::npos) << shown(steps);
}

TEST_F(Examination, AKeyThatIsTurnedDown) {
    start();
    if (IsSkipped()) return;
    std::ofstream{sshd_->folder() + "/authorized_keys", std::ios::trunc} << "# nobody\n";
    expect_failed(
        examine(),
        "authentication",
        sshd_->key_file() + " was not accepted",
        "authorized_keys of user " + sshd_->user()
    );
}

TEST_F(Examination, AKeyThatNeedsAPassphrase) {
    start();
    if (IsSkipped()) return;
    ASSERT_EQ(
        run_program(
            {"ssh-keygen", "-q", "-p", "-P", "", "-N", "a long passphrase", "-f", sshd_->key_file()}
        ),
        0
    );
    expect_failed(examine(), "authentication", "needs a passphrase", "agent");
}

TEST_F(Examination, NoKeyAtAll) {
    start();
    if (IsSkipped()) return;
    fs::remove(sshd_->key_file());
    expect_failed(examine(), "authentication", "no key to try", "Make a key");
}

// ---- the engine's socket -----------------------------------------------------------------------

TEST_F(Examination, ACommandInPlaceOfForwardingIsNamed) {
    if (::access("/usr/bin/socat", X_OK) != 0) GTEST_SKIP() << "NO SOCAT, NOT TESTED";
    start("AllowStreamLocalForwarding no" + only({"/usr/bin/socat"}));
    if (IsSkipped()) return;
    auto steps = examine();
    expect_good(steps);
    EXPECT_EQ(at(steps, "forwarding").text.find("socat in its place"), 0U) << shown(steps);
    EXPECT_NE(at(steps, "forwarding").text.find("AllowStreamLocalForwarding"), std::string::npos)
        << shown(steps);
}

TEST_F(Examination, NoWayToASocketThatIsThere) {
    start("AllowStreamLocalForwarding no" + only({}));
    if (IsSkipped()) return;
    expect_failed(examine(), "forwarding", "socat: ", "AllowStreamLocalForwarding yes");
}

TEST_F(Examination, AnEngineThatIsNotThere) {
    start("SetEnv SHLVL=1"); // no ~/.bashrc, which may take its time
    if (IsSkipped()) return;
    auto one = config();
    one.engine_socket = sshd_->folder() + "/nobody.sock";
    auto steps = examine(one);
    expect_failed(
        steps, "engine", "there is no socket " + one.engine_socket, "systemctl start docker"
    );
    EXPECT_EQ(at(steps, "forwarding").state, StepState::skipped) << shown(steps);
}

TEST_F(Examination, AnEngineThatHasLeftItsSocketBehind) {
    if (::access("/usr/bin/socat", X_OK) != 0) GTEST_SKIP() << "NO SOCAT, NOT TESTED";
    start(only({"/usr/bin/socat"}));
    if (IsSkipped()) return;
    engine_.reset();
    ASSERT_TRUE(fs::exists(config().engine_socket));
    expect_failed(examine(), "engine", "socat: ", "systemctl start docker");
}

TEST_F(Examination, AnEngineThatSaysNothing) {
    start();
    if (IsSkipped()) return;
    engine_.reset();
    engine_ = std::make_unique<Server>(Service::silent, config().engine_socket);
    auto steps = examine(config(), Ports::needed, 2s);
    expect_failed(steps, "engine", "", "engine's log");
    EXPECT_EQ(at(steps, "forwarding").state, StepState::ok) << shown(steps);
}

TEST_F(Examination, WhatTheEngineSaysOfItselfIsShown) {
    start();
    if (IsSkipped()) return;
    ssh::AskEngine question = [](net::Dialer&, Deadline) -> Task<Step> {
        Step step;
        step.name = "ignored";
        step.title = "Its own title";
        step.state = StepState::failed;
        step.text = "too old";
        step.remedy = "a newer one";
        co_return step;
    };
    auto steps = run(
        ssh::examine(executor(), *handshakes_, config(), std::move(question), Ports::needed, {}, soon())
    );
    expect_failed(steps, "engine", "too old", "a newer one");
    EXPECT_EQ(at(steps, "engine").title, "Its own title");
}

// ---- ports -------------------------------------------------------------------------------------

TEST_F(Examination, PortsThatAreForbidden) {
    start();
    if (IsSkipped()) return;
    set_key_options("permitopen=\"[" + config().engine_socket + "]:*\"");
    auto steps = examine();
    expect_failed(steps, "ports", "forbids forwarding to 127.0.0.1", "AllowTcpForwarding");
    EXPECT_EQ(at(steps, "forwarding").text.find("streamlocal"), 0U) << shown(steps);
}

// docs/operating.md says this of sshd (OpenSSH 9.2): what is meant for TCP decides about sockets
// too.
TEST_F(Examination, WhatTheServersSettingsLeaveOpen) {
    if (::access("/usr/bin/socat", X_OK) != 0) GTEST_SKIP() << "NO SOCAT, NOT TESTED";
    struct Row {
        const char* settings;
        const char* key_options;
        bool has_socket, has_ports;
    };
    const std::vector<Row> rows{
        {"", "restrict,port-forwarding", true, true},
        {"", "restrict", false, false},
        {"", "restrict,port-forwarding,permitopen=\"127.0.0.1:*\"", false, true},
        {"",
         "restrict,port-forwarding,permitopen=\"127.0.0.1:*\",permitopen=\"[SOCKET]:*\"",
         true,
         true},
        {"", "restrict,port-forwarding,permitlisten=\"localhost:1\"", true, true},
        {"PermitOpen any", "", true, true},
        {"PermitOpen none", "", false, false},
        {"PermitOpen 127.0.0.1:*", "", false, true},
        {"PermitListen none", "", true, true},
        {"AllowTcpForwarding no", "", false, false},
        {"AllowTcpForwarding local", "", true, true},
        {"AllowTcpForwarding remote", "", false, false},
        {"AllowStreamLocalForwarding no", "", false, true},
        {"AllowStreamLocalForwarding local", "", true, true},
        {"DisableForwarding yes", "", false, false},
        {"MaxSessions 0", "", true, true},
        {"ForceCommand /bin/false", "", true, true},
    };
    auto programs = only({"/usr/bin/socat"});
    for (const auto& row : rows) {
        SCOPED_TRACE(std::string{row.settings} + " / " + row.key_options);
        start(row.settings + programs);
        if (IsSkipped()) return;
        std::string options = row.key_options;
        if (auto at = options.find("SOCKET"); at != std::string::npos)
            options.replace(at, 6, config().engine_socket);
        set_key_options(options);
        auto steps = examine();
        auto way = at(steps, "forwarding").text;
        EXPECT_EQ(way.starts_with("streamlocal"), row.has_socket) << shown(steps);
        EXPECT_EQ(way.starts_with("socat"), !row.has_socket) << shown(steps);
        EXPECT_EQ(at(steps, "ports").state, row.has_ports ? StepState::ok : StepState::failed)
            << shown(steps);
        SshLab::TearDown();
        engine_.reset();
    }
}

// ---- by the ssh command ------------------------------------------------------------------------

class ExaminationByCommand : public Examination {
protected:
    ssh::LinkConfig by_command() {
        auto one = config();
        one.transport = ssh::Transport::openssh;
        return one;
    }
};

TEST_F(ExaminationByCommand, EveryStepOfAGoodWayIsShown) {
    start();
    if (IsSkipped()) return;
    auto steps = examine(by_command());
    expect_good(steps);
    EXPECT_EQ(at(steps, "forwarding").text, "openssh to " + config().engine_socket);
    EXPECT_TRUE(run_until(context_, [&] { return sshd_->connections().empty(); }))
        << "its connection is closed";
}

TEST_F(ExaminationByCommand, TheStepThatFailsIsFound) {
    start();
    if (IsSkipped()) return;
    auto one = by_command();
    one.engine_socket = sshd_->folder() + "/nobody.sock";
    expect_failed(examine(one), "forwarding", "open failed", "AllowStreamLocalForwarding");
    set_key_options("permitopen=\"[" + config().engine_socket + "]:*\"");
    expect_failed(examine(by_command()), "ports", "forbids forwarding", "AllowTcpForwarding");
    std::ofstream{sshd_->folder() + "/authorized_keys", std::ios::trunc} << "# nobody\n";
    expect_failed(examine(by_command()), "authentication", "Permission denied", "authorized_keys");
    sshd_->forget_key();
    expect_failed(examine(by_command()), "host_key", "verification failed", "ssh-keygen -lf");
    sshd_->stop_listening();
    expect_failed(examine(by_command()), "tcp", "refused", "Start sshd");
}

TEST_F(ExaminationByCommand, BehindAProxyTheNameAndTheConnectionAreItsBusiness) {
    start();
    if (IsSkipped()) return;
    fs::copy_file(sshd_->known_hosts(), sshd_->folder() + "/user_known_hosts");
    auto port = std::to_string(sshd_->port());
    sshd_->write_client_config(
        "Host behind\n  HostName 127.0.0.1\n  Port " + port +
        "\n  ProxyJump jump\nHost jump\n  HostName 127.0.0.1\n  Port " + port
    );
    auto one = config();
    one.address.host = "behind";
    one.address.port = 0;
    auto steps = examine(one);
    for (const auto* name : {"resolve", "tcp"}) {
        EXPECT_EQ(at(steps, name).state, StepState::skipped) << shown(steps);
        EXPECT_NE(at(steps, name).text.find("ProxyJump jump"), std::string::npos) << shown(steps);
    }
    EXPECT_EQ(at(steps, "engine").state, StepState::ok) << shown(steps);
    EXPECT_EQ(at(steps, "ports").state, StepState::ok) << shown(steps);
    one.transport = ssh::Transport::libssh;
    expect_failed(examine(one), "resolve", "libssh cannot do ProxyJump", "ssh -G");
}

TEST_F(ExaminationByCommand, IsGivenUpWithItsProcess) {
    start();
    if (IsSkipped()) return;
    sshd_->signal_all(SIGSTOP);
    auto begin = std::chrono::steady_clock::now();
    expect_failed(examine(by_command(), Ports::needed, 1s), "host_key", "", "");
    EXPECT_LT(since(begin), 3s);
    auto going =
        [](net::Executor core, ssh::Handshakes& handshakes, ssh::LinkConfig link, Deadline deadline
        ) -> Task<void> {
        ssh::AskEngine never = [](net::Dialer&, Deadline) -> Task<Step> { co_return Step{}; };
        auto examining = ssh::examine(
            core, handshakes, std::move(link), std::move(never), Ports::needed, {}, deadline
        );
        auto steps = co_await std::move(examining);
        ADD_FAILURE() << "it was to be cancelled";
    };
    net::TaskScope scope{executor(), "test"};
    scope.spawn(going(executor(), *handshakes_, by_command(), deadline_in(20s)));
    run(net::sleep_for(300ms)); // anywhere on the way
    run(scope.stop());
    run(handshakes_->stop()); // waits for the process
    sshd_->signal_all(SIGCONT);
}

} // namespace
} // namespace berth::test
