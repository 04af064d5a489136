// SPDX-License-Identifier: Apache-2.0
// A port on a machine's loopback through its SSH connection, against the same port directly: bulk
// towards us, and small exchanges (10 bytes up, 1 KB down). Then what one more machine costs in memory:
// its connection with an open stream to its engine. JSON on standard output.
//
//   ssh_tunnel HOST SSH_PORT USER SSH_CONFIG KNOWN_HOSTS [MEGABYTES]
#include "net/dialer.hpp"
#include "ssh/host_link.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
using namespace berth;
using net::Task;
using Clock = std::chrono::steady_clock;

constexpr std::size_t answer_size = 1024, question_size = 10, exchanges = 2000;
constexpr int warm_links = 10, counted_links = 100, turns = 5;

void must(bool is_good, const std::string& what) {
    if (!is_good) throw std::runtime_error(what);
}

// The far side: 'b' and it pours, 'e' and it answers each ten bytes with a kilobyte.
class Source {
public:
    explicit Source(std::size_t bytes)
        : bytes_{bytes}
        , listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
        must(::bind(listener_, generic, size) == 0 && ::listen(listener_, 8) == 0, "listen");
        must(::getsockname(listener_, generic, &size) == 0, "getsockname");
        port_ = ntohs(address.sin_port);
        thread_ = std::thread{[this] { serve(); }};
    }
    ~Source() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    std::uint16_t port() const { return port_; }

private:
    void serve() {
        for (int peer; (peer = ::accept(listener_, nullptr, nullptr)) >= 0; ::close(peer)) {
            char kind = 0;
            if (::read(peer, &kind, 1) != 1) continue;
            if (kind == 'b') pour(peer);
            else answer(peer);
        }
    }
    void pour(int peer) const {
        static const std::vector<char> block(256 * 1024, 'x');
        for (std::size_t sent = 0; sent < bytes_;) {
            auto n = ::write(peer, block.data(), std::min(block.size(), bytes_ - sent));
            if (n <= 0) return;
            sent += static_cast<std::size_t>(n);
        }
    }
    static void answer(int peer) {
        static const std::array<char, answer_size> kilobyte{};
        std::array<char, question_size> question{};
        while (::recv(peer, question.data(), question.size(), MSG_WAITALL) == static_cast<ssize_t>(question.size()))
            if (::write(peer, kilobyte.data(), kilobyte.size()) < 0) return;
    }

    std::size_t bytes_;
    int listener_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

double cpu_of_this_thread() {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

struct Figures {
    double mb_per_s = 0, cpu_s_per_gb = 0, p50_us = 0, p99_us = 0, cpu_us = 0;
};

Task<void> measure_bulk(net::ByteStream& stream, std::size_t bytes, Figures& figures) {
    auto asked = co_await stream.write_all(asio::buffer("b", 1));
    must(asked.has_value(), "ask");
    std::vector<char> into(128 * 1024);
    auto begin = Clock::now();
    auto cpu = cpu_of_this_thread();
    for (std::size_t got = 0; got < bytes;) {
        auto n = co_await stream.read_some(asio::buffer(into));
        must(n && *n > 0, "read");
        got += *n;
    }
    auto gigabytes = static_cast<double>(bytes) / 1e9;
    figures.mb_per_s = gigabytes * 1000 / seconds_since(begin);
    figures.cpu_s_per_gb = (cpu_of_this_thread() - cpu) / gigabytes;
}

Task<void> measure_exchanges(net::ByteStream& stream, Figures& figures) {
    auto asked = co_await stream.write_all(asio::buffer("e", 1));
    must(asked.has_value(), "ask");
    std::array<char, question_size> question{};
    std::array<char, answer_size> answer{};
    std::vector<double> times;
    auto cpu = cpu_of_this_thread();
    for (std::size_t i = 0; i < exchanges; ++i) {
        auto begin = Clock::now();
        auto sent = co_await stream.write_all(asio::buffer(question));
        must(sent.has_value(), "send");
        auto got = co_await stream.read_exactly(asio::buffer(answer));
        must(got.has_value(), "read");
        times.push_back(seconds_since(begin) * 1e6);
    }
    figures.cpu_us = (cpu_of_this_thread() - cpu) * 1e6 / exchanges;
    std::sort(times.begin(), times.end());
    figures.p50_us = times[times.size() / 2];
    figures.p99_us = times[times.size() * 99 / 100];
}

using Dial = Task<Result<net::ByteStreamPtr>> (*)(ssh::HostLink* link, std::uint16_t port);

Task<Result<net::ByteStreamPtr>> dial_tunnel(ssh::HostLink* link, std::uint16_t port) {
    auto executor = co_await asio::this_coro::executor;
    co_return co_await link->dial_port(port, executor, deadline_in(Seconds{20}));
}

Task<Result<net::ByteStreamPtr>> dial_direct(ssh::HostLink*, std::uint16_t port) {
    auto executor = co_await asio::this_coro::executor;
    auto dialer = net::make_tcp_dialer("127.0.0.1", port);
    co_return co_await dialer->dial(executor, deadline_in(Seconds{20}));
}

Task<void> measure(Dial dial, ssh::HostLink* link, std::uint16_t port, std::size_t bytes, std::vector<Figures>& all) {
    Figures figures;
    auto small = co_await dial(link, port);
    must(small.has_value(), small ? "" : describe(small.error()));
    co_await measure_exchanges(**small, figures);
    small->reset();
    auto bulk = co_await dial(link, port);
    must(bulk.has_value(), bulk ? "" : describe(bulk.error()));
    co_await measure_bulk(**bulk, bytes, figures);
    all.push_back(figures);
}

long resident_kib() {
    std::ifstream status{"/proc/self/statm"};
    long pages = 0;
    status >> pages >> pages;
    return pages * (::sysconf(_SC_PAGESIZE) / 1024);
}

Task<void> measure_memory(ssh::LinkConfig config, ssh::Handshakes& handshakes, double& kib_per_link) {
    auto core = co_await asio::this_coro::executor;
    std::vector<std::unique_ptr<ssh::HostLink>> links;
    std::vector<net::ByteStreamPtr> streams;
    long before = 0;
    for (int i = 0; i < warm_links + counted_links; ++i) {
        // The first ones bring threads and tables that all share.
        if (i == warm_links) before = resident_kib();
        links.push_back(std::make_unique<ssh::HostLink>(core, handshakes, config));
        auto stream = co_await links.back()->engine().dial(core, deadline_in(Seconds{20}));
        must(stream.has_value(), stream ? "" : describe(stream.error()));
        streams.push_back(std::move(*stream));
    }
    kib_per_link = static_cast<double>(resident_kib() - before) / counted_links;
    streams.clear();
    for (auto& link : links) co_await link->stop();
}

struct Results {
    std::vector<Figures> direct, tunnel;
    double kib_per_link = 0;
};

Task<void> run(ssh::LinkConfig config, ssh::Handshakes& handshakes, std::size_t bytes, Results& results) {
    auto core = co_await asio::this_coro::executor;
    {
        Source source{bytes};
        ssh::HostLink link{core, handshakes, config};
        // In turns, so that a slow moment of the machine hits both.
        for (int turn = 0; turn < turns; ++turn) {
            co_await measure(dial_direct, &link, source.port(), bytes, results.direct);
            co_await measure(dial_tunnel, &link, source.port(), bytes, results.tunnel);
        }
        co_await link.stop();
    }
    co_await measure_memory(std::move(config), handshakes, results.kib_per_link);
    co_await handshakes.stop();
}

double median(const std::vector<Figures>& all, double Figures::*which) {
    std::vector<double> values;
    for (const auto& one : all) values.push_back(one.*which);
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void print(const char* name, const std::vector<Figures>& all) {
    std::printf(
        "\"%s\": {\"mb_per_s\": %.0f, \"cpu_s_per_gb\": %.2f, \"p50_us\": %.0f, \"p99_us\": %.0f, \"cpu_us\": %.0f}, ",
        name, median(all, &Figures::mb_per_s), median(all, &Figures::cpu_s_per_gb), median(all, &Figures::p50_us),
        median(all, &Figures::p99_us), median(all, &Figures::cpu_us));
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 6) {
        std::fprintf(stderr, "usage: ssh_tunnel HOST SSH_PORT USER SSH_CONFIG KNOWN_HOSTS [MEGABYTES]\n");
        return 2;
    }
    ssh::LinkConfig config;
    config.address.host = argv[1];
    config.address.port = static_cast<std::uint16_t>(std::atoi(argv[2]));
    config.address.user = argv[3];
    config.config_file = argv[4];
    config.own_known_hosts = argv[5];
    auto bytes = static_cast<std::size_t>(argc > 6 ? std::atoi(argv[6]) : 256) * 1'000'000;
    Results results;
    asio::io_context context{1};
    ssh::Handshakes handshakes{context.get_executor()};
    std::exception_ptr failure;
    asio::co_spawn(context, run(std::move(config), handshakes, bytes, results),
                   [&failure](std::exception_ptr error) { failure = error; });
    context.run();
    try {
        if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "ssh_tunnel: %s\n", error.what());
        return 1;
    }
    std::printf("{");
    print("direct", results.direct);
    print("tunnel", results.tunnel);
    std::printf("\"turns\": %d, \"kib_per_link\": %.1f, \"links\": %d}\n", turns, results.kib_per_link, counted_links);
    return 0;
}
