// SPDX-License-Identifier: Apache-2.0
// The ports of the fake's containers: one thread with poll over all of them.
#include "tests/support/fake_engine_state.hpp"

#include <arpa/inet.h>
#include <cstdlib>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace berth::test {
namespace {

int listen_on_loopback(std::uint16_t& port) {
    int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener, generic, size) != 0 || ::listen(listener, 64) != 0 ||
        ::getsockname(listener, generic, &size) != 0) {
        ::close(listener);
        return -1;
    }
    port = ntohs(address.sin_port);
    return listener;
}

void say(int socket, std::string_view text) {
    static_cast<void>(::send(socket, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

} // namespace

bool FakeEngine::State::open_ports(FakeContainer& container) {
    for (auto port : container.ports) {
        std::uint16_t host_port = 0;
        int listener = listen_on_loopback(host_port);
        if (listener < 0) return false;
        container.listeners[port] = listener;
        container.host_ports[port] = host_port;
    }
    wake_ports();
    return true;
}

void FakeEngine::State::close_ports(FakeContainer& container) {
    for (auto [port, listener] : container.listeners)
        ::close(listener);
    container.listeners.clear();
    container.host_ports.clear();
    for (auto guest = guests.begin(); guest != guests.end();) {
        if (guest->second.container != container.id) {
            ++guest;
            continue;
        }
        ::close(guest->first);
        guest = guests.erase(guest);
    }
    wake_ports();
}

void FakeEngine::State::wake_ports() const {
    std::uint64_t one = 1;
    static_cast<void>(::write(wake, &one, sizeof one));
}

// Descriptors are looked up again after each poll: a close in between only wastes a turn.
void FakeEngine::State::serve_ports() {
    while (true) {
        std::vector<pollfd> waiting;
        {
            std::scoped_lock lock{mutex};
            if (is_stopping) return;
            waiting.push_back({wake, POLLIN, 0});
            for (const auto& [id, container] : containers) {
                if (container.status != "running") continue; // paused: nobody answers
                for (auto [port, listener] : container.listeners)
                    waiting.push_back({listener, POLLIN, 0});
            }
            for (const auto& [socket, guest] : guests) {
                auto owner = containers.find(guest.container);
                if (owner != containers.end() && owner->second.status == "running")
                    waiting.push_back({socket, POLLIN, 0});
            }
        }
        ::poll(waiting.data(), waiting.size(), 1000);
        std::scoped_lock lock{mutex};
        if (is_stopping) return;
        for (const auto& ready : waiting) {
            if (ready.revents == 0) continue;
            if (ready.fd == wake) {
                std::uint64_t count = 0;
                static_cast<void>(::read(wake, &count, sizeof count));
                continue;
            }
            std::string owner;
            for (const auto& [id, container] : containers) {
                for (auto [port, listener] : container.listeners) {
                    if (listener == ready.fd) owner = id;
                }
            }
            if (!owner.empty()) {
                int guest = ::accept4(ready.fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
                if (guest < 0) continue;
                guests[guest].container = owner;
                say(guest, "RFB 003.008\n");
                continue;
            }
            auto guest = guests.find(ready.fd);
            if (guest == guests.end()) continue;
            char buffer[512];
            auto got = ::recv(ready.fd, buffer, sizeof buffer, MSG_DONTWAIT);
            if (got <= 0) {
                ::close(ready.fd);
                guests.erase(guest);
                continue;
            }
            guest->second.line.append(buffer, static_cast<std::size_t>(got));
            auto newline = guest->second.line.find('\n');
            if (newline == std::string::npos) continue;
            auto line = guest->second.line.substr(0, newline);
            guest->second.line.erase(0, newline + 1);
            auto& container = containers.at(guest->second.container);
            if (line.rfind("exit ", 0) == 0)
                end(container, std::atoi(line.c_str() + 5), false);
            else if (line == "eat")
                end(container, 137, true);
            else {
                if (line.rfind("say ", 0) == 0) container.output += line.substr(4) + "\n";
                say(ready.fd, "ok\n");
            }
        }
    }
}

} // namespace berth::test
