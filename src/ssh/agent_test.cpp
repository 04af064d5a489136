// SPDX-License-Identifier: Apache-2.0
#include "ssh/agent.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace berth::ssh {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

// Answers one request with these bytes, then waits for the other side's end.
class Agent {
public:
    explicit Agent(std::string answer) {
        std::array<char, 32> name{"/tmp/berth-agent-XXXXXX"};
        folder_ = ::mkdtemp(name.data());
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
        listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener_, 4) != 0)
            ADD_FAILURE() << std::strerror(errno);
        thread_ = std::thread{[this, answer = std::move(answer)] { serve(answer); }};
    }
    ~Agent() {
        ::shutdown(listener_, SHUT_RDWR); // ends the wait for somebody who never came
        thread_.join();
        ::close(listener_);
        std::filesystem::remove_all(folder_);
    }
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;
    std::string path() const { return folder_ + "/agent.sock"; }
    const std::string& request() const { return request_; } // after the end

private:
    void serve(const std::string& answer) {
        int socket = ::accept(listener_, nullptr, nullptr);
        if (socket < 0) return;
        request_.resize(5);
        auto n = ::recv(socket, request_.data(), request_.size(), MSG_WAITALL);
        request_.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
        // Byte by byte: nothing may depend on how an answer is cut.
        for (char byte : answer) {
            if (::send(socket, &byte, 1, MSG_NOSIGNAL) != 1) break;
        }
        if (!answer.empty()) ::shutdown(socket, SHUT_WR);
        char byte = 0;
        while (::recv(socket, &byte, 1, 0) > 0) {
        }
        ::close(socket);
    }
    std::string folder_, request_;
    int listener_ = -1;
    std::thread thread_;
};

Errc code_of(const std::string& answer, Milliseconds limit = 5s) {
    Agent agent{answer};
    auto socket = connect_agent(agent.path(), deadline_in(limit));
    if (!socket) return socket.error().code();
    ::close(*socket);
    return Errc::internal; // of no failure here
}

TEST(Agent, OneThatListsItsKeysIsTaken) {
    for (const auto& answer :
         {"\0\0\0\x05\x0c\0\0\0\0"s, "\0\0\0\x0d\x0c\0\0\0\x01\0\0\0\0\0\0\0\0"s})
        EXPECT_EQ(code_of(answer), Errc::internal);
}

TEST(Agent, ItIsAskedForItsKeysAndTheSocketBlocks) {
    Agent agent{"\0\0\0\x05\x0c\0\0\0\0"s};
    auto socket = connect_agent(agent.path(), deadline_in(5s));
    ASSERT_TRUE(socket) << describe(socket.error());
    EXPECT_EQ(::fcntl(*socket, F_GETFL) & O_NONBLOCK, 0) << "libssh reads it without a poll";
    EXPECT_NE(::fcntl(*socket, F_GETFD) & FD_CLOEXEC, 0);
    ::close(*socket);
    EXPECT_EQ(agent.request(), "\0\0\0\x01\x0b"s);
}

TEST(Agent, WhatIsNoAgentIsRefused) {
    for (const auto& answer : {
             "\0\0\0\0"s,             // an empty message
             "\0\0\0\x01\x05"s,       // SSH_AGENT_FAILURE
             "HTTP/1.1 400 Bad"s,     // a length of a gigabyte
             "\x00\x04\x00\x01\x0c"s, // one byte over the bound
             "\0\0\0\x05\x0c\0"s,     // ends in the middle
             "\0\0"s,
         })
        EXPECT_EQ(code_of(answer), Errc::host_unreachable) << testing::PrintToString(answer);
}

TEST(Agent, AFrozenOneIsLeftAtTheDeadline) {
    auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(code_of("", 200ms), Errc::timed_out);
    EXPECT_LT(since(begin), 3s);
}

TEST(Agent, NobodyThere) {
    auto code = [](const std::string& path) {
        auto socket = connect_agent(path, deadline_in(1s));
        return socket ? Errc::internal : socket.error().code();
    };
    EXPECT_EQ(code(""), Errc::host_unreachable);
    EXPECT_EQ(code("/nowhere/agent.sock"), Errc::host_unreachable);
    EXPECT_EQ(code("/tmp/" + std::string(200, 'x')), Errc::host_unreachable);
}

} // namespace
} // namespace berth::ssh
