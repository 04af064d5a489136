// SPDX-License-Identifier: Apache-2.0
#pragma once
// The vocabulary of coroutines. Light on purpose: everything that awaits includes this.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace berth::net {

template <class T = void>
using Task = boost::asio::awaitable<T>;

using Executor = boost::asio::any_io_executor;

} // namespace berth::net
