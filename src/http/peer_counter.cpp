// SPDX-License-Identifier: Apache-2.0
#include "http/peer_counter.hpp"

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

namespace berth::http {

std::string counted_as(std::string_view address) {
    std::string text{address};
    std::array<std::uint8_t, 16> v6{};
    if (inet_pton(AF_INET6, text.c_str(), v6.data()) != 1) return text;
    char printed[INET6_ADDRSTRLEN] = {};
    constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::memcmp(v6.data(), mapped.data(), mapped.size()) == 0) {
        inet_ntop(AF_INET, v6.data() + mapped.size(), printed, sizeof printed);
        return printed;
    }
    std::memset(v6.data() + 8, 0, 8);
    inet_ntop(AF_INET6, v6.data(), printed, sizeof printed);
    return std::string{printed} + "/64";
}

PeerCounter::Place::Place(PeerCounter& counter, std::string key)
    : counter_{&counter}
    , key_{std::move(key)} {}

PeerCounter::Place::Place(Place&& other) noexcept
    : counter_{std::exchange(other.counter_, nullptr)}
    , key_{std::move(other.key_)} {}

PeerCounter::Place::~Place() {
    if (counter_ == nullptr) return;
    const auto found = counter_->counts_.find(key_);
    if (--found->second == 0) counter_->counts_.erase(found);
}

std::optional<PeerCounter::Place> PeerCounter::take(std::string_view address) {
    auto key = counted_as(address);
    auto& count = counts_[key];
    if (count >= most_) {
        if (count == 0) counts_.erase(key);
        return std::nullopt;
    }
    ++count;
    return Place{*this, std::move(key)};
}

} // namespace berth::http
