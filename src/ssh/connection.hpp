// SPDX-License-Identifier: Apache-2.0
#pragma once
// An authenticated connection between its handshake (on a pool thread) and its session (on an
// executor): one libssh session and its socket, used by nobody at the moment.

struct ssh_session_struct;

namespace berth::ssh {

class Connection {
public:
    Connection() = default;
    // libssh owns a descriptor of its own; `socket` is a duplicate, ours. Rule: each closes its
    // own, or a close inside libssh would let Asio touch a number that is somebody else's by then.
    Connection(ssh_session_struct* session, int socket) noexcept
        : session_{session}
        , socket_{socket} {}
    Connection(Connection&& other) noexcept;
    Connection& operator=(Connection&& other) noexcept;
    ~Connection();

    explicit operator bool() const noexcept { return session_ != nullptr; }
    ssh_session_struct* release_session() noexcept;
    int release_socket() noexcept;

private:
    void drop() noexcept;
    ssh_session_struct* session_ = nullptr;
    int socket_ = -1;
};

} // namespace berth::ssh
