// SPDX-License-Identifier: Apache-2.0
#pragma once
// A server that gives the same answer to everybody and remembers what was asked. One connection at
// a time, on a unix socket, in a thread of its own.

#include <string>
#include <thread>

namespace berth::test {

class FakeServer {
public:
    FakeServer(const std::string& socket_path, int status, std::string body);
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;
    ~FakeServer();
    std::string stop(); // everything that was received

private:
    void serve();
    int listener_ = -1;
    std::string reply_;
    std::string received_;
    std::thread thread_;
};

} // namespace berth::test
