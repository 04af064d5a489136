// SPDX-License-Identifier: Apache-2.0
#include "ssh/session.hpp"

#include "ssh/channel.hpp"

#include <boost/asio/dispatch.hpp>

namespace berth::ssh {
namespace {

// Where a forwarded connection is said to come from: nobody looks at it, but it must be there.
constexpr const char* originator = "localhost";

} // namespace

Session::Session(net::Executor executor, Connection connection, SessionConfig config)
    : core_{std::make_shared<SessionCore>(std::move(executor), std::move(connection), config)} {
    core_->begin();
}

Session::~Session() {
    auto executor = core_->executor();
    boost::asio::dispatch(executor, [core = std::move(core_)] { core->close(); });
}

net::Task<Result<net::ByteStreamPtr>> Session::open_unix(std::string path, Deadline deadline) {
    std::function<int(ssh_channel)> step = [path = std::move(path)](ssh_channel channel) {
        return ssh_channel_open_forward_unix(channel, path.c_str(), originator, 0);
    };
    auto core = core_;
    auto channel = co_await core->open(SessionCore::Kind::forward, std::move(step), deadline);
    if (!channel) co_return channel.error();
    net::ByteStreamPtr stream = make_channel_stream(std::move(*channel));
    co_return stream;
}

net::Task<Result<net::ByteStreamPtr>>
Session::open_tcp(std::string host, std::uint16_t port, Deadline deadline) {
    std::function<int(ssh_channel)> step = [host = std::move(host), port](ssh_channel channel) {
        return ssh_channel_open_forward(channel, host.c_str(), port, originator, 0);
    };
    auto core = core_;
    auto channel = co_await core->open(SessionCore::Kind::forward, std::move(step), deadline);
    if (!channel) co_return channel.error();
    net::ByteStreamPtr stream = make_channel_stream(std::move(*channel));
    co_return stream;
}

net::Task<Result<ExecStreamPtr>> Session::open_exec(std::string command, Deadline deadline) {
    auto step = exec_step(std::move(command));
    auto core = core_;
    auto channel = co_await core->open(SessionCore::Kind::command, std::move(step), deadline);
    if (!channel) co_return channel.error();
    co_return make_channel_stream(std::move(*channel));
}

net::Task<void> Session::wait_greeted(Deadline deadline) {
    auto core = core_;
    while (!core->is_greeted() && std::chrono::steady_clock::now() < deadline) {
        auto seen = core->greeted().count();
        co_await core->greeted().wait_past_until(seen, deadline);
    }
}

bool Session::is_up() const noexcept { return core_->is_up(); }
std::size_t Session::channels() const noexcept { return core_->channels(); }
int Session::commands() const noexcept { return core_->commands(); }
void Session::limit_commands(int most) { core_->limit_commands(most); }
Error Session::reason() const { return core_->reason(); }
void Session::close() { core_->close(); }

void Session::on_down(std::function<void()> call) { core_->on_down = std::move(call); }

} // namespace berth::ssh
