// SPDX-License-Identifier: Apache-2.0
#include "base/limits.hpp"
#include "docker/client.hpp"
#include "net/deadline.hpp"

#include <array>

namespace berth::docker {
namespace {

Status collect(OutputDecoder& decoder, std::string_view piece, ExecRunResult& result) {
    std::vector<OutputChunk> chunks;
    if (auto status = decoder.feed(piece, chunks); !status) return status;
    for (auto& chunk : chunks)
        (chunk.kind == OutputKind::standard_error ? result.error_output : result.output) +=
            chunk.data;
    if (result.output.size() + result.error_output.size() > limits::engine_line)
        return Error{Errc::too_large, "exec: too much output"};
    return {};
}

Task<Result<ExecRunResult>> read_all(net::HttpUpgrade& upgrade) {
    ExecRunResult result;
    OutputDecoder decoder;
    std::array<char, 16 * 1024> buffer{};
    auto status = collect(decoder, upgrade.early, result);
    while (status) {
        auto got = co_await upgrade.stream->read_some(boost::asio::buffer(buffer));
        if (!got) co_return got.error();
        if (*got == 0) co_return result;
        status = collect(decoder, std::string_view{buffer.data(), *got}, result);
    }
    co_return status.error();
}

} // namespace

Task<Result<ExecRunResult>> Client::exec_run(ExecCreateOptions options, Deadline deadline) {
    auto exec = co_await exec_create(std::move(options), deadline);
    if (!exec) co_return exec.error();
    ExecStartOptions start;
    start.exec = *exec;
    auto upgrade = co_await exec_start(std::move(start), deadline);
    if (!upgrade) co_return upgrade.error();
    auto reading = read_all(*upgrade);
    auto result = co_await net::with_deadline(std::move(reading), deadline);
    if (!result) co_return std::move(result).error().with_context("exec");
    auto state = co_await exec_inspect(*exec, deadline);
    if (!state) co_return state.error();
    result->exit_code = state->exit_code;
    co_return result;
}

} // namespace berth::docker
