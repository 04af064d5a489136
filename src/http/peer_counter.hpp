// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many connections each address has, so that one of them cannot take all places (H-30). IPv6
// is counted by /64, which is what one customer gets. Core thread only.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace berth::http {

// What an address is counted under: "192.0.2.7", "2001:db8:1:2::/64". A text that is no address
// comes back as it is.
std::string counted_as(std::string_view address);

class PeerCounter {
public:
    explicit PeerCounter(std::size_t most)
        : most_{most} {}
    PeerCounter(const PeerCounter&) = delete;
    PeerCounter& operator=(const PeerCounter&) = delete;

    // One of the connections of an address; its destructor gives it back. The counter outlives it.
    class Place {
    public:
        Place() = default; // of nobody who is counted
        ~Place();
        Place(Place&& other) noexcept;
        Place& operator=(Place&&) = delete;

    private:
        friend class PeerCounter;
        Place(PeerCounter& counter, std::string key);
        PeerCounter* counter_ = nullptr;
        std::string key_;
    };

    // Nothing: the address has its share.
    std::optional<Place> take(std::string_view address);
    std::size_t addresses() const noexcept { return counts_.size(); }

private:
    std::size_t most_;
    std::unordered_map<std::string, std::size_t> counts_; // never 0: as many as connections at most
};

} // namespace berth::http
