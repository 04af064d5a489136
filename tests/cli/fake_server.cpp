// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_server.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

namespace berth::test {

FakeServer::FakeServer(const std::string& socket_path, int status, std::string body)
    : reply_{fmt::format("HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", status, body.size(), body)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_path.c_str(), sizeof address.sun_path - 1);
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_good = ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && ::listen(listener_, 8) == 0;
    if (is_good) thread_ = std::thread{[this] { serve(); }};
}

FakeServer::~FakeServer() { stop(); }

std::string FakeServer::stop() {
    if (thread_.joinable()) {
        ::shutdown(listener_, SHUT_RDWR); // ends accept
        thread_.join();
        ::close(listener_);
    }
    return received_;
}

void FakeServer::serve() {
    while (true) {
        int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (peer < 0) return;
        char buffer[16384];
        // The requests are small: what has come within the time of one poll is all of it.
        pollfd wait{peer, POLLIN, 0};
        while (::poll(&wait, 1, 200) > 0) {
            auto got = ::recv(peer, buffer, sizeof buffer, 0);
            if (got <= 0) break;
            received_.append(buffer, static_cast<std::size_t>(got));
        }
        [[maybe_unused]] auto sent = ::send(peer, reply_.data(), reply_.size(), MSG_NOSIGNAL);
        ::close(peer);
    }
}

} // namespace berth::test
