// SPDX-License-Identifier: Apache-2.0
#include "ssh/examination_steps.hpp"

#include <algorithm>
#include <array>

namespace berth::ssh {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 7> places{{
    {"resolve", "Find the machine's address"},
    {"tcp", "Connect"},
    {"host_key", "Host key"},
    {"authentication", "Sign in"},
    {"forwarding", "Forward the engine's socket"},
    {"engine", "The engine answers"},
    {"ports", "Forward a port of its loopback"},
}};
constexpr const char* not_tried = "not tried";
constexpr const char* settings =
    "AllowTcpForwarding, AllowStreamLocalForwarding, PermitOpen, and permitopen of the key";
constexpr const char* unjudged = "cannot be judged without an engine";

// Remedies that do not depend on what was seen.
constexpr const char* see_log = "Try again, and see the log of sshd there (journalctl -u ssh).";
constexpr const char* let_forward =
    "In sshd_config there: AllowTcpForwarding yes, AllowStreamLocalForwarding yes, no "
    "PermitOpen; in front of the key in authorized_keys port-forwarding beside restrict, no "
    "permitopen. Or give the account the docker command.";
constexpr const char* let_ports =
    "In sshd_config there: AllowTcpForwarding yes or local, no PermitOpen, no "
    "DisableForwarding; in front of the key in authorized_keys port-forwarding beside "
    "restrict, no permitopen.";
constexpr const char* start_engine =
    "Start the engine there (systemctl start docker), or name its socket: "
    "ssh://user@machine/path/to/docker.sock";
constexpr const char* see_engine = "See the engine's log there (journalctl -u docker): its "
                                   "socket takes connections, and no answer comes.";

std::string port_of(const Target& target) {
    return "port " + std::to_string(target.port);
}

std::string key_command(const std::string& type) {
    const char* name = type.starts_with("ecdsa") ? "ecdsa" : type == "ssh-rsa" ? "rsa" : "ed25519";
    return std::string{"ssh-keygen -lf /etc/ssh/ssh_host_"} + name + "_key.pub";
}

std::string remedy_before_the_key(const Outcome& outcome, const Target& target) {
    switch (outcome.stage) {
    case Stage::turn:
        return "Try again: as many connections are being made at once as this program makes.";
    case Stage::resolve:
        return "Correct the machine's name, or make it known: DNS, /etc/hosts, HostName in the "
               "ssh configuration of this account.";
    case Stage::tcp:
        return "Start sshd on the machine, and let " + port_of(target) +
               " through the firewalls on the way.";
    case Stage::key_exchange:
        return "See the log of sshd there (journalctl -u ssh): no current key exchange, cipher "
               "or kind of host key is common to both sides, or what listens is no sshd.";
    case Stage::banner:
    case Stage::host_key:
    case Stage::authentication:
    case Stage::done:
        break;
    }
    if (outcome.error->code() == Errc::timed_out)
        return "Look at what listens at " + port_of(target) +
               ": an sshd that hangs, or another service.";
    return "Look at what listens at " + port_of(target) +
           ": another service, or an sshd that is busy (MaxStartups) or bars this machine.";
}

std::string remedy_for_the_key(const Outcome& outcome) {
    auto compare = "compare it on the machine itself (" + key_command(outcome.offered.type) + ")";
    if (outcome.check.verdict == KeyVerdict::revoked)
        return "The key must not be used any more (@revoked in a known_hosts file): give the "
               "machine a new one.";
    if (outcome.error->code() == Errc::host_key_changed)
        return "A machine that was installed anew shows a new key, and so does somebody in "
               "between: " +
               compare + ", and confirm it only then.";
    if (outcome.error->code() == Errc::host_key_unknown)
        return "Confirm the key: " + compare + " first.";
    return "See the log of sshd there (journalctl -u ssh).";
}

std::string remedy_for_the_sign_in(const Outcome& outcome, const Target& target) {
    auto into_file =
        "put the public half into ~/.ssh/authorized_keys of user " + target.user + " there";
    switch (outcome.denial) {
    case Denial::no_method:
        return "Set PubkeyAuthentication yes in sshd_config there.";
    case Denial::no_key:
        return "Make a key for this server, and " + into_file + ".";
    case Denial::locked_key:
        return "Load the key into an agent, or make one without a passphrase and " + into_file +
               ".";
    case Denial::refused:
        return "Check the user's name, and " + into_file +
               "; only that user may be able to write the file and its folders. sshd's log "
               "there (journalctl -u ssh) says why a key is turned down.";
    case Denial::none:
        break;
    }
    return see_log;
}

} // namespace

// ---- the list ----------------------------------------------------------------------------------

Steps::Steps(Ports ports) {
    for (const auto& [name, title] : places) {
        Step step;
        step.name = name;
        step.title = title;
        step.text = not_tried;
        steps_.push_back(std::move(step));
    }
    if (ports == Ports::unused) steps_.pop_back();
}

void Steps::pass(Place place, Milliseconds took, std::string text) {
    auto& step = at(place);
    step.state = StepState::ok;
    step.took = took;
    step.text = std::move(text);
}

void Steps::fail(Place place, Milliseconds took, std::string text, std::string remedy) {
    auto& step = at(place);
    step.state = StepState::failed;
    step.took = took;
    step.text = std::move(text);
    step.remedy = std::move(remedy);
}

void Steps::skip(Place place, std::string why) {
    at(place).text = std::move(why);
}

void Steps::put(Place place, Step seen) {
    auto& step = at(place);
    seen.name = std::move(step.name);
    if (seen.title.empty()) seen.title = std::move(step.title);
    step = std::move(seen);
}

bool Steps::has_failed() const noexcept {
    return std::ranges::any_of(steps_, [](const Step& step) {
        return step.state == StepState::failed;
    });
}

std::optional<Step> Steps::next_decided(bool is_end) {
    auto from = steps_.begin() + static_cast<std::ptrdiff_t>(told_);
    auto is_open = std::none_of(from, steps_.end(), [](const Step& step) { return step.state != StepState::skipped; });
    if (from == steps_.end() || (is_open && !is_end)) return std::nullopt;
    ++told_;
    return *from;
}

std::vector<Step> Steps::take() && {
    return std::move(steps_);
}

// ---- what was seen -----------------------------------------------------------------------------

void judge_connection(Steps& steps, const Outcome& outcome, const Target& target) {
    auto fail = [&](Place place, Milliseconds took, std::string remedy) {
        steps.fail(place, took, outcome.error->operator_text(), std::move(remedy));
    };
    auto pass = [&](Place place, Milliseconds took, std::string text) {
        if (text.empty())
            steps.skip(place, "the ssh command goes through " + target.needs_openssh);
        else
            steps.pass(place, took, std::move(text));
    };
    auto has_failed_before = [&](Stage stage) { return outcome.error && outcome.stage <= stage; };
    if (has_failed_before(Stage::resolve))
        return fail(Place::resolve, outcome.resolve, remedy_before_the_key(outcome, target));
    pass(Place::resolve, outcome.resolve, outcome.addresses);
    if (has_failed_before(Stage::tcp))
        return fail(Place::tcp, outcome.tcp, remedy_before_the_key(outcome, target));
    pass(Place::tcp, outcome.tcp, outcome.peer.empty() ? "" : outcome.peer + " " + port_of(target));
    if (has_failed_before(Stage::key_exchange))
        return fail(Place::host_key, outcome.key_exchange, remedy_before_the_key(outcome, target));
    if (has_failed_before(Stage::host_key))
        return fail(Place::host_key, outcome.key_exchange, remedy_for_the_key(outcome));
    const auto& key = outcome.offered;
    steps.pass(
        Place::host_key,
        outcome.key_exchange,
        key.type.empty() ? "known to the ssh command" : key.type + " " + key.fingerprint
    );
    if (outcome.error)
        return fail(
            Place::authentication, outcome.authentication, remedy_for_the_sign_in(outcome, target)
        );
    steps.pass(
        Place::authentication,
        outcome.authentication,
        "user " + target.user + " with " + outcome.identity
    );
}

namespace {

// No way was found: whose fault it is.
void blame(
    Steps& steps,
    const WaySearch& search,
    Obstacle obstacle,
    const std::string& socket,
    const Target& target,
    Milliseconds took
) {
    constexpr Milliseconds at_once{0};
    switch (obstacle) {
    case Obstacle::no_socket:
        steps.skip(Place::forwarding, unjudged);
        return steps.fail(
            Place::engine, at_once, "there is no socket " + socket + " on the machine", start_engine
        );
    case Obstacle::no_permission:
        steps.skip(Place::forwarding, unjudged);
        return steps.fail(
            Place::engine,
            at_once,
            "user " + target.user + " may not use " + socket,
            "Let the user use the socket: usermod --append --groups docker " + target.user +
                ", which makes the account as good as root."
        );
    case Obstacle::none:
        break;
    }
    const auto& text = search.error->operator_text();
    bool was_refused = !search.refused.empty();
    if (!search.is_engines_fault)
        return steps.fail(Place::forwarding, took, text, was_refused ? let_forward : see_log);
    if (was_refused) {
        steps.skip(Place::forwarding, unjudged);
        return steps.fail(Place::engine, took, text, start_engine);
    }
    steps.pass(
        Place::forwarding, at_once, std::string{name_of(Way::streamlocal)} + " to " + socket
    );
    steps.fail(Place::engine, took, text, see_engine);
}

} // namespace

void judge_way(
    Steps& steps,
    const WaySearch& search,
    Obstacle obstacle,
    const std::string& socket,
    const Target& target,
    Milliseconds took
) {
    if (search.way == Way::none) return blame(steps, search, obstacle, socket, target, took);
    auto text = std::string{name_of(search.way)};
    if (search.refused.empty())
        text += " to " + socket;
    else
        text += " in its place: the server does not forward to " + socket + " (" + search.refused +
                "); it is a matter of " + settings;
    steps.pass(Place::forwarding, took, std::move(text));
}

void judge_ports(Steps& steps, const Status& opened, Milliseconds took) {
    if (opened) return steps.pass(Place::ports, took, std::string{loopback} + " can be reached");
    auto error = opened.error();
    if (error.code() != Errc::forbidden)
        return steps.fail(Place::ports, took, error.operator_text(), see_log);
    auto forbidden =
        "the server forbids forwarding to " + std::string{loopback} + ": " + error.operator_text();
    steps.fail(Place::ports, took, std::move(forbidden), let_ports);
}

} // namespace berth::ssh
