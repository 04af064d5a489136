// SPDX-License-Identifier: Apache-2.0
#include "net/task_scope.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <exception>
#include <list>
#include <tuple>
#include <vector>

namespace berth::net {
namespace {

namespace asio = boost::asio;

std::atomic<std::uint64_t> failures{0};

struct Child {
    // Before its first step a child is only marked: what co_spawn itself awaits before it would let
    // the exception of a cancellation go by its handler.
    void cancel() {
        is_cancelled = true;
        if (has_begun) signal.emit(asio::cancellation_type::all);
    }

    asio::cancellation_signal signal;
    bool has_begun = false;
    bool is_cancelled = false;
};

// Shared, because a child may end (and leave the list) while its own signal is being emitted.
using SharedChild = std::shared_ptr<Child>;

// Never inside spawn(): the spawner first finishes what it is doing.
Task<void> run_child(SharedChild child, Task<void> task) {
    if (child->is_cancelled) co_return;
    child->has_begun = true;
    auto executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::use_awaitable);
    co_await std::move(task);
}

void report(std::string_view scope, const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) return; // cancellation is no failure
        ++failures;
        log("net").error("task_failed scope={} error={}", scope, log_safe(error.what()));
    } catch (const std::exception& error) {
        ++failures;
        log("net").error("task_failed scope={} error={}", scope, log_safe(error.what()));
    } catch (...) {
        ++failures;
        log("net").error("task_failed scope={} error=unknown", scope);
    }
}

} // namespace

struct TaskScope::State {
    State(Executor executor_, std::string_view name_)
        : executor{std::move(executor_)}
        , name{name_}
        , empty{executor, asio::steady_timer::time_point::max()} {}

    void child_ended(std::list<SharedChild>::iterator child, const std::exception_ptr& failure) {
        children.erase(child);
        if (failure) report(name, failure);
        if (children.empty()) empty.cancel();
    }

    Executor executor;
    std::string name;
    std::list<SharedChild> children;
    asio::steady_timer empty; // never expires; cancelled to wake those who join
    bool is_stopping = false;
};

// What co_spawn calls when a child has ended. A type of its own instead of bind_cancellation_slot:
// for a handler with an executor Boost 1.81 dispatches a raw pointer into the child's signal, which
// is gone when the child ends before that is run. Without one it emits at once.
struct TaskScope::OnEnd {
    using cancellation_slot_type = asio::cancellation_slot;
    cancellation_slot_type get_cancellation_slot() const noexcept { return child->signal.slot(); }
    void operator()(const std::exception_ptr& failure) const { state->child_ended(place, failure); }

    std::shared_ptr<State> state;
    std::list<SharedChild>::iterator place;
    SharedChild child;
};

std::uint64_t failed_tasks() noexcept { return failures; }

TaskScope::TaskScope(Executor executor, std::string_view name)
    : state_{std::make_shared<State>(std::move(executor), name)} {}

TaskScope::~TaskScope() { BERTH_ASSERT(state_->children.empty()); }

bool TaskScope::spawn(Task<void> task) {
    if (state_->is_stopping) return false;
    auto child = std::make_shared<Child>();
    OnEnd on_end;
    on_end.state = state_;
    on_end.place = state_->children.insert(state_->children.end(), child);
    on_end.child = child;
    asio::co_spawn(state_->executor, run_child(child, std::move(task)), std::move(on_end));
    return true;
}

void TaskScope::cancel() {
    std::vector<SharedChild> children{state_->children.begin(), state_->children.end()};
    for (auto& child : children) child->cancel();
}

Task<void> TaskScope::join() {
    auto state = state_;
    while (!state->children.empty()) {
        std::ignore = co_await state->empty.async_wait(asio::as_tuple(asio::use_awaitable));
        // Woken because all ended, or because the joiner itself is cancelled.
        auto own = co_await asio::this_coro::cancellation_state;
        if (own.cancelled() != asio::cancellation_type::none)
            throw boost::system::system_error{asio::error::operation_aborted};
    }
}

Task<void> TaskScope::stop() {
    auto state = state_;
    state->is_stopping = true;
    cancel();
    // A cancelled stopper still waits: what it destroys next may be in use by a child.
    bool was_throwing = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!state->children.empty()) {
        auto unstoppable = asio::bind_cancellation_slot(
            asio::cancellation_slot{}, asio::as_tuple(asio::use_awaitable)
        );
        std::ignore = co_await state->empty.async_wait(unstoppable);
    }
    co_await asio::this_coro::throw_if_cancelled(was_throwing);
}

std::size_t TaskScope::size() const noexcept { return state_->children.size(); }
const Executor& TaskScope::executor() const noexcept { return state_->executor; }

} // namespace berth::net
