// SPDX-License-Identifier: Apache-2.0
#include "http/test_server.hpp"
#include "net/deadline.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <limits>
#include <list>
#include <optional>

#ifdef BERTH_UBSAN
#include <sys/syscall.h>

// The sanitizer's own check of types needs descriptors, so that they cannot really be used up
// under it. Then this says what the system would: the lowest free number is over the limit.
namespace {
std::atomic<int> first_missing{std::numeric_limits<int>::max()};
} // namespace

extern "C" int accept4(int from, sockaddr* address, socklen_t* size, int flags) {
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    if (next >= first_missing) {
        errno = EMFILE;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_accept4, from, address, size, flags));
}
#endif

namespace berth::http::test {
namespace {

using namespace std::chrono_literals;

const std::string get = "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n";

std::vector<Route> routes() {
    std::vector<Route> all;
    auto ok = [](Request& r) -> net::Task<Response> { co_return Response{200, r.peer}; };
    auto slow = [](Request&) -> net::Task<Response> {
        co_await net::sleep_for(300ms);
        co_return Response{200, "slow"};
    };
    auto stuck = [](Request&) -> net::Task<Response> {
        co_await net::sleep_for(1h);
        co_return Response{200};
    };
    all.emplace_back("GET", "/ok", Access{"anyone"}, ok);
    all.emplace_back("GET", "/slow", Access{"anyone"}, slow);
    all.emplace_back("GET", "/stuck", Access{"anyone"}, stuck);
    return all;
}

class SocketFile {
public:
    SocketFile() {
        char name[] = "/tmp/berth-http-XXXXXX";
        directory_ = ::mkdtemp(name);
        path = directory_ + "/s";
    }
    ~SocketFile() { std::filesystem::remove_all(directory_); }
    std::string path;

private:
    std::string directory_;
};

TEST(Listener, ServesAUnixSocketForItsOwnUserOnly) {
    SocketFile file;
    {
        TestServer server{routes()};
        server.call([&](Listener& l) { EXPECT_TRUE(l.listen_unix(file.path)); });
        struct stat info {};
        ASSERT_EQ(::stat(file.path.c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777, 0600U);
        RawClient client{file.path};
        client.send(get);
        EXPECT_EQ(client.read_reply().body, "unix");
        server.call([&](Listener& l) {
            EXPECT_EQ(l.listen_unix(file.path).error().code(), Errc::already_exists);
        });
    }
    EXPECT_FALSE(std::filesystem::exists(file.path));
}

TEST(Listener, ReplacesASocketFileThatNobodyServes) {
    SocketFile file;
    {
        boost::asio::io_context context;
        // Bound and closed, but never removed: what a killed process leaves behind.
        const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        file.path.copy(address.sun_path, sizeof address.sun_path - 1);
        ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        ::close(fd);
    }
    TestServer server{routes()};
    server.call([&](Listener& l) { EXPECT_TRUE(l.listen_unix(file.path)); });
    RawClient client{file.path};
    client.send(get);
    EXPECT_EQ(client.read_reply().status, 200);
}

TEST(Listener, DoesNotRemoveAFileThatIsNoSocket) {
    SocketFile file;
    ::close(::open(file.path.c_str(), O_CREAT | O_WRONLY, 0600));
    TestServer server{routes()};
    server.call([&](Listener& l) { EXPECT_FALSE(l.listen_unix(file.path)); });
    EXPECT_TRUE(std::filesystem::exists(file.path));
}

TEST(Listener, SaysThatAPortIsTaken) {
    TestServer one{routes()};
    TestServer two{routes()};
    two.call([&](Listener& l) {
        EXPECT_EQ(l.listen_tcp("127.0.0.1", one.port()).error().code(), Errc::already_exists);
        EXPECT_EQ(l.listen_tcp("localhost", 0).error().code(), Errc::invalid_input);
    });
}

TEST(Listener, ShedsWhatIsOverTheCapAndRecovers) {
    ServerConfig config;
    config.max_connections = 4;
    TestServer server{routes(), config};
    std::list<RawClient> within;
    for (int i = 0; i < 4; ++i) {
        within.emplace_back(server.port()).send(get);
        EXPECT_EQ(within.back().read_reply().status, 200);
    }
    {
        RawClient over{server.port()};
        over.send(get);
        const auto reply = over.read_reply();
        EXPECT_EQ(reply.status, 503);
        EXPECT_EQ(reply.header("retry-after"), "2");
        EXPECT_TRUE(over.is_closed());
    }
    within.front().send(get);
    EXPECT_EQ(within.front().read_reply().status, 200) << "those inside are not touched";
    within.clear();
    EXPECT_TRUE(wait_until([&] { return server.connections() == 0; }));
    RawClient again{server.port()};
    again.send(get);
    EXPECT_EQ(again.read_reply().status, 200);
}

TEST(Listener, TurnsAwayWhatIsOverTheShareOfItsAddress) {
    ServerConfig config;
    config.connections_per_address = 3;
    config.uncounted_addresses.clear();
    TestServer server{routes(), config};
    std::list<RawClient> within;
    for (int i = 0; i < 3; ++i) {
        within.emplace_back(server.port()).send(get);
        EXPECT_EQ(within.back().read_reply().status, 200);
    }
    {
        RawClient over{server.port()};
        const auto reply = over.read_reply();
        EXPECT_EQ(reply.status, 429);
        EXPECT_EQ(reply.header("retry-after"), "5");
        EXPECT_TRUE(over.is_closed());
    }
    server.call([](Listener& l) { EXPECT_EQ(l.refusals().address, 1U); });
    within.front().send(get);
    EXPECT_EQ(within.front().read_reply().status, 200) << "those inside are not touched";
    within.pop_front();
    EXPECT_TRUE(wait_until([&] { return server.connections() == 2; }));
    RawClient again{server.port()};
    again.send(get);
    EXPECT_EQ(again.read_reply().status, 200) << "the place came back";
}

TEST(Listener, CountsNeitherProxiesNorThisMachineNorUnixSockets) {
    for (const bool is_by_proxy : {true, false}) {
        SocketFile file;
        ServerConfig config;
        config.connections_per_address = 1;
        if (is_by_proxy) {
            config.uncounted_addresses.clear();
            config.trusted_proxies = {"127.0.0.1"};
        }
        TestServer server{routes(), config};
        server.call([&](Listener& l) { EXPECT_TRUE(l.listen_unix(file.path)); });
        std::list<RawClient> clients;
        for (int i = 0; i < 4; ++i) {
            clients.emplace_back(server.port()).send(get);
            EXPECT_EQ(clients.back().read_reply().status, 200);
            clients.emplace_back(file.path).send(get);
            EXPECT_EQ(clients.back().read_reply().status, 200);
        }
    }
}

// Lowers the limit of this process; the clients' sockets are opened before.
class FewDescriptors {
public:
    explicit FewDescriptors(rlim_t count) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit now{count, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &now);
    }
    ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

int lowest_free_descriptor() {
    const int lowest = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(lowest);
    return lowest;
}

TEST(Listener, TurnsNewConnectionsAwayWhileFewDescriptorsAreLeft) {
    TestServer server{routes()};
    std::list<RawClient> clients;
    for (int i = 0; i < 40; ++i) {
        clients.emplace_back(server.port()).send(get);
        EXPECT_EQ(clients.back().read_reply().status, 200);
    }
    {
        // Of a hundred and some a few are left: enough for client and server, but under 5 %.
        const FewDescriptors few{static_cast<rlim_t>(lowest_free_descriptor()) + 4};
        RawClient refused{server.port()};
        EXPECT_EQ(refused.read_reply().status, 503);
        server.call([](Listener& l) { EXPECT_EQ(l.refusals().descriptors, 1U); });
        clients.front().send(get);
        EXPECT_EQ(clients.front().read_reply().status, 200) << "those inside are not touched";
    }
    RawClient again{server.port()};
    again.send(get);
    EXPECT_EQ(again.read_reply().status, 200);
}

// The limit itself, or under the sanitizer its stand-in above.
class NoDescriptors {
public:
#ifdef BERTH_UBSAN
    explicit NoDescriptors(int next) { first_missing = next; }
    ~NoDescriptors() { first_missing = std::numeric_limits<int>::max(); }
#else
    explicit NoDescriptors(int next)
        : few_{static_cast<rlim_t>(next)} {}

private:
    FewDescriptors few_;
#endif
};

TEST(Listener, SurvivesRunningOutOfDescriptorsWithoutSpinning) {
    TestServer server{routes()};
    std::list<RawClient> clients;
    for (int i = 0; i < 20; ++i) {
        clients.emplace_back(server.port()).send(get);
        EXPECT_EQ(clients.back().read_reply().status, 200);
    }
    {
        // One descriptor is left: the client's own. The server gets none for it.
        const NoDescriptors none{lowest_free_descriptor() + 1};
        RawClient refused{server.port()};
        EXPECT_EQ(refused.read_reply().status, 503);
        const auto before = std::clock();
        std::this_thread::sleep_for(300ms);
        const auto used = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
        EXPECT_LT(used, 0.1) << "a busy loop";
        clients.front().send(get);
        EXPECT_EQ(clients.front().read_reply().status, 200);
    }
    RawClient again{server.port()};
    again.send(get);
    EXPECT_EQ(again.read_reply().status, 200);
}

TEST(Listener, StopsByClosingTheIdleAndLettingTheActiveFinish) {
    TestServer server{routes()};
    RawClient idle{server.port()};
    idle.send(get);
    EXPECT_EQ(idle.read_reply().status, 200);
    RawClient active{server.port()};
    active.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(wait_until([&] { return server.connections() == 2; }));
    std::this_thread::sleep_for(50ms); // the request is in its handler now, which takes 300 ms
    const auto begin = std::chrono::steady_clock::now();
    server.stop(5s);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
    EXPECT_TRUE(idle.is_closed());
    const auto reply = active.read_reply();
    EXPECT_EQ(reply.body, "slow");
    EXPECT_EQ(reply.header("connection"), "close");
    EXPECT_THROW(RawClient{server.port()}, std::runtime_error);
}

TEST(Listener, DoesNotWaitForAConnectionThatHasSaidNothing) {
    TestServer server{routes()};
    RawClient silent{server.port()};
    EXPECT_TRUE(wait_until([&] { return server.connections() == 1; }));
    const auto begin = std::chrono::steady_clock::now();
    server.stop(8s);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
    EXPECT_TRUE(silent.is_closed());
}

TEST(Listener, CutsWhatHasNotEndedByTheDeadline) {
    TestServer server{routes()};
    RawClient stuck{server.port()};
    stuck.send("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(wait_until([&] { return server.connections() == 1; }));
    server.stop(50ms);
    EXPECT_TRUE(stuck.is_closed());
    EXPECT_EQ(server.connections(), 0U);
}

} // namespace
} // namespace berth::http::test
