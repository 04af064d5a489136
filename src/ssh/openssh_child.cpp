// SPDX-License-Identifier: Apache-2.0
#include "ssh/openssh_child.hpp"

#include "base/log.hpp"
#include "base/scope_exit.hpp"
#include "net/deadline.hpp"
#include "net/dialer.hpp"
#include "ssh/backoff.hpp"
#include "ssh/child_process.hpp"
#include "ssh/engine_way.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace berth::ssh {
namespace {

namespace fs = std::filesystem;
using net::ByteStreamPtr;
using net::Task;
using Words = std::vector<std::string>;

void add(Words& words, std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
}

void add_options(Words& words, std::initializer_list<std::string> options) {
    for (const auto& option : options) add(words, {"-o", option});
}

void add_address(Words& words, const Address& address, const std::string& config_file) {
    if (!config_file.empty()) add(words, {"-F", config_file});
    if (!address.user.empty()) add(words, {"-l", address.user});
    if (address.port != 0) add(words, {"-p", std::to_string(address.port)});
}

// For a list of files in an option: quoted, tokens taken literally.
std::string file_word(std::string_view path) {
    std::string text{"\""};
    for (char c : path) {
        if (c == '"' || c == '\\') return {}; // not a path that we would make
        text += c;
        if (c == '%') text += '%';
    }
    return text + "\"";
}

// What must hold whatever the configuration says: nothing asks, nothing else is forwarded, a dead
// server is noticed.
void add_rules(Words& words, const SessionConfig& session) {
    auto interval = std::max<std::int64_t>(1, std::chrono::duration_cast<Seconds>(session.keepalive).count());
    add_options(words, {
        "BatchMode=yes", "UpdateHostKeys=no", "ClearAllForwardings=yes", "ForwardAgent=no", "ForwardX11=no",
        "Tunnel=no", "PermitLocalCommand=no", "RemoteCommand=none", "RequestTTY=no", "ControlPersist=no",
        "ForkAfterAuthentication=no", "ConnectTimeout=" + std::to_string(limits::ssh_connect.count()),
        "ServerAliveInterval=" + std::to_string(interval), "ServerAliveCountMax=" + std::to_string(session.misses)});
}

// The words of ssh(1), of which there are no codes.
Error error_from(std::string_view said) {
    auto text = "ssh: " + log_safe(said, 600);
    auto has = [said](std::string_view part) { return said.find(part) != std::string_view::npos; };
    if (has("HOST IDENTIFICATION HAS CHANGED") || has("REVOKED HOST KEY")) return Error{Errc::host_key_changed, text};
    if (has("Host key verification failed")) return Error{Errc::host_key_unknown, text};
    if (has("Permission denied")) return Error{Errc::host_unreachable, "authentication: " + text};
    return Error{Errc::host_unreachable, text};
}

// How far it came, by the same words.
Stage stage_of(const Error& error) {
    auto has = [&error](std::string_view part) { return error.operator_text().find(part) != std::string::npos; };
    if (error.code() == Errc::host_key_unknown || error.code() == Errc::host_key_changed) return Stage::host_key;
    if (has("Permission denied")) return Stage::authentication;
    if (has("Could not resolve hostname")) return Stage::resolve;
    return has("connect to host") ? Stage::tcp : Stage::banner;
}

std::string read_file(const std::string& path) {
    std::ifstream file{path};
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

// For nobody but us; the sockets in it are the way to the engine.
Result<std::string> private_folder() {
    const char* run = std::getenv("XDG_RUNTIME_DIR");
    for (const std::string& parent : {std::string{run ? run : ""}, std::string{"/tmp"}}) {
        if (parent.empty() || parent.size() > 60) continue;
        auto name = parent + "/berth-ssh-XXXXXX";
        if (::mkdtemp(name.data())) return name;
    }
    return Error{Errc::internal, std::string{"a folder for ssh's sockets: "} + std::strerror(errno)};
}

} // namespace

OpensshChild::Config::Config(const LinkConfig& link)
    : address{link.address}
    , config_file{link.config_file}
    , identity{link.identity}
    , engine_socket{link.engine_socket}
    , own_known_hosts{link.own_known_hosts}
    , session{link.session} {}

OpensshChild::OpensshChild(net::Executor core, Handshakes& threads, Config config)
    : core_{std::move(core)}
    , threads_{threads}
    , config_{std::move(config)}
    , changed_{core_}
    , scope_{core_, "ssh"} {}

OpensshChild::~OpensshChild() = default;

bool OpensshChild::is_up() const { return process_ && !is_starting_ && !process_->has_ended(); }

std::string OpensshChild::said() const { return process_ ? log_safe(process_->error_text(), 600) : ""; }

std::optional<Deadline> OpensshChild::next_try() const {
    if (failures_ == 0) return std::nullopt;
    return next_try_;
}

void OpensshChild::try_now() {
    failures_ = 0;
    next_try_ = {};
    changed_.notify();
}

std::string OpensshChild::path_of(std::string_view name) const { return folder_ + "/" + std::string{name}; }

Status OpensshChild::make_folder() {
    if (!folder_.empty()) return {};
    auto made = private_folder();
    if (!made) return made.error();
    folder_ = *made;
    return {};
}

// ---- starting -----------------------------------------------------------------------------------------

Task<Status> OpensshChild::be_up(const Target& target, Deadline deadline) {
    const auto failed_before = failed_starts_;
    for (;;) {
        auto seen = changed_.count();
        auto now = std::chrono::steady_clock::now();
        if (is_stopping_) co_return Error{Errc::shutting_down, "ssh: stopping"};
        if (is_up()) co_return Status{};
        if (failed_starts_ != failed_before) co_return *last_error_;
        bool is_pausing = !is_starting_ && next_try_ > now;
        if (is_pausing && next_try_ >= deadline) co_return *last_error_;
        if (now >= deadline) co_return Error{Errc::timed_out, "ssh is still connecting"};
        if (!is_starting_ && !is_pausing) {
            is_starting_ = true;
            scope_.spawn(start(target));
        }
        auto until = is_pausing ? next_try_ : deadline;
        co_await changed_.wait_past_until(seen, until);
    }
}

Task<void> OpensshChild::start(Target target) {
    ScopeExit leave{[this] {
        is_starting_ = false;
        changed_.notify();
    }};
    Outcome outcome;
    auto started = co_await try_start(target, deadline_in(limits::ssh_connect));
    if (started) {
        outcome.stage = Stage::done;
        outcome.check.verdict = KeyVerdict::ok;
        outcome.identity = "what the ssh command offered";
        failures_ = 0;
        next_try_ = {};
        scope_.spawn(watch());
    } else {
        if (process_) co_await process_->stop();
        process_.reset();
        auto code = started.error().code();
        // Its own words hide which key it was.
        if (code == Errc::host_key_unknown || code == Errc::host_key_changed)
            outcome = co_await see_key(target, deadline_in(limits::ssh_connect));
        outcome.error = started.error();
        outcome.stage = stage_of(started.error());
        if (outcome.stage == Stage::authentication) outcome.denial = Denial::refused;
        last_error_ = started.error();
        ++failures_;
        ++failed_starts_;
        next_try_ = std::chrono::steady_clock::now() + pause_after(failures_);
    }
    if (on_started) on_started(outcome);
}

Task<bool> OpensshChild::does_own_file_decide(const Target& target) {
    bool speaks = false;
    auto own_only = target;
    own_only.known_hosts.clear();
    std::function<Status()> look = [&] {
        speaks = !KnownHosts{config_.own_known_hosts}.known_types(own_only).empty();
        return Status{};
    };
    auto looked = co_await threads_.run_blocking(std::move(look));
    co_return looked && speaks;
}

Task<Status> OpensshChild::try_start(Target target, Deadline deadline) {
    if (auto made = make_folder(); !made) co_return made;
    bool is_own_only = co_await does_own_file_decide(target);
    auto files = file_word(config_.own_known_hosts);
    for (const auto& path : target.known_hosts)
        if (!is_own_only) files += " " + file_word(path);
    ports_.clear();
    has_answered_ = false;
    ::unlink(path_of("ctl").c_str());
    ChildProcess::Order order;
    order.arguments = {"ssh", "-M", "-N", "-T", "-S", path_of("ctl")};
    add_rules(order.arguments, config_.session);
    add_options(order.arguments, {"StrictHostKeyChecking=yes", "UserKnownHostsFile=" + files, "StreamLocalBindMask=0177"});
    if (is_own_only) add_options(order.arguments, {"GlobalKnownHostsFile=/dev/null"});
    if (::access(config_.identity.c_str(), R_OK) == 0) add(order.arguments, {"-i", config_.identity});
    add_address(order.arguments, config_.address, config_.config_file);
    add(order.arguments, {"--", config_.address.host});
    auto process = ChildProcess::start(core_, std::move(order));
    if (!process) co_return process.error();
    process_ = std::move(*process);
    auto ready = co_await wait_ready(deadline);
    if (!ready) co_return ready;
    co_return co_await forward(path_of("engine"), config_.engine_socket, deadline);
}

// The control socket appears when it is authenticated.
Task<Status> OpensshChild::wait_ready(Deadline deadline) {
    while (::access(path_of("ctl").c_str(), F_OK) != 0) {
        if (process_->has_ended()) {
            auto status = co_await process_->wait(deadline_in(Milliseconds{500}));
            static_cast<void>(status);
            co_return error_from(process_->error_text());
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            auto said = log_safe(process_->error_text(), 300);
            co_return Error{Errc::timed_out, "ssh does not connect in time" + (said.empty() ? "" : ": " + said)};
        }
        co_await net::sleep_for(Milliseconds{10});
    }
    co_return Status{};
}

Task<void> OpensshChild::watch() {
    auto* watched = process_.get();
    auto status = co_await watched->wait(Deadline::max());
    static_cast<void>(status); // ssh ends with 0 in the strangest cases
    if (process_.get() != watched) co_return;
    auto error = error_from(watched->error_text());
    process_.reset();
    changed_.notify();
    if (on_down) on_down(error);
}

// ---- forwarding ---------------------------------------------------------------------------------------

// No configuration is read for this: one with forwardings of its own would add them.
Task<Status> OpensshChild::control(std::string verb, std::string forwarding, Deadline deadline) {
    ChildProcess::Order order;
    order.arguments = {"ssh", "-F", "/dev/null", "-S", path_of("ctl"), "-o", "StreamLocalBindMask=0177"};
    add(order.arguments, {"-O", verb, "-L", forwarding, "--", config_.address.host});
    auto process = ChildProcess::start(core_, std::move(order));
    if (!process) co_return process.error();
    auto ended = co_await (*process)->wait(deadline);
    if (!ended) co_return Error{Errc::timed_out, "ssh -O " + verb + " does not end"};
    if (*ended != 0) co_return error_from((*process)->error_text());
    co_return Status{};
}

Task<Status> OpensshChild::forward(std::string where, std::string to, Deadline deadline) {
    ::unlink(where.c_str());
    auto forwarding = where + ":" + to;
    co_return co_await control("forward", forwarding, deadline);
}

Task<Status> OpensshChild::forward_port(std::uint16_t port, Deadline deadline) {
    auto name = std::to_string(port);
    auto to = std::string{loopback} + ":" + name;
    if (auto known = std::ranges::find(ports_, port); known != ports_.end()) {
        ports_.erase(known);
        ports_.push_back(port);
        co_return Status{};
    }
    auto forwarded = co_await forward(path_of(name), to, deadline);
    if (!forwarded) co_return forwarded;
    if (std::ranges::find(ports_, port) == ports_.end()) ports_.push_back(port);
    if (ports_.size() <= static_cast<std::size_t>(limits::ssh_child_forwards)) co_return Status{};
    auto oldest = std::to_string(ports_.front());
    ports_.pop_front();
    // Streams over it go on; only new ones would need it.
    auto forwarding = path_of(oldest) + ":" + loopback + ":" + oldest;
    auto cancelled = co_await control("cancel", forwarding, deadline);
    static_cast<void>(cancelled);
    ::unlink(path_of(oldest).c_str());
    co_return Status{};
}

namespace {

Task<Result<ByteStreamPtr>> dial_unix(std::string path, net::Executor executor, Deadline deadline) {
    auto dialer = net::make_unix_dialer(std::move(path));
    co_return co_await dialer->dial(std::move(executor), deadline);
}

} // namespace

Task<Result<ByteStreamPtr>>
OpensshChild::connect(std::string path, net::Executor executor, Deadline deadline) {
    auto dialling = dial_unix(std::move(path), executor, deadline);
    if (executor == core_) co_return co_await std::move(dialling);
    co_return co_await net::run_on(executor, std::move(dialling));
}

Task<Result<ByteStreamPtr>>
OpensshChild::dial_engine(const Target& target, net::Executor executor, Deadline deadline) {
    auto up = co_await be_up(target, deadline);
    if (!up) co_return up.error();
    if (!has_answered_) {
        // The local socket accepts whatever becomes of the far one: only an answer proves it.
        auto trial = co_await connect(path_of("engine"), core_, deadline);
        if (!trial) co_return trial.error();
        auto answered = co_await ping_engine(**trial, deadline);
        if (!answered) {
            auto words = said();
            co_return Error{answered.error().code(), answered.error().operator_text() + (words.empty() ? "" : " (ssh: " + words + ")")};
        }
        has_answered_ = true;
    }
    co_return co_await connect(path_of("engine"), std::move(executor), deadline);
}

Task<Result<ByteStreamPtr>> OpensshChild::dial_port(
    const Target& target, std::uint16_t port, net::Executor executor, Deadline deadline
) {
    auto up = co_await be_up(target, deadline);
    if (!up) co_return up.error();
    auto forwarded = co_await forward_port(port, deadline);
    if (!forwarded) co_return forwarded.error();
    co_return co_await connect(path_of(std::to_string(port)), std::move(executor), deadline);
}

// ---- keys ---------------------------------------------------------------------------------------------

Task<Outcome> OpensshChild::see_key(const Target& target, Deadline deadline) {
    Outcome outcome;
    outcome.stage = Stage::host_key;
    if (auto made = make_folder(); !made) {
        outcome.error = made.error();
        co_return outcome;
    }
    auto seen = path_of("seen");
    ::unlink(seen.c_str());
    ChildProcess::Order order;
    order.arguments = {"ssh", "-N", "-T"};
    add_rules(order.arguments, config_.session);
    // It writes what it sees into an empty file, and then has nothing to log in with.
    add_options(order.arguments, {
        "StrictHostKeyChecking=accept-new", "UserKnownHostsFile=" + file_word(seen), "GlobalKnownHostsFile=/dev/null",
        "HashKnownHosts=no", "PreferredAuthentications=none", "ControlPath=none"});
    add_address(order.arguments, config_.address, config_.config_file);
    add(order.arguments, {"--", config_.address.host});
    auto process = ChildProcess::start(core_, std::move(order));
    if (!process) {
        outcome.error = process.error();
        co_return outcome;
    }
    auto ended = co_await (*process)->wait(deadline);
    auto known = find_known(read_file(seen), target.key_name);
    if (known.empty()) {
        outcome.error = ended ? error_from((*process)->error_text()) : ended.error();
        co_return outcome;
    }
    outcome.offered.type = known.front().type;
    outcome.offered.blob = known.front().blob;
    outcome.offered.fingerprint = fingerprint_of(outcome.offered.blob);
    std::function<Status()> look = [&] {
        outcome.check = KnownHosts{config_.own_known_hosts}.check(target, outcome.offered);
        return Status{};
    };
    auto looked = co_await threads_.run_blocking(std::move(look));
    if (!looked) outcome.error = looked.error();
    co_return outcome;
}

Task<void> OpensshChild::stop() {
    is_stopping_ = true;
    changed_.notify();
    co_await scope_.stop();
    if (process_) co_await process_->stop();
    process_.reset();
    if (folder_.empty()) co_return;
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
    folder_.clear();
}

} // namespace berth::ssh
