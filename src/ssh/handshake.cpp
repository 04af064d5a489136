// SPDX-License-Identifier: Apache-2.0
#include "ssh/handshake.hpp"

#include "base/log.hpp"
#include "base/scope_exit.hpp"
#include "ssh/agent.hpp"

#include <libssh/libssh.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace berth::ssh {
namespace {

// Not aes-ctr: two to three times the CPU of these.
constexpr const char* ciphers =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com";
constexpr std::array host_key_algorithms{
    "ssh-ed25519",         "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521", "rsa-sha2-512",        "rsa-sha2-256"};
constexpr const char* no_file = "/dev/null";

bool is_of_type(std::string_view algorithm, const std::vector<std::string>& types) {
    if (algorithm.starts_with("rsa-")) algorithm = "ssh-rsa";
    return std::ranges::find(types, algorithm) != types.end();
}

// The types we know of this host first: else a server with several keys shows one we do not know.
std::string algorithms_for(const std::vector<std::string>& known_types) {
    std::vector<std::string> order;
    for (const auto* one : host_key_algorithms)
        if (is_of_type(one, known_types)) order.emplace_back(one);
    for (const auto* one : host_key_algorithms)
        if (!is_of_type(one, known_types)) order.emplace_back(one);
    std::string text;
    for (const auto& one : order) text += (text.empty() ? "" : ",") + one;
    return text;
}

// OpenSSL would ask on the terminal for a passphrase that nobody gave.
int no_passphrase(const char*, char*, std::size_t, int, int, void* was_asked) {
    *static_cast<bool*>(was_asked) = true;
    return -1;
}

void prepare_socket(int socket) {
    int on = 1;
    auto milliseconds = static_cast<unsigned>(Milliseconds{limits::ssh_user_timeout}.count());
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
}

} // namespace

// ---- Connection -----------------------------------------------------------------------------------

Connection::Connection(Connection&& other) noexcept
    : session_{other.release_session()}
    , socket_{other.release_socket()} {}

Connection& Connection::operator=(Connection&& other) noexcept {
    if (this != &other) {
        drop();
        session_ = other.release_session();
        socket_ = other.release_socket();
    }
    return *this;
}

Connection::~Connection() { drop(); }

ssh_session_struct* Connection::release_session() noexcept {
    return std::exchange(session_, nullptr);
}

int Connection::release_socket() noexcept { return std::exchange(socket_, -1); }

void Connection::drop() noexcept {
    if (auto* session = release_session()) {
        ssh_silent_disconnect(session);
        ssh_free(session);
    }
    if (int socket = release_socket(); socket >= 0) ::close(socket);
}

// ---- one run ----------------------------------------------------------------------------------------

struct Handshake::Run {
    explicit Run(Handshake& owner)
        : self{owner}
        , order{owner.order_}
        , session{ssh_new()} {}
    ~Run() {
        if (session) {
            ssh_silent_disconnect(session);
            ssh_free(session);
        }
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    // Repeats the call with the same arguments until it no longer says `again`.
    template <class Call>
    int drive(Call call, int again) {
        for (;;) {
            auto rc = call();
            if (rc != again) return rc;
            if (!wait()) return timed_out;
        }
    }

    bool wait() {
        // libssh makes the descriptor blocking once it sees it connected.
        auto flags = ::fcntl(self.socket_, F_GETFL);
        if ((flags & O_NONBLOCK) == 0) ::fcntl(self.socket_, F_SETFL, flags | O_NONBLOCK);
        auto left = std::chrono::ceil<Milliseconds>(order.deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd entry{self.socket_, POLLIN, 0};
        if (ssh_get_poll_flags(session) & SSH_WRITE_PENDING) entry.events |= POLLOUT;
        auto n = ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
        return n >= 0 || errno == EINTR;
    }

    void set(ssh_options_e option, const void* value) {
        if (ssh_options_set(session, option, value) < 0)
            outcome.error = Error{Errc::internal, std::string{"ssh option: "} + ssh_get_error(session)};
    }

    void fail(Errc code, std::string text) { outcome.error = Error{code, std::move(text)}; }
    void fail_library(int rc, std::string_view doing) {
        std::string text{doing};
        if (rc == timed_out) return fail(Errc::timed_out, text + ": no answer in time");
        fail(Errc::host_unreachable, text + ": " + log_safe(ssh_get_error(session)));
    }

    void configure();
    void exchange_keys();
    void look_at_key();
    void log_in();
    bool try_file(const std::string& path);
    bool try_agent();
    bool take_answer(int rc, const std::string& what);
    void note(const std::string& text) {
        if (outcome.notes.size() < limits::ssh_error_text)
            outcome.notes += (outcome.notes.empty() ? "" : "; ") + text;
    }

    static constexpr int timed_out = -1000;

    Handshake& self;
    const Order& order;
    ssh_session session;
    Outcome outcome;
};

void Handshake::Run::configure() {
    const auto& target = order.target;
    bool is_off = false;
    int library_fd = ::fcntl(self.socket_, F_DUPFD_CLOEXEC, 0);
    if (!session || library_fd < 0) {
        if (library_fd >= 0) ::close(library_fd);
        return fail(Errc::internal, "no memory or descriptor for an ssh session");
    }
    unsigned port = target.port;
    set(SSH_OPTIONS_PROCESS_CONFIG, &is_off); // what counts was read by client_config
    set(SSH_OPTIONS_HOST, target.host.c_str());
    set(SSH_OPTIONS_PORT, &port);
    set(SSH_OPTIONS_USER, target.user.c_str());
    // We look keys up ourselves, and libssh must not search a home folder.
    set(SSH_OPTIONS_SSH_DIR, "/nonexistent");
    set(SSH_OPTIONS_KNOWNHOSTS, no_file);
    set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, no_file);
    set(SSH_OPTIONS_CIPHERS_C_S, ciphers);
    set(SSH_OPTIONS_CIPHERS_S_C, ciphers);
    auto algorithms = algorithms_for(order.known_hosts.known_types(target));
    set(SSH_OPTIONS_HOSTKEYS, algorithms.c_str());
    if (order.rekey_bytes != 0) set(SSH_OPTIONS_REKEY_DATA, &order.rekey_bytes);
    set(SSH_OPTIONS_FD, &library_fd);
    ssh_set_blocking(session, 0);
}

void Handshake::Run::exchange_keys() {
    auto begin = std::chrono::steady_clock::now();
    outcome.stage = Stage::banner;
    auto rc = drive([this] { return ssh_connect(session); }, SSH_AGAIN);
    outcome.key_exchange = since(begin);
    if (ssh_get_serverbanner(session)) outcome.stage = Stage::key_exchange;
    if (rc == SSH_OK) return;
    bool has_greeted = outcome.stage == Stage::key_exchange;
    fail_library(rc, has_greeted ? "key exchange" : "waiting for the server's greeting");
}

void Handshake::Run::look_at_key() {
    outcome.stage = Stage::host_key;
    ssh_key key = nullptr;
    char* blob = nullptr;
    if (ssh_get_server_publickey(session, &key) != SSH_OK || ssh_pki_export_pubkey_base64(key, &blob) != SSH_OK) {
        ssh_key_free(key);
        return fail(Errc::protocol_violation, "the server's host key cannot be read");
    }
    auto& offered = outcome.offered;
    offered.blob = blob;
    const char* type = ssh_key_type_to_char(ssh_key_type(key));
    offered.type = type ? type : "";
    offered.fingerprint = fingerprint_of(offered.blob);
    ssh_string_free_char(blob);
    ssh_key_free(key);
    outcome.check = order.known_hosts.check(order.target, offered);
    if (order.goal == Goal::see_key) return;
    auto shown = offered.type + " " + offered.fingerprint;
    switch (outcome.check.verdict) {
    case KeyVerdict::ok: return;
    case KeyVerdict::unknown:
        return fail(Errc::host_key_unknown, "the host key is not known yet: " + shown);
    case KeyVerdict::revoked:
        return fail(Errc::host_key_changed, "the host key is marked as revoked: " + shown);
    case KeyVerdict::changed: break;
    }
    const auto& known = outcome.check.known;
    fail(
        Errc::host_key_changed,
        "the host key CHANGED: now " + shown + ", known is " + known.type + " " + known.fingerprint
    );
}

// ---- authentication -----------------------------------------------------------------------------------

// True: stop, by success or by an error that no other key mends.
bool Handshake::Run::take_answer(int rc, const std::string& what) {
    if (rc == SSH_AUTH_SUCCESS) outcome.identity = what;
    if (rc == SSH_AUTH_DENIED) note(what + " was not accepted");
    if (rc == SSH_AUTH_PARTIAL) note(what + " was accepted, the server wants more");
    bool is_answered = rc == SSH_AUTH_SUCCESS || rc == SSH_AUTH_DENIED || rc == SSH_AUTH_PARTIAL;
    outcome.denial = is_answered ? Denial::refused : Denial::none;
    if (!is_answered) fail_library(rc, "authentication");
    return rc == SSH_AUTH_SUCCESS || !is_answered;
}

bool Handshake::Run::try_file(const std::string& path) {
    if (::access(path.c_str(), F_OK) != 0) return false;
    ssh_key key = nullptr;
    bool is_encrypted = false;
    // Not ssh_userauth_publickey_auto: it writes a .pub beside a key that has none.
    if (ssh_pki_import_privkey_file(path.c_str(), nullptr, no_passphrase, &is_encrypted, &key) != SSH_OK) {
        if (is_encrypted && outcome.denial == Denial::no_key) outcome.denial = Denial::locked_key;
        note(path + (is_encrypted ? " needs a passphrase: load it into the agent" : " cannot be read as a private key"));
        return false;
    }
    auto rc = drive([this, key] { return ssh_userauth_publickey(session, nullptr, key); }, SSH_AUTH_AGAIN);
    ssh_key_free(key);
    return take_answer(rc, path);
}

bool Handshake::Run::try_agent() {
    auto agent = connect_agent(order.target.agent_socket, earlier(order.deadline, deadline_in(limits::ssh_agent)));
    if (!agent) {
        note(agent.error().operator_text());
        return false;
    }
    int library_fd = ::fcntl(*agent, F_DUPFD_CLOEXEC, 0);
    // From here on abort() can end a call that waits for the agent.
    if (!self.hold_agent(*agent) || library_fd < 0 || ssh_set_agent_socket(session, library_fd) != SSH_OK) {
        if (library_fd >= 0) ::close(library_fd);
        self.release_agent();
        return false;
    }
    auto rc = drive([this] { return ssh_userauth_agent(session, nullptr); }, SSH_AUTH_AGAIN);
    self.release_agent();
    return take_answer(rc, "the agent's keys");
}

void Handshake::Run::log_in() {
    auto begin = std::chrono::steady_clock::now();
    ScopeExit timing{[&] { outcome.authentication = since(begin); }};
    outcome.stage = Stage::authentication;
    auto rc = drive([this] { return ssh_userauth_none(session, nullptr); }, SSH_AUTH_AGAIN);
    if (rc == SSH_AUTH_SUCCESS) {
        outcome.identity = "no proof at all";
        return;
    }
    if (rc != SSH_AUTH_DENIED && rc != SSH_AUTH_PARTIAL) return fail_library(rc, "authentication");
    if ((ssh_userauth_list(session, nullptr) & SSH_AUTH_METHOD_PUBLICKEY) == 0) {
        outcome.denial = Denial::no_method;
        return fail(Errc::host_unreachable, "authentication: the server takes no keys for user " + order.target.user);
    }
    outcome.denial = Denial::no_key;
    // Files first: an agent full of other keys would use up the server's MaxAuthTries.
    for (const auto& path : order.target.identity_files)
        if (try_file(path)) return;
    if (!order.target.agent_socket.empty() && try_agent()) return;
    auto tried = outcome.notes.empty() ? std::string{"there is no key to try"} : outcome.notes;
    fail(Errc::host_unreachable, "authentication: no key of user " + order.target.user + " was accepted (" + log_safe(tried, 600) + ")");
}

// ---- Handshake ----------------------------------------------------------------------------------------

Handshake::Handshake(Order order, int socket) noexcept
    : order_{std::move(order)}
    , socket_{socket} {}

Handshake::~Handshake() {
    release_agent();
    if (socket_ >= 0) ::close(socket_);
}

Outcome Handshake::run() {
    Run run{*this};
    prepare_socket(socket_);
    auto& outcome = run.outcome;
    run.configure();
    if (!outcome.error) run.exchange_keys();
    if (!outcome.error) run.look_at_key();
    if (!outcome.error && order_.goal == Goal::log_in) {
        run.log_in();
        if (!outcome.error) outcome.stage = Stage::done;
    }
    std::lock_guard lock{mutex_};
    if (is_aborted_ && !outcome.error) outcome.error = Error{Errc::timed_out, "the connection was given up"};
    if (outcome.stage == Stage::done && !outcome.error) {
        ::fcntl(socket_, F_SETFL, ::fcntl(socket_, F_GETFL) | O_NONBLOCK);
        outcome.connection = Connection{run.session, std::exchange(socket_, -1)};
        run.session = nullptr;
    }
    return std::move(outcome);
}

void Handshake::abort() noexcept {
    std::lock_guard lock{mutex_};
    is_aborted_ = true;
    if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
    if (agent_ >= 0) ::shutdown(agent_, SHUT_RDWR);
}

bool Handshake::hold_agent(int socket) noexcept {
    std::lock_guard lock{mutex_};
    agent_ = socket;
    return !is_aborted_;
}

void Handshake::release_agent() noexcept {
    std::lock_guard lock{mutex_};
    if (agent_ >= 0) ::close(agent_);
    agent_ = -1;
}

} // namespace berth::ssh
