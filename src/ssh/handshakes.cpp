// SPDX-License-Identifier: Apache-2.0
#include "ssh/handshakes.hpp"

#include "base/scope_exit.hpp"
#include "net/blocking_pool.hpp"
#include "net/deadline.hpp"
#include "net/dial_tcp.hpp"
#include "net/signal.hpp"
#include "net/task_scope.hpp"
#include "ssh/turns.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <optional>
#include <random>
#include <unordered_set>

namespace berth::ssh {
namespace {

// The result of the thread's own deadline says more than ours.
constexpr Milliseconds grace{200};

// One of those that are being connected, and one of those that shake hands.
struct Place {
    Turns::Turn way, hands;
};

struct Job {
    Job(Handshake::Order order, int socket, Place place_, const net::Executor& executor)
        : place{std::move(place_)}
        , handshake{std::move(order), socket}
        , done{executor} {}
    std::optional<Place> place;
    Handshake handshake;
    Outcome outcome;
    bool is_done = false;
    net::Signal done;
};

Outcome failed(Stage stage, Error error) {
    Outcome outcome;
    outcome.stage = stage;
    outcome.error = std::move(error);
    return outcome;
}

Milliseconds jitter(Milliseconds least, Milliseconds most) {
    static thread_local std::minstd_rand engine{std::random_device{}()};
    std::uniform_int_distribution<Milliseconds::rep> spread{least.count(), most.count()};
    return Milliseconds{spread(engine)};
}

// Not done in time: nobody waits for the job any more, and it ends by itself.
net::Task<Status> wait_done(std::shared_ptr<Job> job) {
    while (!job->is_done) {
        auto seen = job->done.count();
        co_await job->done.wait_past(seen);
    }
    co_return Status{};
}

} // namespace

struct Handshakes::State : std::enable_shared_from_this<Handshakes::State> {
    explicit State(net::Executor executor_)
        : executor{std::move(executor_)}
        , ways{executor, limits::ssh_connecting, limits::ssh_handshakes_per_host}
        , hands{executor, limits::ssh_handshakes, limits::ssh_handshakes}
        , ended{executor}
        , ending{executor, "ssh ending"} {}

    net::BlockingPool& threads() {
        if (!pool) pool = std::make_unique<net::BlockingPool>(limits::ssh_handshakes, "ssh");
        return *pool;
    }

    net::Task<Outcome> shake_hands(Handshake::Order order, int socket, Place place);
    void start(const std::shared_ptr<Job>& job);

    net::Executor executor;
    std::unique_ptr<net::BlockingPool> pool;
    std::unordered_set<std::shared_ptr<Job>> jobs; // on a thread or waiting for one
    // A machine that does not answer takes up one of the many ways only: the few turns that cost
    // computing time on both ends are for those that have greeted.
    Turns ways, hands;
    bool is_stopping = false;
    net::Signal ended; // a job
    net::TaskScope ending; // what must end well although nobody waits for it
};

Handshakes::Handshakes(net::Executor executor)
    : state_{std::make_shared<State>(std::move(executor))} {}

Handshakes::~Handshakes() {
    // Joins the threads: afterwards nothing posts to the executor.
    state_->pool.reset();
}

void Handshakes::State::start(const std::shared_ptr<Job>& job) {
    jobs.insert(job);
    auto work = boost::asio::make_work_guard(executor);
    threads().post([self = shared_from_this(), job = job, work = std::move(work)]() mutable {
        job->outcome = job->handshake.run();
        auto home = work.get_executor();
        // Everything goes along: what the last reference frees belongs to the other thread.
        auto finish = [self = std::move(self), job = std::move(job), work = std::move(work)] {
            self->jobs.erase(job);
            self->ended.notify();
            job->place.reset();
            job->is_done = true;
            job->done.notify();
        };
        boost::asio::post(home, std::move(finish));
    });
}

net::Task<Outcome>
Handshakes::State::shake_hands(Handshake::Order order, int socket, Place place) {
    auto until = order.deadline == Deadline::max() ? order.deadline : order.deadline + grace;
    auto job = std::make_shared<Job>(std::move(order), socket, std::move(place), executor);
    start(job);
    ScopeExit give_up{[&job] {
        if (!job->is_done) job->handshake.abort();
    }};
    auto waiting = wait_done(job);
    auto waited = co_await net::with_deadline(std::move(waiting), until);
    if (!waited) co_return failed(Stage::authentication, waited.error());
    co_return std::move(job->outcome);
}

namespace {

std::string list_of(const net::TcpAddresses& addresses) {
    std::string text;
    for (const auto& one : addresses) text += (text.empty() ? "" : ", ") + one.address().to_string();
    return text;
}

// Resolves, connects and waits until the server says something (it speaks first, RFC 4253 4.2); the
// outcome says how far it came.
net::Task<net::ByteStreamPtr>
connect(const Target& target, net::Executor executor, Deadline deadline, Outcome& outcome) {
    auto begin = std::chrono::steady_clock::now();
    outcome.stage = Stage::resolve;
    auto addresses = co_await net::resolve_tcp(target.host, target.port, deadline);
    outcome.resolve = since(begin);
    if (!addresses) {
        outcome.error = addresses.error();
        co_return nullptr;
    }
    outcome.addresses = list_of(*addresses);
    begin = std::chrono::steady_clock::now();
    outcome.stage = Stage::tcp;
    auto socket = co_await net::connect_tcp(std::move(executor), std::move(*addresses), deadline);
    outcome.tcp = since(begin);
    if (!socket) {
        outcome.error = Error{socket.error()}.with_context(target.host + " port " + std::to_string(target.port));
        co_return nullptr;
    }
    outcome.peer = net::peer_of(*socket);
    outcome.stage = Stage::banner;
    auto stream = net::make_socket_stream(std::move(*socket));
    auto waiting = stream->wait_readable();
    auto greeted = co_await net::with_deadline(std::move(waiting), deadline);
    if (!greeted) {
        outcome.error = Error{Errc::timed_out, "waiting for the server's greeting: no answer in time"};
        co_return nullptr;
    }
    co_return stream;
}

// What was seen before the handshake belongs to the whole.
void add_way(Outcome& outcome, Outcome way) {
    outcome.resolve = way.resolve;
    outcome.tcp = way.tcp;
    outcome.addresses = std::move(way.addresses);
    outcome.peer = std::move(way.peer);
}

} // namespace

net::Task<Outcome> Handshakes::run(Handshake::Order order, Deadline deadline) {
    auto state = state_;
    const auto last = earlier(order.deadline, deadline);
    const auto server = order.target.host + ":" + std::to_string(order.target.port);
    for (int attempt = 1;; ++attempt) {
        auto going = state->ways.take(server);
        auto way_turn = co_await net::with_deadline(std::move(going), last);
        if (!way_turn) co_return failed(Stage::turn, way_turn.error());
        Outcome way;
        auto stream = co_await connect(order.target, state->executor, earlier(last, deadline_in(limits::ssh_connect)), way);
        if (!stream) co_return way;
        auto taking = state->hands.take(server);
        auto hands_turn = co_await net::with_deadline(std::move(taking), last);
        if (!hands_turn) co_return failed(Stage::turn, hands_turn.error());
        // A queue is no fault of the server's: its own time begins here.
        order.deadline = earlier(last, deadline_in(limits::ssh_connect));
        auto socket = stream->release_descriptor();
        Place place{std::move(*way_turn), std::move(*hands_turn)};
        auto shaking = state->shake_hands(order, socket, std::move(place));
        auto outcome = co_await std::move(shaking);
        add_way(outcome, std::move(way));
        bool was_early = outcome.error && outcome.stage == Stage::banner &&
                         outcome.error->code() == Errc::host_unreachable;
        // A server with its hands full drops whom it likes; each time it gets more room to breathe.
        auto pause = jitter(Milliseconds{100}, Milliseconds{400}) * (1 << attempt);
        bool may_repeat = attempt <= limits::ssh_early_retries && deadline_in(pause) < last;
        if (!was_early || !may_repeat || state->is_stopping) co_return outcome;
        co_await net::sleep_for(pause);
    }
}

net::Task<Status> Handshakes::run_blocking(std::function<Status()> call) {
    auto state = state_;
    co_return co_await state->threads().run(std::move(call));
}

void Handshakes::finish(net::Task<void> task) { state_->ending.spawn(std::move(task)); }

net::Task<void> Handshakes::stop() {
    auto state = state_;
    state->is_stopping = true;
    state->ways.stop();
    state->hands.stop();
    for (const auto& job : state->jobs) job->handshake.abort();
    while (!state->jobs.empty()) {
        auto seen = state->ended.count();
        co_await state->ended.wait_past(seen);
    }
    co_await state->ending.join();
    co_await state->ending.stop();
}

} // namespace berth::ssh
