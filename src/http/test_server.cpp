// SPDX-License-Identifier: Apache-2.0
#include "http/test_server.hpp"

#include "http/field_rules.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <future>
#include <stdexcept>

namespace berth::http::test {

namespace asio = boost::asio;

Response problem_page(const Error& error, const Request& request) {
    int status = 500;
    if (error.code() == Errc::not_found) status = 404;
    if (error.code() == Errc::method_not_allowed) status = 405;
    if (error.code() == Errc::forbidden) status = 403;
    return plain_problem(status, error.code(), "problem", request.id);
}

bool wait_until(const std::function<bool()>& condition, Milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(Milliseconds{1});
    }
    return true;
}

TestServer::TestServer(std::vector<Route> routes, ServerConfig config, Router::Guard guard)
    : context_{1}
    , work_{context_.get_executor()}
    , router_{std::move(routes), problem_page, std::move(guard)}
    , listener_{context_.get_executor(), router_, std::move(config)} {
    port_ = listener_.listen_tcp("127.0.0.1", 0).value();
    thread_ = std::thread{[this] { context_.run(); }};
}

TestServer::~TestServer() {
    stop(Milliseconds{200});
    work_.reset();
    thread_.join();
}

void TestServer::call(std::function<void(Listener&)> work) {
    std::promise<void> done;
    asio::post(context_, [&] {
        work(listener_);
        done.set_value();
    });
    done.get_future().get();
}

std::size_t TestServer::connections() {
    std::size_t count = 0;
    call([&](Listener& listener) { count = listener.connections(); });
    return count;
}

void TestServer::stop(Milliseconds patience) {
    auto stopping = listener_.stop(deadline_in(patience));
    asio::co_spawn(context_, std::move(stopping), asio::use_future).get();
}

std::string Reply::header(std::string_view name) const {
    std::size_t at = head.find("\r\n");
    while (at != std::string::npos && at + 2 < head.size()) {
        const auto end = head.find("\r\n", at + 2);
        const std::string_view line{head.data() + at + 2, end - at - 2};
        const auto colon = line.find(':');
        if (colon != std::string_view::npos && iequals(line.substr(0, colon), name)) {
            return std::string{trim(line.substr(colon + 1))};
        }
        at = end;
    }
    return {};
}

namespace {

int open_socket(int family) {
    const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    timeval limit{};
    limit.tv_sec = 5;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return fd;
}

} // namespace

RawClient::RawClient(std::uint16_t port)
    : fd_{open_socket(AF_INET)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error(std::string{"connect: "} + std::strerror(errno));
    }
}

RawClient::RawClient(const std::string& path)
    : fd_{open_socket(AF_UNIX)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error(std::string{"connect: "} + std::strerror(errno));
    }
}

RawClient::~RawClient() { ::close(fd_); }

// A server that refuses early closes under our hands: what it said is what the test looks at.
void RawClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void RawClient::finish_sending() { ::shutdown(fd_, SHUT_WR); }

bool RawClient::fill() {
    char bytes[16384];
    const auto got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        throw std::runtime_error("the server said nothing for 5 s; so far: " + buffer_);
    }
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
}

std::string RawClient::read_until(std::string_view mark) {
    while (buffer_.find(mark) == std::string::npos) {
        if (!fill()) return {};
    }
    const auto end = buffer_.find(mark) + mark.size();
    auto text = buffer_.substr(0, end);
    buffer_.erase(0, end);
    return text;
}

std::string RawClient::read_bytes(std::size_t count) {
    while (buffer_.size() < count && fill()) {
    }
    auto text = buffer_.substr(0, count);
    buffer_.erase(0, text.size());
    return text;
}

std::string RawClient::read_to_end() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
}

Reply RawClient::read_reply(bool is_head) {
    Reply reply;
    reply.head = read_until("\r\n\r\n");
    if (reply.head.size() < 12) return reply;
    reply.status = std::stoi(reply.head.substr(9, 3));
    if (is_head || reply.status == 204 || reply.status == 304 || reply.status < 200) return reply;
    const auto length = reply.header("content-length");
    if (!length.empty()) {
        reply.body = read_bytes(std::stoul(length));
    } else if (reply.header("transfer-encoding") == "chunked") {
        for (;;) {
            const auto line = read_until("\r\n");
            if (line.empty()) break;
            const auto size = std::stoul(line, nullptr, 16);
            reply.body += read_bytes(size);
            read_bytes(2);
            if (size == 0) break;
        }
    } else {
        reply.body = read_to_end();
    }
    return reply;
}

std::vector<Reply> RawClient::read_all() {
    std::vector<Reply> replies;
    for (auto reply = read_reply(); reply.status != 0; reply = read_reply()) {
        replies.push_back(std::move(reply));
    }
    return replies;
}

bool RawClient::is_closed() {
    while (fill()) {
    }
    return true;
}

void RawClient::reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(std::exchange(fd_, -1));
}

void RawClient::limit_receive_buffer(int bytes) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

} // namespace berth::http::test
