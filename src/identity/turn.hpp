// SPDX-License-Identifier: Apache-2.0
#pragma once
// Lets coroutines of one thread through one at a time, in order of arrival. For changes of an
// account: read, decide, write must not interleave with another's.

#include "net/task.hpp"

#include <deque>
#include <memory>
#include <utility>

namespace berth::identity {

class Turn {
public:
    // Holds the turn until it is destroyed.
    class [[nodiscard]] Held {
    public:
        Held() = default;
        Held(Held&& other) noexcept
            : turn_{std::exchange(other.turn_, nullptr)} {}
        Held& operator=(Held&& other) noexcept {
            std::swap(turn_, other.turn_);
            return *this;
        }
        ~Held() {
            if (turn_ != nullptr) turn_->pass_on();
        }

    private:
        friend class Turn;
        explicit Held(Turn* turn)
            : turn_{turn} {}
        Turn* turn_ = nullptr;
    };

    Turn() = default;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    // Throws operation_aborted when the caller is cancelled while it waits.
    net::Task<Held> take();

private:
    struct Waiter;
    void pass_on();
    bool is_taken_ = false;
    std::deque<std::shared_ptr<Waiter>> waiters_; // shared with the coroutine that waits
};

} // namespace berth::identity
