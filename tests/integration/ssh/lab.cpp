// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/ssh/lab.hpp"

#include "net/socket_stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <filesystem>
#include <future>
#include <iterator>
#include <set>
#include <vector>

namespace berth::test {
namespace {

namespace asio = boost::asio;
using net::ByteStream;
using net::ByteStreamPtr;
using net::Task;

Task<void> echo(ByteStream& stream) {
    std::vector<char> piece(64 * 1024);
    for (;;) {
        auto n = co_await stream.read_some(asio::buffer(piece));
        if (!n || *n == 0) break;
        auto sent = co_await stream.write_all(asio::buffer(piece.data(), *n));
        if (!sent) break;
    }
    stream.shutdown_write();
}

Task<void> engine(ByteStream& stream) {
    std::string text;
    std::array<char, 4096> piece{};
    for (;;) {
        auto n = co_await stream.read_some(asio::buffer(piece));
        if (!n || *n == 0) co_return;
        text.append(piece.data(), *n);
        if (text.find("\r\n\r\n") == std::string::npos) continue;
        bool is_last = text.find("Connection: close") != std::string::npos;
        text.clear();
        std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK";
        auto sent = co_await stream.write_all(asio::buffer(answer));
        if (!sent || is_last) co_return;
    }
}

Task<void> source(ByteStream& stream, std::atomic<std::uint64_t>& count) {
    std::vector<char> piece(64 * 1024);
    for (std::uint64_t at = 0;;) {
        for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = pattern_at(at + i);
        auto sent = co_await stream.write_all(asio::buffer(piece));
        if (!sent) co_return;
        at += piece.size();
        count += piece.size();
    }
}

Task<void> check(ByteStream& stream) {
    std::vector<char> piece(64 * 1024);
    std::uint64_t at = 0;
    bool is_good = true;
    for (;;) {
        auto n = co_await stream.read_some(asio::buffer(piece));
        if (!n || *n == 0) break;
        for (std::size_t i = 0; i < *n; ++i) is_good = is_good && piece[i] == pattern_at(at + i);
        at += *n;
    }
    auto answer = is_good ? std::to_string(at) : "bad";
    auto sent = co_await stream.write_all(asio::buffer(answer));
    static_cast<void>(sent);
}

Task<void> greet(ByteStream& stream) {
    auto sent = co_await stream.write_all(asio::buffer(std::string_view{"hello"}));
    static_cast<void>(sent);
}

// draft-miller-ssh-agent: length, 12, number of keys, key, comment.
Task<void> wait_for_end(ByteStream& stream) {
    // Reads nothing: what lies in the socket's buffer stays there.
    asio::steady_timer never{stream.executor(), asio::steady_timer::time_point::max()};
    co_await never.async_wait(asio::use_awaitable);
}

Task<void> half_agent(ByteStream& stream, const std::string& key) {
    std::array<char, 5> request{};
    auto got = co_await stream.read_exactly(asio::buffer(request));
    if (!got) co_return;
    constexpr char asks_for_identities = 11; // draft-miller-ssh-agent, 5.1
    if (request[4] != asks_for_identities) co_await wait_for_end(stream);
    auto number = [](std::size_t n) {
        std::string text;
        for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(n >> shift & 0xff);
        return text;
    };
    auto body = "\x0c" + number(1) + number(key.size()) + key + number(0);
    auto answer = number(body.size()) + body;
    auto sent = co_await stream.write_all(asio::buffer(answer));
    static_cast<void>(sent);
    // Asked again, as each client does; a request to sign gets no answer.
    co_await half_agent(stream, key);
}

} // namespace

struct Server::Impl {
    Impl(Service service_, const std::string& path, std::string data_)
        : service{service_}
        , data{std::move(data_)} {
        if (path.empty()) {
            acceptor.open(asio::ip::tcp::v4());
            acceptor.bind(asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), 0});
        } else {
            std::filesystem::remove(path);
            acceptor.open(asio::local::stream_protocol{});
            acceptor.bind(asio::local::stream_protocol::endpoint{path});
        }
        acceptor.listen(512);
        asio::co_spawn(context, accept_all(this), [](const std::exception_ptr&) {});
        thread = std::thread{[this] { context.run(); }};
    }
    ~Impl() {
        context.stop();
        thread.join();
    }

    static Task<void> accept_all(Impl* self) {
        for (;;) {
            auto socket = co_await self->acceptor.async_accept(asio::use_awaitable);
            auto stream = net::make_socket_stream(std::move(socket));
            ++self->accepted;
            auto one = serve(self, std::move(stream));
            asio::co_spawn(self->context, std::move(one), [](const std::exception_ptr&) {});
        }
    }
    static Task<void> serve(Impl* self, ByteStreamPtr stream) {
        self->streams.insert(stream.get());
        ++self->open;
        auto task = choose(*self, *stream);
        co_await std::move(task);
        self->streams.erase(stream.get());
        --self->open;
    }
    static Task<void> choose(Impl& self, ByteStream& stream) {
        switch (self.service) {
        case Service::echo: return echo(stream);
        case Service::engine: return engine(stream);
        case Service::source: return source(stream, self.sent);
        case Service::check: return check(stream);
        case Service::greet: return greet(stream);
        case Service::agent: return half_agent(stream, self.data);
        case Service::silent: break;
        }
        return wait_for_end(stream);
    }

    Service service;
    std::string data;
    asio::io_context context{1};
    asio::basic_socket_acceptor<asio::generic::stream_protocol> acceptor{context};
    std::set<ByteStream*> streams;
    std::atomic<int> accepted = 0, open = 0;
    std::atomic<std::uint64_t> sent = 0;
    std::thread thread;
};

Server::Server(Service service, std::string path, std::string data)
    : impl_{std::make_unique<Impl>(service, path, std::move(data))} {}
Server::~Server() = default;

std::uint16_t Server::port() const {
    auto generic = impl_->acceptor.local_endpoint();
    sockaddr_in address{};
    std::memcpy(&address, generic.data(), sizeof address);
    return ntohs(address.sin_port);
}

int Server::accepted() const { return impl_->accepted; }
std::uint64_t Server::sent() const { return impl_->sent; }
int Server::open() const { return impl_->open; }

void Server::close_all() {
    std::promise<void> done;
    asio::post(impl_->context, [&] {
        for (auto* stream : impl_->streams) stream->close();
        done.set_value();
    });
    done.get_future().wait();
}

// ---- the lab ------------------------------------------------------------------------------------------

void SshLab::start(std::string sshd_settings) {
    sshd_ = std::make_unique<Sshd>(std::move(sshd_settings));
    if (!sshd_->problem().empty()) GTEST_SKIP() << "NO SSHD, NOT TESTED: " << sshd_->problem();
    engine_ = std::make_unique<Server>(Service::engine, sshd_->folder() + "/engine.sock");
    handshakes_ = std::make_unique<ssh::Handshakes>(executor());
    make_link(config());
}

void SshLab::TearDown() {
    if (link_) run(link_->stop());
    if (handshakes_) run(handshakes_->stop());
    link_.reset();
    handshakes_.reset();
    context_.restart();
    context_.poll(); // streams that were destroyed outside of it
}

ssh::LinkConfig SshLab::config() {
    ssh::LinkConfig config;
    config.address.host = "127.0.0.1";
    config.address.port = sshd_->port();
    config.engine_socket = sshd_->folder() + "/engine.sock";
    config.own_known_hosts = sshd_->known_hosts();
    config.config_file = sshd_->config_file();
    return config;
}

void SshLab::make_link(ssh::LinkConfig config) {
    if (link_) run(link_->stop());
    link_ = std::make_unique<ssh::HostLink>(executor(), *handshakes_, std::move(config));
}

Task<std::string> converse(ByteStream& stream, std::string text) {
    auto sent = co_await stream.write_all(asio::buffer(text));
    if (!sent) co_return "write: " + describe(sent.error());
    std::string got(text.size(), '\0');
    auto read = co_await stream.read_exactly(asio::buffer(got));
    if (!read) co_return "read: " + describe(read.error());
    co_return got;
}

Task<Status> send_pattern(ByteStream& stream, std::uint64_t size) {
    std::vector<char> piece(100'000); // no power of two: pieces and packets never fall together
    for (std::uint64_t at = 0; at < size;) {
        auto n = std::min<std::uint64_t>(piece.size(), size - at);
        for (std::size_t i = 0; i < n; ++i) piece[i] = pattern_at(at + i);
        auto sent = co_await stream.write_all(asio::buffer(piece.data(), n));
        if (!sent) co_return sent;
        at += n;
    }
    co_return Status{};
}

Task<bool> check_pattern(ByteStream& stream, std::uint64_t size) {
    std::vector<char> piece(70'000);
    for (std::uint64_t at = 0; at < size;) {
        auto n = co_await stream.read_some(asio::buffer(piece));
        if (!n || *n == 0) co_return false;
        for (std::size_t i = 0; i < *n; ++i)
            if (piece[i] != pattern_at(at + i)) co_return false;
        at += *n;
    }
    co_return true;
}

namespace {

Task<std::string> read_to_end(ByteStream& stream) {
    std::string text;
    std::array<char, 4096> piece{};
    for (;;) {
        auto n = co_await stream.read_some(asio::buffer(piece));
        if (!n) co_return text + "<" + describe(n.error()) + ">";
        if (*n == 0) co_return text;
        text.append(piece.data(), *n);
    }
}

} // namespace

std::string SshLab::read_all(ByteStream& stream) { return run(read_to_end(stream)); }

std::string SshLab::exchange(ByteStream& stream, const std::string& text) {
    return run(converse(stream, text));
}

std::size_t open_descriptors() {
    namespace fs = std::filesystem;
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator{"/proc/self/fd"}, fs::directory_iterator{})
    );
}

OtherThread::OtherThread()
    : work_{context_.get_executor()}
    , thread_{[this] { context_.run(); }} {}

OtherThread::~OtherThread() {
    work_.reset();
    thread_.join();
}

} // namespace berth::test
