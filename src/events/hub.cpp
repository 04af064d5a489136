// SPDX-License-Identifier: Apache-2.0
#include "events/hub.hpp"

#include "base/assert.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <tuple>

namespace berth::events {

namespace asio = boost::asio;

// A timer that is cancelled to wake the reader before its deadline.
struct Subscriber::Bell {
    explicit Bell(const net::Executor& executor)
        : timer{executor} {}
    asio::steady_timer timer;
};

Subscriber::Subscriber(Hub& hub, net::Executor executor, Filter filter)
    : hub_{hub}
    , filter_{std::move(filter)}
    , bell_{std::make_unique<Bell>(executor)} {}

Subscriber::~Subscriber() {
    auto& all = hub_.subscribers_;
    all.erase(std::remove(all.begin(), all.end(), this), all.end());
}

void Subscriber::ring() { bell_->timer.cancel(); }

void Subscriber::push(const EventPtr& event) {
    if (is_over_ || !filter_(*event)) return;
    if (queue_.size() >= hub_.config_.queue) {
        // Buffering for a reader that does not read only moves the loss to a worse moment.
        queue_.clear();
        is_reset_ = true;
        is_over_ = true;
        ++hub_.dropped_;
    } else {
        queue_.push_back(event);
    }
    ring();
}

net::Task<Result<Delivery>> Subscriber::next(Deadline deadline) {
    while (queue_.empty() && !is_reset_) {
        if (is_over_ || hub_.is_closed_) co_return Error{Errc::ended, "no more events"};
        if (std::chrono::steady_clock::now() >= deadline) {
            co_return Error{Errc::timed_out, "no event in time"};
        }
        bell_->timer.expires_at(deadline);
        std::ignore = co_await bell_->timer.async_wait(asio::as_tuple(asio::use_awaitable));
        // Woken by the bell or by the deadline: the loop looks. A cancelled reader unwinds.
        const auto own = co_await asio::this_coro::cancellation_state;
        if (own.cancelled() != asio::cancellation_type::none) {
            throw boost::system::system_error{asio::error::operation_aborted};
        }
    }
    Delivery delivery;
    delivery.is_reset = std::exchange(is_reset_, false);
    delivery.events.swap(queue_);
    co_return delivery;
}

Hub::Hub(net::Executor executor, std::uint64_t last_sequence)
    : Hub(std::move(executor), last_sequence, Config{}) {}

Hub::Hub(net::Executor executor, std::uint64_t last_sequence, Config config)
    : executor_{std::move(executor)}
    , config_{config}
    , last_{last_sequence} {}

Hub::~Hub() { BERTH_ASSERT(subscribers_.empty()); }

std::uint64_t Hub::publish(Event event) {
    event.sequence = ++last_;
    const auto shared = std::make_shared<const Event>(std::move(event));
    ring_.push_back(shared);
    if (ring_.size() > config_.ring) ring_.pop_front();
    for (auto* subscriber : subscribers_) subscriber->push(shared);
    return last_;
}

std::unique_ptr<Subscriber> Hub::subscribe(
    std::optional<std::uint64_t> after,
    Subscriber::Filter filter
) {
    if (is_closed_) return nullptr;
    std::unique_ptr<Subscriber> subscriber{new Subscriber{*this, executor_, std::move(filter)}};
    if (after) replay(*after, *subscriber);
    subscribers_.push_back(subscriber.get());
    return subscriber;
}

void Hub::replay(std::uint64_t after, Subscriber& subscriber) const {
    // The number before the oldest event kept is the last one whose successors are all here. A
    // number we have not given out yet comes from another life of this server.
    const auto oldest_known = last_ - ring_.size();
    if (after < oldest_known || after > last_) {
        subscriber.is_reset_ = true;
        return;
    }
    const auto first = ring_.begin() + static_cast<std::ptrdiff_t>(after - oldest_known);
    std::vector<EventPtr> missed;
    std::copy_if(first, ring_.end(), std::back_inserter(missed), [&](const EventPtr& event) {
        return subscriber.filter_(*event);
    });
    // More than a queue holds is quicker fetched as a whole.
    if (missed.size() > config_.queue) {
        subscriber.is_reset_ = true;
    } else {
        subscriber.queue_ = std::move(missed);
    }
}

void Hub::close() {
    is_closed_ = true;
    for (auto* subscriber : subscribers_) subscriber->ring();
}

} // namespace berth::events
