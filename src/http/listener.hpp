// SPDX-License-Identifier: Apache-2.0
#pragma once
// Takes connections on TCP and unix sockets, serves them, and ends them in good order. Survives
// running out of descriptors and turns away what is over the cap with an honest 503, and what is
// over the share of its address with 429 (H-30, H-32).

#include "http/router.hpp"
#include "http/server_state.hpp"
#include "net/task_scope.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace berth::http {

// Everything runs on one executor, which must be single-threaded.
class Listener {
public:
    // The router outlives the listener. Throws like ServerState.
    Listener(net::Executor executor, const Router& router, ServerConfig config);
    // After stop() only.
    ~Listener();

    // Begins to accept. `address` is numeric ("127.0.0.1", "::1", "::"); port 0 lets the system
    // choose. Answers with the port in use. Errors: invalid_input, already_exists (address in
    // use), forbidden (a port that needs more rights), internal.
    Result<std::uint16_t> listen_tcp(const std::string& address, std::uint16_t port);
    // A socket file that nobody answers on is replaced; one that is in use is already_exists. The
    // file can be reached by our own user only (0600) and is removed by stop().
    Status listen_unix(const std::string& path);

    std::size_t connections() const noexcept { return state_.size(); }
    // Since the start.
    const Refusals& refusals() const noexcept { return state_.refusals(); }
    // Closes the entries and idle connections at once, waits for the others until the deadline,
    // then cancels them. May be called twice.
    net::Task<void> stop(Deadline deadline);

private:
    struct Entry;
    net::Task<void> accept_loop(Entry& entry);
    net::Task<void> watch();
    void accept_ready(Entry& entry);
    void accept_one(int descriptor);
    void begin(std::unique_ptr<Entry> entry);

    net::Executor executor_;
    const Router& router_;
    ServerState state_;
    std::vector<std::unique_ptr<Entry>> entries_;
    int spare_ = -1; // given up when descriptors run out, so that a caller can be refused
    bool is_exhausted_ = false;
    bool is_short_ = false; // said so in the log during this second
    net::TaskScope entries_scope_;
    net::TaskScope connections_scope_;
};

} // namespace berth::http
