// SPDX-License-Identifier: Apache-2.0
#pragma once
// The way for hosts whose ssh configuration needs what libssh lacks (a jump host, certificates,
// hardware keys): one `ssh` process as a ControlMaster, which forwards sockets in a folder of ours
// to the engine and to ports over there. Each stream is a connection to such a socket.

#include "base/error.hpp"
#include "net/byte_stream.hpp"
#include "net/signal.hpp"
#include "net/task_scope.hpp"
#include "ssh/handshakes.hpp"
#include "ssh/target.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace berth::ssh {

class ChildProcess;

// Everything on `core`.
class OpensshChild {
public:
    struct Config {
        Config() = default;
        explicit Config(const LinkConfig& link);
        Address address;
        std::string config_file; // instead of the account's; empty = that
        std::string identity;    // a private key of our own; empty or not there = none
        std::string engine_socket;
        std::string own_known_hosts;
        SessionConfig session;
    };
    OpensshChild(net::Executor core, Handshakes& threads, Config config);
    // Precondition: stop() has ended, or nothing was ever asked.
    ~OpensshChild();
    OpensshChild(const OpensshChild&) = delete;
    OpensshChild& operator=(const OpensshChild&) = delete;

    // Starts the process when it does not run. Errors: host_unreachable with what ssh said,
    // host_key_unknown, host_key_changed, timed_out, shutting_down.
    net::Task<Result<net::ByteStreamPtr>>
    dial_engine(const Target& target, net::Executor executor, Deadline deadline);
    // A port where nobody listens is a stream that ends at once.
    net::Task<Result<net::ByteStreamPtr>> dial_port(
        const Target& target, std::uint16_t port, net::Executor executor, Deadline deadline
    );
    // The key that the machine shows, learnt by a run of ssh that does not log in.
    net::Task<Outcome> see_key(const Target& target, Deadline deadline);

    // What the running process wrote to its standard error: why it could not open a stream. Empty
    // when none runs.
    std::string said() const;
    bool is_up() const;
    bool is_starting() const noexcept { return is_starting_; }
    std::optional<Deadline> next_try() const;
    void try_now();
    // Called after each start, and with the reason when the process ended.
    std::function<void(const Outcome&)> on_started;
    std::function<void(const Error&)> on_down;

    net::Task<void> stop();

private:
    net::Task<Status> be_up(const Target& target, Deadline deadline);
    net::Task<void> start(Target target);
    net::Task<Status> try_start(Target target, Deadline deadline);
    net::Task<Status> wait_ready(Deadline deadline);
    net::Task<void> watch();
    net::Task<Status> forward(std::string where, std::string to, Deadline deadline);
    net::Task<Status> control(std::string verb, std::string forwarding, Deadline deadline);
    net::Task<Status> forward_port(std::uint16_t port, Deadline deadline);
    net::Task<bool> does_own_file_decide(const Target& target);
    net::Task<Result<net::ByteStreamPtr>>
    connect(std::string path, net::Executor executor, Deadline deadline);
    Status make_folder();
    std::string path_of(std::string_view name) const;

    net::Executor core_;
    Handshakes& threads_;
    Config config_;
    std::string folder_; // 0700, ours; short, since a socket's path has 107 bytes at most
    std::unique_ptr<ChildProcess> process_;
    std::deque<std::uint16_t> ports_; // forwarded by this process, the oldest first
    bool has_answered_ = false;       // the engine, through this process
    bool is_starting_ = false, is_stopping_ = false;
    int failures_ = 0;
    std::uint64_t failed_starts_ = 0;
    std::optional<Error> last_error_;
    Deadline next_try_{};
    net::Signal changed_;
    net::TaskScope scope_;
};

} // namespace berth::ssh
