// SPDX-License-Identifier: Apache-2.0
#include "http/listener.hpp"

#include "base/log.hpp"
#include "http/connection.hpp"
#include "net/deadline.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <tuple>

namespace berth::http {
namespace {

namespace asio = boost::asio;

constexpr int backlog = 4096;         // the kernel caps it at net.core.somaxconn
constexpr int accepted_per_turn = 64; // others on the core thread must have their turn too
constexpr std::size_t served_over_cap = 256; // connections that get a proper 503
constexpr Milliseconds exhausted_pause{100};

// Owns a descriptor until it is released.
class Descriptor {
public:
    explicit Descriptor(int fd)
        : fd_{fd} {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }

private:
    int fd_;
};

Error system_failure(std::string_view what) {
    const int number = errno;
    auto code = Errc::internal;
    if (number == EADDRINUSE) code = Errc::already_exists;
    if (number == EACCES || number == EPERM) code = Errc::forbidden;
    if (number == EADDRNOTAVAIL) code = Errc::invalid_input;
    return Error{code, std::string{what} + ": " + std::strerror(number)};
}

int open_spare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

// Says no without waiting for the question: there are no means left to be polite.
void refuse_now(int descriptor, const std::string& answer) {
    std::ignore = ::send(descriptor, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    ::shutdown(descriptor, SHUT_WR);
    // What is unread turns the close into a reset, which may overtake the answer.
    char unread[4096];
    std::ignore = ::recv(descriptor, unread, sizeof unread, MSG_DONTWAIT);
    ::close(descriptor);
}

// The system gives the lowest free number, so all below it are in use.
bool is_short_of_descriptors(int newest) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
    return static_cast<rlim_t>(newest) * 100 >= limit.rlim_cur * limits::descriptors_in_use_percent;
}

struct TcpAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

Result<TcpAddress> parse_tcp(const std::string& text, std::uint16_t port) {
    TcpAddress address;
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&address.storage, &v4, sizeof v4);
        address.size = sizeof v4;
        return address;
    }
    if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&address.storage, &v6, sizeof v6);
        address.size = sizeof v6;
        return address;
    }
    return Error{Errc::invalid_input, "listen: not a numeric address: " + text};
}

template <class Address>
const sockaddr* generic(const Address& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

// A socket file left over from a process that is gone refuses connections.
Status remove_stale(const sockaddr_un& address) {
    struct stat info {};
    if (::lstat(address.sun_path, &info) != 0) return Status{};
    if (!S_ISSOCK(info.st_mode)) {
        return Error{Errc::already_exists, "listen: the path is there and is no socket"};
    }
    const Descriptor probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (probe.get() < 0) return system_failure("listen: socket");
    const int connected = ::connect(probe.get(), generic(address), sizeof address);
    if (connected == 0 || errno != ECONNREFUSED) {
        return Error{Errc::already_exists, "listen: the socket is in use"};
    }
    ::unlink(address.sun_path);
    return Status{};
}

} // namespace

struct Listener::Entry {
    Entry(const net::Executor& executor, int descriptor, std::string path_ = {})
        : socket{executor, descriptor}
        , path{std::move(path_)} {}
    ~Entry() {
        if (!path.empty()) ::unlink(path.c_str());
    }
    asio::posix::stream_descriptor socket;
    std::string path; // unix: the file to remove
};

Listener::Listener(net::Executor executor, const Router& router, ServerConfig config)
    : executor_{executor}
    , router_{router}
    , state_{std::move(config)}
    , spare_{open_spare()}
    , entries_scope_{executor, "http-listen"}
    , connections_scope_{executor, "http-connections"} {
    entries_scope_.spawn(watch());
}

Listener::~Listener() {
    if (spare_ >= 0) ::close(spare_);
}

Result<std::uint16_t> Listener::listen_tcp(const std::string& text, std::uint16_t port) {
    auto address = parse_tcp(text, port);
    if (!address) return address.error();
    const int family = address->storage.ss_family;
    Descriptor socket{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (socket.get() < 0) return system_failure("listen: socket");
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // "::" would otherwise take IPv4 as well and collide with an entry on 0.0.0.0.
    if (family == AF_INET6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(socket.get(), generic(address->storage), address->size) != 0) {
        return system_failure("listen: " + text + " port " + std::to_string(port));
    }
    if (::listen(socket.get(), backlog) != 0) return system_failure("listen");
    socklen_t size = sizeof address->storage;
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address->storage), &size);
    in_port_t bound = 0;
    if (family == AF_INET) {
        bound = reinterpret_cast<const sockaddr_in&>(address->storage).sin_port;
    } else {
        bound = reinterpret_cast<const sockaddr_in6&>(address->storage).sin6_port;
    }
    begin(std::make_unique<Entry>(executor_, socket.release()));
    return ntohs(bound);
}

Status Listener::listen_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        return Error{Errc::invalid_input, "listen: socket path too long"};
    }
    path.copy(address.sun_path, path.size());
    const auto cleared = remove_stale(address);
    if (!cleared) return cleared.error();
    Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (socket.get() < 0) return system_failure("listen: socket");
    if (::bind(socket.get(), generic(address), sizeof address) != 0) {
        return system_failure("listen: " + path);
    }
    // Before listen() nobody can connect, so there is no moment with wider rights.
    if (::chmod(path.c_str(), 0600) != 0) return system_failure("listen: chmod");
    if (::listen(socket.get(), backlog) != 0) return system_failure("listen");
    begin(std::make_unique<Entry>(executor_, socket.release(), path));
    return Status{};
}

void Listener::begin(std::unique_ptr<Entry> entry) {
    entries_.push_back(std::move(entry));
    entries_scope_.spawn(accept_loop(*entries_.back()));
}

net::Task<void> Listener::accept_loop(Entry& entry) {
    while (entry.socket.is_open()) {
        const auto wait = asio::posix::stream_descriptor::wait_read;
        co_await entry.socket.async_wait(wait, asio::use_awaitable);
        accept_ready(entry);
        // Descriptors come back when somebody leaves; until then the backlog keeps the callers.
        if (is_exhausted_) co_await net::sleep_for(exhausted_pause);
        is_exhausted_ = false;
    }
}

void Listener::accept_ready(Entry& entry) {
    for (int i = 0; i < accepted_per_turn; ++i) {
        const int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
        const int accepted = ::accept4(entry.socket.native_handle(), nullptr, nullptr, flags);
        if (accepted >= 0) {
            accept_one(accepted);
            continue;
        }
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return;
        if (!is_exhausted_) log("http").error("descriptors_exhausted connections={}", connections());
        is_exhausted_ = true;
        if (spare_ < 0) return;
        ::close(spare_);
        const int refused = ::accept4(entry.socket.native_handle(), nullptr, nullptr, flags);
        ++state_.refusals().descriptors;
        if (refused >= 0) refuse_now(refused, state_.last_answer(503, 2));
        spare_ = open_spare();
    }
}

void Listener::accept_one(int descriptor) {
    if (is_short_of_descriptors(descriptor)) {
        if (!is_short_) log("http").warn("descriptors_short connections={}", connections());
        is_short_ = true;
        ++state_.refusals().descriptors;
        refuse_now(descriptor, state_.last_answer(503, 2));
        return;
    }
    if (connections_scope_.size() >= state_.config().max_connections + served_over_cap) {
        ++state_.refusals().full;
        refuse_now(descriptor, state_.last_answer(503, 2));
        return;
    }
    auto stream = net::adopt_descriptor(executor_, descriptor);
    if (!stream) {
        ::close(descriptor);
        return;
    }
    auto place = state_.place_for((*stream)->peer());
    if (!place) {
        ++state_.refusals().address;
        refuse_now((*stream)->release_descriptor(), state_.last_answer(429, 5));
        return;
    }
    connections_scope_.spawn(serve(std::move(*stream), router_, state_, std::move(*place)));
}

net::Task<void> Listener::watch() {
    for (;;) {
        co_await net::sleep_for(state_.config().sweep_interval);
        state_.sweep(std::chrono::steady_clock::now());
        is_short_ = false;
        if (spare_ < 0) spare_ = open_spare();
    }
}

namespace {

net::Task<Status> all_ended(net::TaskScope& scope) {
    co_await scope.join();
    co_return Status{};
}

} // namespace

net::Task<void> Listener::stop(Deadline deadline) {
    for (auto& entry : entries_) {
        boost::system::error_code ignored;
        entry->socket.close(ignored);
    }
    state_.drain();
    auto ending = net::with_deadline(all_ended(connections_scope_), deadline);
    const auto ended = co_await std::move(ending);
    if (!ended) log("http").warn("connections_cut count={}", connections());
    co_await connections_scope_.stop();
    co_await entries_scope_.stop();
    entries_.clear();
}

} // namespace berth::http
