// SPDX-License-Identifier: Apache-2.0
#include "ssh/examination_steps.hpp"

#include <gtest/gtest.h>

#include <set>

namespace berth::ssh {
namespace {

constexpr Milliseconds a_while{7};

Target target(std::string needs = {}) {
    Target one;
    one.host = "rack-1";
    one.port = 2222;
    one.user = "berth";
    one.needs_openssh = std::move(needs);
    one.is_behind_proxy = !one.needs_openssh.empty();
    return one;
}

Outcome seen(Stage stage) {
    Outcome outcome;
    outcome.stage = stage;
    outcome.addresses = "192.0.2.7, 192.0.2.8";
    outcome.peer = "192.0.2.8";
    outcome.offered.type = "ssh-ed25519";
    outcome.offered.fingerprint = "SHA256:shown";
    outcome.identity = "/keys/id";
    return outcome;
}

Outcome failed(Stage stage, Errc code = Errc::host_unreachable) {
    auto outcome = seen(stage);
    outcome.error = Error{code, "what went wrong"};
    return outcome;
}

std::vector<Step> connection(const Outcome& outcome, const Target& to = target()) {
    Steps steps{Ports::needed};
    judge_connection(steps, outcome, to);
    return std::move(steps).take();
}

// Which step failed; empty = none.
std::string failed_one(const std::vector<Step>& steps) {
    std::string name;
    for (const auto& step : steps) {
        if (step.state == StepState::failed) name += step.name;
        EXPECT_EQ(step.state == StepState::failed, !step.remedy.empty()) << step.name;
        EXPECT_FALSE(step.text.empty()) << step.name;
        EXPECT_FALSE(step.title.empty()) << step.name;
    }
    return name;
}

TEST(ExaminationSteps, AConnectionFailsWhereItsStageSays) {
    struct Row {
        Stage stage;
        const char* step;
        std::size_t good; // steps before it
    };
    for (const auto& row :
         {Row{Stage::turn, "resolve", 0},
          Row{Stage::resolve, "resolve", 0},
          Row{Stage::tcp, "tcp", 1},
          Row{Stage::banner, "host_key", 2},
          Row{Stage::key_exchange, "host_key", 2},
          Row{Stage::host_key, "host_key", 2},
          Row{Stage::authentication, "authentication", 3},
          Row{Stage::done, "authentication", 3}}) {
        for (auto code : {Errc::host_unreachable, Errc::timed_out}) {
            auto steps = connection(failed(row.stage, code));
            EXPECT_EQ(failed_one(steps), row.step);
            for (std::size_t i = 0; i < steps.size(); ++i) {
                if (i < row.good) EXPECT_EQ(steps[i].state, StepState::ok) << steps[i].name;
                if (i > row.good) EXPECT_EQ(steps[i].text, "not tried") << steps[i].name;
            }
        }
    }
}

TEST(ExaminationSteps, AGoodConnectionShowsWhatWasSeen) {
    auto steps = connection(seen(Stage::done));
    EXPECT_EQ(failed_one(steps), "");
    EXPECT_EQ(steps[0].text, "192.0.2.7, 192.0.2.8");
    EXPECT_EQ(steps[1].text, "192.0.2.8 port 2222");
    EXPECT_EQ(steps[2].text, "ssh-ed25519 SHA256:shown");
    EXPECT_EQ(steps[3].text, "user berth with /keys/id");
    EXPECT_EQ(steps[4].state, StepState::skipped);
}

TEST(ExaminationSteps, EachRefusedKeyHasItsRemedy) {
    auto remedy = [](Errc code, KeyVerdict verdict, const char* type) {
        auto outcome = failed(Stage::host_key, code);
        outcome.check.verdict = verdict;
        outcome.offered.type = type;
        return connection(outcome)[2].remedy;
    };
    auto has = [](const std::string& text, const char* part) {
        return text.find(part) != std::string::npos;
    };
    EXPECT_TRUE(
        has(remedy(Errc::host_key_unknown, KeyVerdict::unknown, "ssh-ed25519"),
            "ssh_host_ed25519_key.pub")
    );
    EXPECT_TRUE(
        has(remedy(Errc::host_key_unknown, KeyVerdict::unknown, "ssh-rsa"), "ssh_host_rsa_key.pub")
    );
    EXPECT_TRUE(
        has(remedy(Errc::host_key_unknown, KeyVerdict::unknown, "ecdsa-sha2-nistp256"),
            "ssh_host_ecdsa_key.pub")
    );
    EXPECT_TRUE(has(
        remedy(Errc::host_key_changed, KeyVerdict::changed, "ssh-ed25519"), "somebody in between"
    ));
    EXPECT_TRUE(has(remedy(Errc::host_key_changed, KeyVerdict::revoked, "ssh-ed25519"), "@revoked")
    );
    EXPECT_TRUE(has(remedy(Errc::protocol_violation, KeyVerdict::unknown, ""), "log of sshd"));
}

TEST(ExaminationSteps, EachDenialHasItsRemedy) {
    std::set<std::string> remedies;
    for (auto denial :
         {Denial::none, Denial::no_method, Denial::no_key, Denial::locked_key, Denial::refused}) {
        auto outcome = failed(Stage::authentication);
        outcome.denial = denial;
        remedies.insert(connection(outcome)[3].remedy);
    }
    EXPECT_EQ(remedies.size(), 5U);
}

TEST(ExaminationSteps, BehindAProxyNameAndConnectionAreNotOurs) {
    auto outcome = seen(Stage::done);
    outcome.addresses.clear();
    outcome.peer.clear();
    outcome.offered = {};
    auto steps = connection(outcome, target("ProxyJump bastion"));
    EXPECT_EQ(failed_one(steps), "");
    for (std::size_t i : {0, 1}) {
        EXPECT_EQ(steps[i].state, StepState::skipped);
        EXPECT_NE(steps[i].text.find("ProxyJump bastion"), std::string::npos);
    }
    EXPECT_EQ(steps[2].state, StepState::ok);
    outcome.stage = Stage::tcp;
    outcome.error = Error{Errc::host_unreachable, "the bastion is down"};
    EXPECT_EQ(failed_one(connection(outcome, target("ProxyJump bastion"))), "tcp");
}

// ---- the way -----------------------------------------------------------------------------------

std::vector<Step> way(const WaySearch& search, Obstacle obstacle = Obstacle::none) {
    Steps steps{Ports::needed};
    judge_way(steps, search, obstacle, "/run/docker.sock", target(), a_while);
    return std::move(steps).take();
}

WaySearch found(Way one, std::string refused = {}) {
    WaySearch search;
    search.way = one;
    search.refused = std::move(refused);
    return search;
}

WaySearch nothing(std::string refused, bool is_engines_fault) {
    WaySearch search;
    search.refused = std::move(refused);
    search.is_engines_fault = is_engines_fault;
    search.error = Error{Errc::host_unreachable, "what each way said"};
    return search;
}

TEST(ExaminationSteps, TheWayIsNamed) {
    auto forwarded = way(found(Way::streamlocal));
    EXPECT_EQ(failed_one(forwarded), "");
    EXPECT_EQ(forwarded[4].text, "streamlocal to /run/docker.sock");
    EXPECT_EQ(forwarded[4].took, a_while);
    EXPECT_EQ(way(found(Way::openssh))[4].text, "openssh to /run/docker.sock");
    for (auto one : {Way::dial_stdio, Way::socat, Way::nc}) {
        auto steps = way(found(one, "prohibited"));
        EXPECT_EQ(failed_one(steps), "");
        EXPECT_EQ(steps[4].state, StepState::ok);
        EXPECT_TRUE(steps[4].text.starts_with(std::string{name_of(one)} + " in its place"))
            << steps[4].text;
        EXPECT_NE(steps[4].text.find("prohibited"), std::string::npos);
    }
}

TEST(ExaminationSteps, WithoutAWayTheOneToBlameFails) {
    EXPECT_EQ(failed_one(way(nothing("refused", false))), "forwarding");
    EXPECT_EQ(failed_one(way(nothing("", false))), "forwarding")
        << "the connection died, or time ran out";
    EXPECT_EQ(failed_one(way(nothing("refused", true))), "engine");
    auto silent = way(nothing("", true));
    EXPECT_EQ(failed_one(silent), "engine");
    EXPECT_EQ(silent[4].state, StepState::ok) << "it forwards";
    for (bool is_engines_fault : {false, true}) {
        auto absent = way(nothing("refused", is_engines_fault), Obstacle::no_socket);
        EXPECT_EQ(failed_one(absent), "engine");
        EXPECT_EQ(absent[4].state, StepState::skipped);
        EXPECT_NE(absent[5].text.find("no socket /run/docker.sock"), std::string::npos);
    }
    auto barred = way(nothing("refused", true), Obstacle::no_permission);
    EXPECT_EQ(failed_one(barred), "engine");
    EXPECT_NE(barred[5].remedy.find("usermod --append --groups docker berth"), std::string::npos);
}

TEST(ExaminationSteps, PortsAreForbiddenOrNot) {
    auto ports = [](const Status& opened) {
        Steps steps{Ports::needed};
        judge_ports(steps, opened, a_while);
        return std::move(steps).take().back();
    };
    EXPECT_EQ(ports(Status{}).state, StepState::ok);
    auto forbidden = ports(Error{Errc::forbidden, "prohibited"});
    EXPECT_EQ(forbidden.state, StepState::failed);
    EXPECT_NE(forbidden.remedy.find("AllowTcpForwarding"), std::string::npos);
    auto late = ports(Error{Errc::timed_out, "late"});
    EXPECT_EQ(late.state, StepState::failed);
    EXPECT_EQ(late.remedy.find("AllowTcpForwarding"), std::string::npos);
    EXPECT_EQ(Steps{Ports::unused}.has_failed(), false);
}

} // namespace
} // namespace berth::ssh
