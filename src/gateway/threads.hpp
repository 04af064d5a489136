// SPDX-License-Identifier: Apache-2.0
#pragma once
// The threads on which tunnels run. A tunnel stays on one of them for life; nothing is shared
// between them, and the core thread reaches them by posting only.

#include "gateway/relay.hpp"
#include "net/task_scope.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace berth::gateway {

// What belongs to one thread; used on it only.
struct ThreadParts {
    explicit ThreadParts(net::Executor executor)
        : scope{std::move(executor), "gateway"} {}
    RelayBuffers buffers;
    net::TaskScope scope;
};

class GatewayThreads {
public:
    explicit GatewayThreads(std::size_t count);
    // Precondition: stop() has ended.
    ~GatewayThreads();

    std::size_t size() const noexcept { return threads_.size(); }
    net::Executor executor(std::size_t index) const;
    // For functions that run on that thread.
    ThreadParts& parts(std::size_t index) const;

    // Cancels and awaits every task of every thread. Called on the core thread, which must go on
    // running meanwhile; may be called twice.
    net::Task<void> stop();

private:
    struct Thread;
    std::vector<std::unique_ptr<Thread>> threads_;
};

} // namespace berth::gateway
