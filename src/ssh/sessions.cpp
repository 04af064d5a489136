// SPDX-License-Identifier: Apache-2.0
#include "ssh/sessions.hpp"

#include "base/assert.hpp"
#include "base/scope_exit.hpp"
#include "net/deadline.hpp"
#include "ssh/backoff.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace berth::ssh {
namespace {

// A session that was handed out a moment ago has no stream yet.
constexpr Milliseconds fresh{2000};
// For a turn, when hundreds of hosts are connected at once; who asked for the connection may have given up long before.
constexpr Seconds longest_wait{60};

} // namespace

struct Sessions::Slot {
    net::Traffic traffic = net::Traffic::control;
    net::Executor executor;
    SessionPtr session;
    std::uint64_t serial = 0; // of the session: news of an earlier one may come late
    bool is_dialling = false;
    int failures = 0;            // in a row
    std::uint64_t failed_dials = 0;
    Deadline next_try{};
    std::optional<Error> last_error;
    Deadline last_used{};

    bool is_up() const { return session && session->is_up(); }
    bool is_idle_for(Milliseconds span) const {
        return traffic == net::Traffic::bulk && is_up() && session->channels() == 0 &&
               std::chrono::steady_clock::now() - last_used > span;
    }
};

namespace {

// `down` is called on the session's executor.
net::Task<std::shared_ptr<Session>> make_session(
    net::Executor executor,
    Connection connection,
    SessionConfig config,
    std::function<void(Error)> down
) {
    auto session = std::make_shared<Session>(std::move(executor), std::move(connection), config);
    session->on_down([weak = std::weak_ptr<Session>{session}, down] {
        auto self = weak.lock();
        down(self ? self->reason() : Error{Errc::ended, "the ssh connection was given up"});
    });
    if (!session->is_up()) down(session->reason());
    co_return session;
}

net::Task<void> close_session(std::shared_ptr<Session> session) {
    session->close();
    co_return;
}

} // namespace

Sessions::Sessions(net::Executor core, Connect connect, Config config)
    : core_{std::move(core)}
    , connect_{std::move(connect)}
    , config_{config}
    , changed_{core_}
    , self_{std::make_shared<Sessions*>(this)}
    , scope_{core_, "ssh"} {}

Sessions::~Sessions() { *self_ = nullptr; }

Sessions::SlotPtr Sessions::slot_for(net::Traffic traffic, const net::Executor& executor) {
    for (const auto& slot : slots_)
        if (slot->traffic == traffic && slot->executor == executor) return slot;
    auto slot = std::make_shared<Slot>();
    slot->traffic = traffic;
    slot->executor = executor;
    slots_.push_back(slot);
    return slot;
}

int Sessions::connections() const {
    return static_cast<int>(std::ranges::count_if(slots_, [](const auto& slot) {
        return slot->is_dialling || slot->is_up();
    }));
}

std::size_t Sessions::channels() const {
    std::size_t sum = 0;
    for (const auto& slot : slots_)
        if (slot->session) sum += slot->session->channels();
    return sum;
}

bool Sessions::is_control_up() const {
    return std::ranges::any_of(slots_, [](const auto& slot) {
        return slot->traffic == net::Traffic::control && slot->is_up();
    });
}

bool Sessions::is_dialling() const {
    return std::ranges::any_of(slots_, [](const auto& slot) { return slot->is_dialling; });
}

std::optional<Deadline> Sessions::next_try() const {
    for (const auto& slot : slots_)
        if (slot->traffic == net::Traffic::control && slot->failures > 0) return slot->next_try;
    return std::nullopt;
}

void Sessions::try_now() {
    for (const auto& slot : slots_) {
        slot->failures = 0;
        slot->next_try = {};
    }
    changed_.notify();
}

// ---- handing out ------------------------------------------------------------------------------------

// The control session always has its place.
bool Sessions::make_room(const Slot& wanted) {
    bool has_control = std::ranges::any_of(slots_, [](const auto& slot) {
        return slot->traffic == net::Traffic::control && (slot->is_dialling || slot->is_up());
    });
    auto most = wanted.traffic == net::Traffic::control || has_control ? config_.most : config_.most - 1;
    if (connections() < std::max(2, most)) return true;
    for (const auto& slot : slots_) {
        if (!slot->is_idle_for(fresh)) continue;
        scope_.spawn(close(slot));
        break;
    }
    return false;
}

net::Task<Result<Sessions::SessionPtr>>
Sessions::get(net::Traffic traffic, net::Executor executor, Deadline deadline) {
    auto slot = slot_for(traffic, executor);
    const auto failed_before = slot->failed_dials;
    bool is_full = false;
    for (;;) {
        auto seen = changed_.count();
        auto now = std::chrono::steady_clock::now();
        if (is_stopping_) co_return Error{Errc::shutting_down, "ssh: stopping"};
        if (slot->is_up()) {
            slot->last_used = now;
            co_return slot->session;
        }
        if (slot->failed_dials != failed_before) co_return *slot->last_error;
        bool is_pausing = !slot->is_dialling && slot->next_try > now;
        if (is_pausing && slot->next_try >= deadline) co_return *slot->last_error;
        if (now >= deadline && is_full)
            co_return Error{Errc::no_capacity, "as many ssh connections as the host may have are in use"};
        if (now >= deadline) co_return Error{Errc::timed_out, "the ssh connection is still being made"};
        is_full = false;
        if (!slot->is_dialling && !is_pausing) {
            is_full = !make_room(*slot);
            if (!is_full) {
                slot->is_dialling = true;
                scope_.spawn(dial(slot));
            }
        }
        auto until = is_pausing ? slot->next_try : deadline;
        // A place may come free without anybody telling us: the last stream of another thread.
        if (is_full) until = earlier(deadline, now + Milliseconds{100});
        co_await changed_.wait_past_until(seen, until);
    }
}

net::Task<void> Sessions::dial(SlotPtr slot) {
    ScopeExit leave{[this, slot] {
        slot->is_dialling = false;
        changed_.notify();
    }};
    auto connecting = connect_(deadline_in(longest_wait + limits::ssh_connect));
    auto outcome = co_await std::move(connecting);
    if (outcome.connection) {
        auto making = make_session(
            slot->executor, std::move(outcome.connection), config_.session, teller(slot)
        );
        // Cancelled on the way, the new session closes itself over there.
        if (slot->executor == core_) slot->session = co_await std::move(making);
        else slot->session = co_await net::run_on(slot->executor, std::move(making));
    }
    finish_dial(*slot, outcome);
    if (is_tending_ || !slot->session) co_return;
    is_tending_ = true;
    scope_.spawn(close_idle());
}

// Brings the news of a session's end from its thread to ours.
std::function<void(Error)> Sessions::teller(const SlotPtr& slot) {
    auto serial = ++slot->serial;
    return [weak = std::weak_ptr<Sessions*>{self_}, core = core_, slot, serial](Error reason) {
        boost::asio::post(core, [weak, slot, serial, reason = std::move(reason)] {
            auto self = weak.lock();
            if (!self || !*self) return;
            if (slot->serial == serial) slot->session.reset();
            (*self)->changed_.notify();
            if ((*self)->on_down) (*self)->on_down(reason);
        });
    };
}

void Sessions::finish_dial(Slot& slot, Outcome& outcome) {
    if (outcome.error) {
        ++slot.failures;
        ++slot.failed_dials;
        slot.last_error = outcome.error;
        slot.next_try = std::chrono::steady_clock::now() + pause_after(slot.failures);
    } else {
        slot.failures = 0;
        slot.next_try = {};
        slot.last_used = std::chrono::steady_clock::now();
    }
    if (on_dialled) on_dialled(outcome);
}

// ---- closing ------------------------------------------------------------------------------------------

net::Task<void> Sessions::close(SlotPtr slot) {
    auto session = std::move(slot->session); // from here on nobody gets it
    slot->session.reset();
    if (!session) co_return;
    auto executor = slot->executor;
    auto closing = close_session(session);
    if (executor == core_) co_await std::move(closing);
    else co_await net::run_on(executor, std::move(closing));
    changed_.notify();
}

net::Task<void> Sessions::close_idle() {
    for (;;) {
        co_await net::sleep_for(std::max<Milliseconds>(config_.idle / 4, Milliseconds{20}));
        auto slots = slots_;
        for (const auto& slot : slots)
            if (slot->is_idle_for(config_.idle)) co_await close(slot);
    }
}

net::Task<void> Sessions::stop() {
    is_stopping_ = true;
    changed_.notify();
    co_await scope_.stop();
    auto slots = slots_;
    for (const auto& slot : slots) co_await close(slot);
    slots_.clear();
}

} // namespace berth::ssh
