// SPDX-License-Identifier: Apache-2.0
#include "broker/start_queue.hpp"

#include <algorithm>
#include <utility>

namespace berth::broker {

StartQueue::StartQueue(HostRegistry& hosts, std::function<void(const SessionId&)> on_moved)
    : hosts_{hosts}
    , on_moved_{std::move(on_moved)} {}

void StartQueue::wait(const SessionId& session, placement::Need need, Ready ready) {
    waiting_.push_back(Waiting{session, std::move(need), std::move(ready)});
    pump();
}

void StartQueue::leave(const SessionId& session) {
    std::erase_if(waiting_, [&](const Waiting& one) { return one.session == session; });
}

void StartQueue::pump() {
    // Releasing a slot inside a callback pumps again; one pass at a time keeps the order.
    if (std::exchange(is_pumping_, true)) return;
    std::deque<Waiting> still;
    bool has_moved = false;
    while (!waiting_.empty()) {
        auto one = std::move(waiting_.front());
        waiting_.pop_front();
        HostSlot slot;
        auto verdict = hosts_.choose_and_reserve(one.need, slot);
        if (verdict.choice) {
            has_moved = true;
            one.ready(hosts_.placed(std::move(*verdict.choice)), std::move(slot));
        } else if (verdict.refusal->error.code() == Errc::image_missing) {
            has_moved = true;
            one.ready(session::PlacementFailed{verdict.refusal->error}, HostSlot{});
        } else {
            still.push_back(std::move(one));
        }
    }
    // What joined during the callbacks stands behind those who waited.
    for (auto& late : waiting_) still.push_back(std::move(late));
    waiting_ = std::move(still);
    is_pumping_ = false;
    if (!has_moved) return;
    for (const auto& one : waiting_) on_moved_(one.session);
}

std::optional<QueuePlace> StartQueue::place_of(const SessionId& session) const {
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
        if (waiting_[i].session != session) continue;
        QueuePlace place;
        place.position = static_cast<int>(i) + 1;
        int lanes = 0;
        for (const auto& host : hosts_.snapshot()) {
            if (host.state == placement::HostState::up) lanes += std::max(1, host.creating_limit);
        }
        if (average_start_ms_ > 0 && lanes > 0) {
            auto rounds = static_cast<double>(place.position) / lanes;
            place.estimate = Seconds{static_cast<long>(rounds * average_start_ms_ / 1000.0) + 1};
        }
        return place;
    }
    return std::nullopt;
}

void StartQueue::note_start_took(Milliseconds span) {
    auto sample = static_cast<double>(span.count());
    average_start_ms_ = average_start_ms_ == 0 ? sample : 0.8 * average_start_ms_ + 0.2 * sample;
}

} // namespace berth::broker
