// SPDX-License-Identifier: Apache-2.0
#include "net/blocking_pool.hpp"

#include "base/log.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>

namespace berth::net {
namespace {

namespace asio = boost::asio;

struct Job {
    std::function<void()> work;
    std::function<void(boost::system::error_code)> on_end; // empty for post()
};

// Resumes the awaiting coroutine on its own executor and keeps that context busy until then.
struct Awaiter {
    Awaiter(const Executor& executor, asio::any_completion_handler<void(boost::system::error_code)> h)
        : guard{executor}
        , handler{std::move(h)} {}

    asio::executor_work_guard<Executor> guard;
    asio::any_completion_handler<void(boost::system::error_code)> handler;
};

} // namespace

struct BlockingPool::Impl {
    void add(Job job) {
        {
            std::lock_guard lock{mutex};
            if (!is_stopping) {
                jobs.push_back(std::move(job));
                wake.notify_one();
                return;
            }
        }
        if (job.on_end) job.on_end(asio::error::operation_aborted);
    }

    void work() {
        std::unique_lock lock{mutex};
        while (true) {
            wake.wait(lock, [this] { return is_stopping || !jobs.empty(); });
            if (is_stopping) return;
            auto job = std::move(jobs.front());
            jobs.pop_front();
            lock.unlock();
            execute(job);
            job = Job{}; // what it captured is released without the lock
            lock.lock();
        }
    }

    static void execute(Job& job) {
        try {
            job.work();
        } catch (const std::exception& error) {
            log("net").error("blocking_job_failed error={}", log_safe(error.what()));
        } catch (...) {
            log("net").error("blocking_job_failed error=unknown");
        }
        if (job.on_end) job.on_end({});
    }

    std::mutex mutex;
    std::condition_variable wake;
    std::deque<Job> jobs;
    bool is_stopping = false;
    std::vector<std::thread> threads;
};

BlockingPool::BlockingPool(std::size_t threads, std::string_view name)
    : impl_{std::make_unique<Impl>()} {
    auto short_name = std::string{name.substr(0, 15)};
    for (std::size_t i = 0; i < threads; ++i) {
        impl_->threads.emplace_back([impl = impl_.get()] { impl->work(); });
        pthread_setname_np(impl_->threads.back().native_handle(), short_name.c_str());
    }
}

BlockingPool::~BlockingPool() {
    std::deque<Job> dropped;
    {
        std::lock_guard lock{impl_->mutex};
        impl_->is_stopping = true;
        dropped.swap(impl_->jobs);
        impl_->wake.notify_all();
    }
    for (auto& thread : impl_->threads) thread.join();
    for (auto& job : dropped) {
        if (job.on_end) job.on_end(asio::error::operation_aborted);
    }
}

void BlockingPool::post(std::function<void()> job) { impl_->add(Job{std::move(job), {}}); }

Task<void> BlockingPool::run_job(std::function<void()> job) {
    auto executor = co_await asio::this_coro::executor;
    auto start = [impl = impl_.get()](auto handler, const Executor& home, std::function<void()> work) {
        auto awaiter = std::make_shared<Awaiter>(home, std::move(handler));
        // Called once. The last reference goes along: what it frees belongs to the other thread.
        auto on_end = [awaiter = std::move(awaiter)](boost::system::error_code ec) mutable {
            auto there = awaiter->guard.get_executor();
            asio::post(there, [awaiter = std::move(awaiter), ec] {
                std::move(awaiter->handler)(ec);
            });
        };
        impl->add(Job{std::move(work), std::move(on_end)});
    };
    auto running = asio::async_initiate<
        const asio::use_awaitable_t<>&,
        void(boost::system::error_code)>(
        std::move(start), asio::use_awaitable, executor, std::move(job)
    );
    co_await std::move(running);
}

} // namespace berth::net
