// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the tests of ssh/ stand on: a real sshd, a link to it, and small servers behind it.

#include "net/byte_stream.hpp"
#include "net/task_scope.hpp"
#include "ssh/host_link.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/sshd.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace berth::test {

// What a server does with each connection.
enum class Service {
    echo,    // gives back what comes
    engine,  // answers each request head with "HTTP/1.1 200 OK" and no body
    source,  // sends the pattern until the other side has enough
    check,   // reads the pattern; answers with the number of good bytes when the other side ends
    silent,  // reads nothing, says nothing
    greet,   // "hello", then the end
};

// The n-th byte of every stream of the pattern.
inline char pattern_at(std::uint64_t n) { return static_cast<char>((n * 2654435761U) >> 13); }

// On a thread of its own: what is measured there does not slow the test's own thread.
class Server {
public:
    // A unix socket in the folder, or with an empty path a port on 127.0.0.1.
    Server(Service service, std::string path);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    std::uint16_t port() const;
    int accepted() const;
    int open() const; // connections now
    void close_all(); // every connection ends

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

class SshLab : public testing::Test {
protected:
    // Call first; skips loudly without an sshd.
    void start(std::string sshd_settings = {});
    void TearDown() override;

    ssh::LinkConfig config();
    ssh::HostLink& link() { return *link_; }
    void make_link(ssh::LinkConfig config);
    boost::asio::any_io_executor executor() { return context_.get_executor(); }
    Deadline soon() const { return deadline_in(Seconds{10}); }
    template <class T>
    T run(net::Task<T> task, std::chrono::steady_clock::duration limit = std::chrono::seconds{30}) {
        return run_task(context_, std::move(task), limit);
    }
    Result<net::ByteStreamPtr> dial() { return run(link().engine().dial(executor(), soon())); }
    Result<net::ByteStreamPtr> dial_port(std::uint16_t port) {
        return run(link().dial_port(port, executor(), soon()));
    }
    std::string exchange(net::ByteStream& stream, const std::string& text);

    boost::asio::io_context context_{1};
    std::unique_ptr<Sshd> sshd_;
    std::unique_ptr<Server> engine_;
    std::unique_ptr<ssh::Handshakes> handshakes_;
    std::unique_ptr<ssh::HostLink> link_;
};

// Descriptors of this process that are open.
std::size_t open_descriptors();

// A second thread that turns an executor.
class OtherThread {
public:
    OtherThread();
    ~OtherThread();
    boost::asio::any_io_executor executor() { return context_.get_executor(); }

private:
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::thread thread_;
};

} // namespace berth::test
