// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests: a real Listener on port 0 in a thread of its own, and a client that speaks raw bytes.
// Every wait has a hard limit.

#include "http/listener.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace berth::http::test {

class TestServer {
public:
    explicit TestServer(std::vector<Route> routes, ServerConfig config = {}, Router::Guard = {});
    ~TestServer(); // stops, if that was not done
    std::uint16_t port() const noexcept { return port_; }
    // Runs in the server's thread and waits for it.
    void call(std::function<void(Listener&)> work);
    std::size_t connections();
    void stop(Milliseconds patience);

private:
    boost::asio::io_context context_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    Router router_;
    Listener listener_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

struct Reply {
    int status = 0; // 0 = the connection ended instead
    std::string head;
    std::string body;
    std::string header(std::string_view name) const;
};

class RawClient {
public:
    explicit RawClient(std::uint16_t port);
    explicit RawClient(const std::string& unix_path);
    ~RawClient();
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    void send(std::string_view bytes);
    void finish_sending();
    // One answer; `is_head` says that no body follows whatever the head says.
    Reply read_reply(bool is_head = false);
    std::string read_bytes(std::size_t count);
    std::string read_until(std::string_view mark);
    std::string read_to_end();
    // All answers until the server closes.
    std::vector<Reply> read_all();
    bool is_closed(); // waits for it, up to the limit
    void reset();     // closes with RST
    void limit_receive_buffer(int bytes);

private:
    bool fill();
    int fd_ = -1;
    std::string buffer_;
};

Response problem_page(const Error& error, const Request& request);
bool wait_until(const std::function<bool()>& condition, Milliseconds limit = Milliseconds{5000});

} // namespace berth::http::test
