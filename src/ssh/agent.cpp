// SPDX-License-Identifier: Apache-2.0
#include "ssh/agent.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace berth::ssh {
namespace {

// draft-miller-ssh-agent: uint32 length, byte type.
constexpr std::array<unsigned char, 5> list_keys{0, 0, 0, 1, 11};
constexpr unsigned char keys_answer = 12;
constexpr std::uint32_t longest_answer = 256 * 1024; // libssh's own bound

bool wait_for(int socket, short events, Deadline deadline) {
    for (;;) {
        auto left = std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd entry{socket, events, 0};
        auto n = ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
        if (n > 0) return true;
        if (n < 0 && errno != EINTR) return false;
    }
}

Status read_exactly(int socket, unsigned char* into, std::size_t size, Deadline deadline) {
    while (size != 0) {
        if (!wait_for(socket, POLLIN, deadline))
            return Error{Errc::timed_out, "the agent does not answer"};
        auto n = ::recv(socket, into, size, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (n <= 0) return Error{Errc::host_unreachable, "the agent hung up"};
        into += n;
        size -= static_cast<std::size_t>(n);
    }
    return {};
}

Status list(int socket, Deadline deadline) {
    auto sent = ::send(socket, list_keys.data(), list_keys.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent != static_cast<ssize_t>(list_keys.size()))
        return Error{Errc::host_unreachable, "the agent takes no request"};
    std::array<unsigned char, 4> head{};
    auto status = read_exactly(socket, head.data(), head.size(), deadline);
    if (!status) return status;
    std::uint32_t size = 0;
    for (auto byte : head) size = size << 8 | byte;
    if (size == 0 || size > longest_answer)
        return Error{Errc::host_unreachable, "what answers there is no agent"};
    std::string answer(size, '\0');
    status = read_exactly(
        socket, reinterpret_cast<unsigned char*>(answer.data()), answer.size(), deadline
    );
    if (!status) return status;
    if (static_cast<unsigned char>(answer[0]) != keys_answer)
        return Error{Errc::host_unreachable, "the agent refused to list its keys"};
    return {};
}

Status connect_to(int socket, const sockaddr_un& address, Deadline deadline) {
    for (;;) {
        auto* generic = reinterpret_cast<const sockaddr*>(&address);
        if (::connect(socket, generic, sizeof address) == 0) return {};
        // A full backlog: the agent has stopped taking connections.
        if (errno != EAGAIN && errno != EINTR)
            return Error{Errc::host_unreachable, std::string{"agent: "} + std::strerror(errno)};
        if (std::chrono::steady_clock::now() >= deadline)
            return Error{Errc::timed_out, "the agent does not answer"};
        ::usleep(20'000);
    }
}

} // namespace

Result<int> connect_agent(const std::string& path, Deadline deadline) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return Error{Errc::host_unreachable, "agent: the path of its socket is too long"};
    std::memcpy(address.sun_path, path.c_str(), path.size());
    int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket < 0) return Error{Errc::internal, std::string{"agent: "} + std::strerror(errno)};
    auto status = connect_to(socket, address, deadline);
    if (status) status = list(socket, deadline);
    if (!status) {
        ::close(socket);
        return status.error();
    }
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) & ~O_NONBLOCK);
    return socket;
}

} // namespace berth::ssh
