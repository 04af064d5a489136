// SPDX-License-Identifier: Apache-2.0
#include "gateway/threads.hpp"

#include "net/deadline.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <csignal>
#include <pthread.h>
#include <string>
#include <thread>

namespace berth::gateway {

namespace asio = boost::asio;

struct GatewayThreads::Thread {
    explicit Thread(std::size_t index)
        : context{1}
        , work{context.get_executor()}
        , parts{context.get_executor()}
        , thread{[this, index] { run(index); }} {}

    void run(std::size_t index) {
        // Signals are the main thread's.
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);
        pthread_setname_np(pthread_self(), ("gateway-" + std::to_string(index)).c_str());
        context.run();
    }

    asio::io_context context;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    ThreadParts parts;
    std::thread thread;
};

GatewayThreads::GatewayThreads(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
        threads_.push_back(std::make_unique<Thread>(i));
}

GatewayThreads::~GatewayThreads() {
    for (auto& thread : threads_)
        thread->work.reset();
    for (auto& thread : threads_)
        thread->thread.join();
}

net::Executor GatewayThreads::executor(std::size_t index) const {
    return threads_[index]->context.get_executor();
}

ThreadParts& GatewayThreads::parts(std::size_t index) const {
    return threads_[index]->parts;
}

net::Task<void> GatewayThreads::stop() {
    for (auto& thread : threads_) {
        auto stopping = thread->parts.scope.stop();
        co_await net::run_on(net::Executor{thread->context.get_executor()}, std::move(stopping));
    }
}

} // namespace berth::gateway
