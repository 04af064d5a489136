// SPDX-License-Identifier: Apache-2.0
#pragma once
// Runs one coroutine to its end on the calling thread. The command line has nothing else to do
// meanwhile; the server never includes this.

#include "net/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace berth::cli {

// `context` must be the one whose executor the task's objects live on. Rethrows what the task throws.
template <class T>
T run_blocking(boost::asio::io_context& context, net::Task<T> task) {
    std::optional<T> result;
    std::exception_ptr thrown;
    boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr error, T value) {
        thrown = error;
        if (!error) result.emplace(std::move(value));
        context.stop(); // idle connections may wait in their own coroutines
    });
    context.restart();
    context.run();
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*result);
}

} // namespace berth::cli
