// SPDX-License-Identifier: Apache-2.0
#include "ssh/turns.hpp"

#include "base/scope_exit.hpp"
#include "net/signal.hpp"

#include <list>
#include <map>

namespace berth::ssh {
namespace {

struct Waiter {
    Waiter(const net::Executor& executor, std::string server_)
        : server{std::move(server_)}
        , called{executor} {}
    std::string server;
    bool is_called = false;
    net::Signal called;
};

} // namespace

struct Turns::State {
    State(net::Executor executor_, int most_, int most_per_server_)
        : executor{std::move(executor_)}
        , most{most_}
        , most_per_server{most_per_server_} {}

    void call_next() {
        for (auto at = queue.begin(); at != queue.end() && running < most;) {
            auto& busy = per_server[(*at)->server];
            if (busy >= most_per_server) {
                ++at;
                continue;
            }
            ++running;
            ++busy;
            (*at)->is_called = true;
            (*at)->called.notify();
            at = queue.erase(at);
        }
    }

    void give_back(const std::string& server) {
        --running;
        if (auto found = per_server.find(server); --found->second == 0) per_server.erase(found);
        call_next();
    }

    net::Executor executor;
    const int most, most_per_server;
    int running = 0;
    std::map<std::string, int> per_server;
    std::list<std::shared_ptr<Waiter>> queue;
    bool is_stopping = false;
};

Turns::Turn::Turn(std::shared_ptr<State> state, std::string server)
    : state_{std::move(state)}
    , server_{std::move(server)} {}

Turns::Turn::~Turn() {
    if (state_) state_->give_back(server_);
}

Turns::Turns(net::Executor executor, int most, int most_per_server)
    : state_{std::make_shared<State>(std::move(executor), most, most_per_server)} {}

net::Task<Result<Turns::Turn>> Turns::take(std::string server) {
    auto state = state_;
    auto waiter = std::make_shared<Waiter>(state->executor, server);
    bool is_taken = false;
    ScopeExit leave{[&] {
        if (is_taken) return;
        if (waiter->is_called) state->give_back(server);
        else state->queue.remove(waiter);
    }};
    state->queue.push_back(waiter);
    state->call_next();
    while (!waiter->is_called && !state->is_stopping) {
        auto waiting = waiter->called.wait_past(waiter->called.count());
        co_await std::move(waiting);
    }
    if (!waiter->is_called) co_return Error{Errc::shutting_down, "ssh: stopping"};
    is_taken = true;
    co_return Turn{state, std::move(server)};
}

void Turns::stop() {
    state_->is_stopping = true;
    for (const auto& waiter : state_->queue) waiter->called.notify();
}

} // namespace berth::ssh
