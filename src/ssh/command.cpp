// SPDX-License-Identifier: Apache-2.0
#include "ssh/command.hpp"

#include "base/limits.hpp"
#include "base/log.hpp"
#include "net/deadline.hpp"

#include <array>

namespace berth::ssh {
namespace {

constexpr Milliseconds status_pause{10};
constexpr int status_patience = 25; // times the pause: the status comes a moment after the output

net::Task<Result<std::string>> read_output(std::shared_ptr<Session> session, std::string command, Deadline deadline) {
    auto stream = co_await session->open_exec(std::move(command), deadline);
    if (!stream) co_return stream.error();
    std::string output;
    std::array<char, 4096> piece{};
    for (;;) {
        auto got = co_await (*stream)->read_some(boost::asio::buffer(piece));
        if (!got) co_return got.error();
        if (*got == 0) break;
        output.append(piece.data(), *got);
        if (output.size() > limits::ssh_command_output)
            co_return Error{Errc::protocol_violation, "the command prints without end"};
    }
    for (int i = 0; i < status_patience && !(*stream)->exit_status(); ++i) co_await net::sleep_for(status_pause);
    if ((*stream)->exit_status() == 0) co_return output;
    co_return Error{Errc::protocol_violation, "the command failed: " + log_safe((*stream)->error_text(), 200)};
}

} // namespace

net::Task<Result<std::string>>
command_output(std::shared_ptr<Session> session, std::string command, Deadline deadline) {
    auto reading = read_output(std::move(session), std::move(command), deadline);
    co_return co_await net::with_deadline(std::move(reading), deadline);
}

} // namespace berth::ssh
