// SPDX-License-Identifier: Apache-2.0
#include "net/deadline.hpp"

#include "net/blocking_pool.hpp"
#include "net/task_scope.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>

namespace berth::net {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

Task<Result<int>> answer_after(Milliseconds span) {
    co_await sleep_for(span);
    co_return 7;
}

Task<Result<std::unique_ptr<int>>> throw_after(Milliseconds span) {
    co_await sleep_for(span);
    throw std::runtime_error("on purpose");
}

Task<Result<int>> refuse() { co_return Error{Errc::not_found, "no"}; }

TEST(WithDeadline, GivesTheAnswerThatComesInTime) {
    auto task = with_deadline(answer_after(Milliseconds{1}), deadline_in(Seconds{10}));
    auto got = test::run_task(std::move(task));
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, 7);
}

TEST(WithDeadline, PassesAnErrorThrough) {
    auto got = test::run_task(with_deadline(refuse(), deadline_in(Seconds{10})));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), Errc::not_found);
}

TEST(WithDeadline, CancelsWhatIsLate) {
    auto begin = steady_clock::now();
    auto task = with_deadline(answer_after(Seconds{60}), deadline_in(Milliseconds{10}));
    auto got = test::run_task(std::move(task));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), Errc::timed_out);
    EXPECT_LT(steady_clock::now() - begin, Seconds{10});
}

TEST(WithDeadline, APastDeadlineIsLateAtOnce) {
    auto task = with_deadline(answer_after(Seconds{60}), deadline_in(Seconds{-1}));
    auto got = test::run_task(std::move(task));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), Errc::timed_out);
}

TEST(WithDeadline, TheLastOfAllTimesIsNoDeadline) {
    auto got = test::run_task(with_deadline(answer_after(Milliseconds{1}), Deadline::max()));
    ASSERT_TRUE(got);
}

TEST(WithDeadline, AnExceptionPassesAtOnce) {
    auto begin = steady_clock::now();
    auto task = with_deadline(throw_after(Milliseconds{1}), deadline_in(Seconds{15}));
    EXPECT_THROW(static_cast<void>(test::run_task(std::move(task))), std::runtime_error);
    EXPECT_LT(steady_clock::now() - begin, Seconds{10});
}

Task<void> note_how_it_ends(std::string* how) {
    try {
        auto got = co_await with_deadline(answer_after(Seconds{60}), deadline_in(Seconds{60}));
        *how = got ? "value" : describe(got.error());
    } catch (const boost::system::system_error& error) {
        *how = error.code() == asio::error::operation_aborted ? "cancelled" : "other";
        throw;
    }
}

TEST(WithDeadline, CancellationOfTheCallerIsNoTimeOut) {
    asio::io_context context;
    TaskScope scope{context.get_executor(), "test"};
    std::string how;
    scope.spawn(note_how_it_ends(&how));
    context.poll();
    test::run_task(context, scope.stop());
    EXPECT_EQ(how, "cancelled");
}

Task<int> race_many(int rounds) {
    int late = 0;
    for (int i = 0; i < rounds; ++i) {
        // Task and timer end within the same few microseconds, either one first.
        auto task = answer_after(Milliseconds{i % 2});
        auto until = deadline_in(Milliseconds{i % 2}) + std::chrono::microseconds{i % 100};
        auto got = co_await with_deadline(std::move(task), until);
        if (!got) ++late;
    }
    co_return late;
}

TEST(Unless, TheTaskThatIsFirstEndsTheStop) {
    auto got = test::run_task(unless(sleep_for(Seconds{60}), answer_after(Milliseconds{1})));
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, 7);
}

TEST(Unless, TheStopThatIsFirstCancelsTheTask) {
    auto begin = steady_clock::now();
    auto got = test::run_task(unless(sleep_for(Milliseconds{1}), answer_after(Seconds{60})));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), Errc::ended);
    EXPECT_LT(steady_clock::now() - begin, Seconds{10});
}

TEST(Unless, CancellationOfTheCallerIsNoStop) {
    auto both = [](bool* was_cancelled) -> Task<Result<int>> {
        try {
            auto racing = unless(sleep_for(Seconds{60}), answer_after(Seconds{60}));
            co_return co_await std::move(racing);
        } catch (const boost::system::system_error& error) {
            *was_cancelled = error.code() == asio::error::operation_aborted;
            throw;
        }
    };
    bool was_cancelled = false;
    auto got = test::run_task(with_deadline(both(&was_cancelled), deadline_in(Milliseconds{10})));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), Errc::timed_out);
    EXPECT_TRUE(was_cancelled);
}

TEST(WithDeadline, ManyCloseRacesEndClean) {
    auto late = test::run_task(race_many(4000));
    EXPECT_GE(late, 0);
}

TEST(WithDeadline, ManyCancelledRacesEndClean) {
    asio::io_context context;
    for (int i = 0; i < 500; ++i) {
        TaskScope scope{context.get_executor(), "test"};
        std::string how[4];
        for (auto& h : how) scope.spawn(note_how_it_ends(&h));
        context.restart();
        context.poll();
        test::run_task(context, scope.stop());
        for (auto& h : how) ASSERT_EQ(h, "cancelled");
    }
}

// A second thread with a context of its own.
class OtherThread {
public:
    OtherThread()
        : work_{context_.get_executor()}
        , thread_{[this] { context_.run(); }} {}
    ~OtherThread() {
        work_.reset();
        thread_.join();
    }
    Executor executor() { return context_.get_executor(); }
    std::thread::id id() const { return thread_.get_id(); }

private:
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::thread thread_;
};

Task<std::thread::id> where_am_i() {
    co_await sleep_for(Milliseconds{0});
    co_return std::this_thread::get_id();
}

Task<std::pair<std::thread::id, std::thread::id>> visit(Executor there) {
    auto visited = co_await run_on(there, where_am_i());
    co_return std::pair{visited, std::this_thread::get_id()};
}

TEST(RunOn, RunsThereAndComesBack) {
    asio::io_context context; // outlives the other thread, which may still be in its last post
    OtherThread other;
    auto [there, here] = test::run_task(context, visit(other.executor()));
    EXPECT_EQ(there, other.id());
    EXPECT_EQ(here, std::this_thread::get_id());
}

Task<std::string> fail_there() {
    co_await sleep_for(Milliseconds{0});
    throw std::runtime_error("on purpose");
}

TEST(RunOn, BringsTheExceptionBack) {
    asio::io_context context;
    OtherThread other;
    auto task = run_on(other.executor(), fail_there());
    EXPECT_THROW(test::run_task(context, std::move(task)), std::runtime_error);
}

Task<void> wait_there(Executor there, std::atomic<int>* started, std::atomic<int>* cancelled) {
    auto waiting = [](std::atomic<int>* s, std::atomic<int>* c) -> Task<void> {
        ++*s;
        try {
            co_await sleep_for(Seconds{60});
        } catch (const boost::system::system_error&) {
            ++*c;
            throw;
        }
    };
    co_await run_on(there, waiting(started, cancelled));
}

TEST(RunOn, CancellationCrossesAndIsAwaited) {
    asio::io_context context;
    OtherThread other;
    std::atomic<int> started{0}, cancelled{0};
    for (int round = 0; round < 200; ++round) {
        TaskScope scope{context.get_executor(), "test"};
        started = cancelled = 0;
        for (int i = 0; i < 4; ++i) scope.spawn(wait_there(other.executor(), &started, &cancelled));
        // Every moment is good for a cancel: before the start, during, all started.
        int awaited = round % 5;
        ASSERT_TRUE(test::run_until(context, [&] { return started >= awaited; }));
        test::run_task(context, scope.stop());
        ASSERT_EQ(started, cancelled);
    }
}

Task<void> add_there(Executor there, int rounds, long* sum) {
    auto add = [](long* s) -> Task<long> { co_return ++*s; };
    for (int i = 0; i < rounds; ++i) {
        auto task = add(sum);
        co_await run_on(there, std::move(task));
    }
}

TEST(RunOn, SerialisesOnTheOtherThread) {
    asio::io_context context;
    OtherThread other;
    TaskScope scope{context.get_executor(), "test"};
    long sum = 0; // touched there only: a data race would show under TSan
    for (int i = 0; i < 8; ++i) scope.spawn(add_there(other.executor(), 100, &sum));
    test::run_task(context, scope.join());
    EXPECT_EQ(sum, 800);
}

Task<std::string> ask_pool(BlockingPool& pool) {
    std::string word = "blocking";
    auto job = [&word] { return word + (std::this_thread::get_id() == std::thread::id{} ? "!" : "."); };
    co_return co_await pool.run(job);
}

TEST(BlockingPool, GivesTheResultBack) {
    asio::io_context context;
    BlockingPool pool{2, "test"};
    EXPECT_EQ(test::run_task(context, ask_pool(pool)), "blocking.");
}

Task<void> fail_in_pool(BlockingPool& pool) {
    auto job = [] { throw std::runtime_error("on purpose"); };
    co_await pool.run(job);
}

TEST(BlockingPool, RethrowsTheException) {
    asio::io_context context;
    BlockingPool pool{1, "test"};
    EXPECT_THROW(test::run_task(context, fail_in_pool(pool)), std::runtime_error);
}

TEST(BlockingPool, APostedJobMayThrow) {
    std::promise<void> done;
    BlockingPool pool{1, "test"};
    pool.post([] { throw std::runtime_error("on purpose"); });
    pool.post([&] { done.set_value(); });
    EXPECT_EQ(done.get_future().wait_for(test::hard_limit), std::future_status::ready);
}

Task<void> hold_frame(BlockingPool& pool, std::promise<void>* begun, std::atomic<bool>* ended) {
    std::string in_frame = "still here";
    auto job = [&] {
        begun->set_value();
        std::this_thread::sleep_for(Milliseconds{30});
        *ended = in_frame == "still here";
    };
    co_await pool.run(job);
}

TEST(BlockingPool, ACancelledCallerGoesOnOnlyAfterTheJob) {
    asio::io_context context;
    std::promise<void> begun;
    std::atomic<bool> ended{false};
    BlockingPool pool{1, "test"};
    TaskScope scope{context.get_executor(), "test"};
    scope.spawn(hold_frame(pool, &begun, &ended));
    context.poll();
    ASSERT_EQ(begun.get_future().wait_for(test::hard_limit), std::future_status::ready);
    test::run_task(context, scope.stop());
    EXPECT_TRUE(ended);
}

Task<void> note_drop(BlockingPool& pool, std::string* how) {
    try {
        auto job = [] { return 1; };
        co_await pool.run(job);
        *how = "ran";
    } catch (const boost::system::system_error&) {
        *how = "aborted";
    }
}

TEST(BlockingPool, JobsNotBegunAreDroppedWithThePool) {
    asio::io_context context;
    TaskScope scope{context.get_executor(), "test"};
    std::string how;
    std::promise<void> begun;
    auto pool = std::make_unique<BlockingPool>(1, "test");
    pool->post([&begun, raw = pool.get()] {
        begun.set_value();
        // Until the pool drops what it is given: then its destructor has taken the queue.
        for (int i = 0; i < 20000; ++i) {
            auto marker = std::make_shared<int>();
            std::weak_ptr<int> watch{marker};
            raw->post([marker] {});
            marker.reset();
            if (watch.expired()) break;
            std::this_thread::sleep_for(Milliseconds{1});
        }
    });
    ASSERT_EQ(begun.get_future().wait_for(test::hard_limit), std::future_status::ready);
    scope.spawn(note_drop(*pool, &how));
    context.poll();
    pool.reset();
    test::run_task(context, scope.join());
    EXPECT_EQ(how, "aborted");
}

} // namespace
} // namespace berth::net
