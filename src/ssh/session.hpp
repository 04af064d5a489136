// SPDX-License-Identifier: Apache-2.0
#pragma once
// One authenticated SSH connection on one executor, and the streams that it carries. It is up when
// it is made and goes down once, for one reason; all its streams fail with it then.

#include "base/error.hpp"
#include "net/byte_stream.hpp"
#include "ssh/connection.hpp"
#include "ssh/target.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace berth::ssh {

class SessionCore;

// The input and output of a command on the other side.
class ExecStream : public net::ByteStream {
public:
    // What it wrote to its standard error, capped.
    virtual std::string error_text() const = 0;
    // Known after the end of the stream, if the server tells.
    virtual std::optional<int> exit_status() const = 0;
};
using ExecStreamPtr = std::unique_ptr<ExecStream>;

class Session {
public:
    // Called on `executor`, which is one thread or strand; it runs until every stream is gone.
    Session(net::Executor executor, Connection connection, SessionConfig config);
    // Closes. On any thread; the connection then ends on the executor.
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Each on the executor. Waits for a place among the session's channels and for the server,
    // until the deadline; a cancelled or late one frees its channel. Errors: host_unreachable (the
    // server refused, its words in the text, or the session is down), forbidden (it refuses as a
    // matter of policy), timed_out. A stream may be destroyed on any thread.
    net::Task<Result<net::ByteStreamPtr>> open_unix(std::string path, Deadline deadline);
    net::Task<Result<net::ByteStreamPtr>>
    open_tcp(std::string host, std::uint16_t port, Deadline deadline);
    // The command goes through the account's shell: fixed text only.
    net::Task<Result<ExecStreamPtr>> open_exec(std::string command, Deadline deadline);
    // Commands that run now; sshd refuses more than its MaxSessions, and whoever learns that number
    // lets the next ones wait for a place here.
    int commands() const noexcept;
    void limit_commands(int most);
    // Until the command that every session begins with has ended; it holds one of sshd's MaxSessions.
    net::Task<void> wait_greeted(Deadline deadline);

    // From any thread.
    bool is_up() const noexcept;
    std::size_t channels() const noexcept; // open or being opened
    Error reason() const;                  // why it is down

    // On the executor. Idempotent.
    void close();
    // Called once on the executor when it goes down, whatever the cause. Set before the first await.
    void on_down(std::function<void()> call);

private:
    std::shared_ptr<SessionCore> core_; // streams hold it too: either may end first
};

} // namespace berth::ssh
