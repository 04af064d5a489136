// SPDX-License-Identifier: Apache-2.0
#include "gateway/fake_desktop.hpp"

#include "net/deadline.hpp"
#include "net/dialer.hpp"
#include "rfb/des_auth.hpp"
#include "rfb/messages.hpp"
#include "rfb/reader.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace berth::gateway::test {

namespace asio = boost::asio;
using net::Task;
using tcp = asio::ip::tcp;

namespace {

// A failed test desktop shows in what the test expects of it.
void ignore(const std::exception_ptr&) {}

Error not_here() {
    return Error{Errc::internal, "not part of this fake"};
}

} // namespace

FakeDesktop::FakeDesktop(std::string secret, Session session)
    : secret_{std::move(secret)}
    , session_{std::move(session)}
    , acceptor_{context_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}}
    , port_{acceptor_.local_endpoint().port()} {
    asio::co_spawn(context_, accept_all(), ignore);
    thread_ = std::thread{[this] { context_.run(); }};
}

FakeDesktop::~FakeDesktop() {
    context_.stop();
    thread_.join();
}

std::string FakeDesktop::received() {
    std::scoped_lock lock{mutex_};
    return received_;
}

Task<void> FakeDesktop::accept_all() {
    for (;;) {
        auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
        auto stream = net::adopt_descriptor(context_.get_executor(), socket.release());
        ++connections_;
        asio::co_spawn(context_, serve(std::move(stream.value())), ignore);
    }
}

Task<void> FakeDesktop::serve(net::ByteStreamPtr stream) {
    const auto send = [&](std::string_view bytes) {
        return stream->write_all(asio::const_buffer(bytes.data(), bytes.size()));
    };
    const std::string challenge = "0123456789abcdef";
    std::array<char, 4096> in{};
    (void)co_await send("RFB 003.008\n");
    (void)co_await stream->read_exactly(asio::buffer(in, 12));
    const std::string types{"\x01\x02", 2};
    (void)co_await send(types);
    (void)co_await stream->read_exactly(asio::buffer(in, 1));
    (void)co_await send(challenge);
    auto answered = co_await stream->read_exactly(asio::buffer(in, rfb::challenge_size));
    const bool is_right = answered && rfb::answer_challenge(secret_, challenge) ==
                                          std::string_view(in.data(), rfb::challenge_size);
    std::string result;
    rfb::append_u32(result, is_right ? 0 : 1);
    if (!is_right) {
        rfb::append_u32(result, 3);
        result += "bad";
    }
    (void)co_await send(result);
    if (!is_right) co_return;
    (void)co_await stream->read_exactly(asio::buffer(in, 1));
    rfb::ServerInit init;
    init.width = 640;
    init.height = 480;
    init.pixel_format = {0x20, 0x18, 0, 1};
    init.name = "fake";
    const auto first = rfb::encode(init);
    (void)co_await send(first);
    if (session_) {
        co_await session_(*stream);
        co_return;
    }
    for (;;) {
        auto got = co_await stream->read_some(asio::buffer(in));
        if (!got || *got == 0) co_return;
        std::scoped_lock lock{mutex_};
        received_.append(in.data(), *got);
    }
}

Task<Result<ContainerId>> LoopbackHost::create(const broker::ContainerOrder&, Deadline) {
    co_return not_here();
}
Task<Status> LoopbackHost::start(const ContainerId&, Deadline) {
    co_return not_here();
}
Task<Status> LoopbackHost::remove(const SessionId&, int, Deadline) {
    co_return not_here();
}
Task<Result<std::vector<broker::Observed>>> LoopbackHost::list(Deadline) {
    co_return not_here();
}
Task<Result<net::ByteStreamPtr>> LoopbackHost::dial(
    const ContainerId&, std::uint16_t port, net::Traffic kind, net::Executor executor, Deadline deadline
) {
    ++dials;
    traffic = kind;
    if (std::ranges::find(dialled_for, executor) == dialled_for.end()) dialled_for.push_back(executor);
    if (hangs) {
        co_await net::sleep_until(deadline);
        co_return Error{Errc::timed_out, "hangs"};
    }
    if (forbids_ports) co_return Error{Errc::forbidden, "forwarding is forbidden"};
    auto dialer = net::make_tcp_dialer("127.0.0.1", port);
    co_return co_await dialer->dial(std::move(executor), deadline);
}
broker::HostAccess LoopbackHost::access() const {
    broker::HostAccess access;
    access.most_connections = most_connections;
    return access;
}
Task<Result<broker::HostFacts>> LoopbackHost::check(Deadline) {
    co_return not_here();
}
Task<Result<broker::ImageFacts>> LoopbackHost::check_image(const std::string&, Deadline) {
    co_return not_here();
}
Task<void> LoopbackHost::watch(std::function<void(broker::HostNotice)>) {
    co_return;
}
Task<Result<std::vector<std::string>>> LoopbackHost::logs(const ContainerId&, int, Deadline) {
    co_return not_here();
}
Task<Status> LoopbackHost::pause(const ContainerId&, Deadline) {
    co_return not_here();
}
Task<Status> LoopbackHost::unpause(const ContainerId&, Deadline) {
    co_return not_here();
}
Task<Status>
LoopbackHost::pull(std::string, std::function<void(const broker::PullState&)>, Deadline) {
    co_return not_here();
}
Task<Result<std::set<std::string>>> LoopbackHost::volumes(Deadline) {
    co_return not_here();
}
Task<Result<std::set<std::pair<SessionId, int>>>> LoopbackHost::own_networks(Deadline) {
    co_return not_here();
}
Task<Result<broker::MachineLoad>> LoopbackHost::load(Deadline) {
    co_return not_here();
}
Task<std::vector<broker::TestStep>> LoopbackHost::examine(broker::TellStep, Deadline) {
    co_return std::vector<broker::TestStep>{};
}
Task<Status> LoopbackHost::accept_key(std::string, Deadline) {
    co_return not_here();
}

} // namespace berth::gateway::test
