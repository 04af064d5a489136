// SPDX-License-Identifier: Apache-2.0
#pragma once
// A map that never grows beyond its bound: the entry that was used longest ago makes room.

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace berth::identity {

template <class Value>
class LruMap {
public:
    explicit LruMap(std::size_t longest)
        : longest_{longest} {}

    // Counts as a use. The pointer is good until the next put or erase.
    Value* find(std::string_view key) {
        auto found = places_.find(key);
        if (found == places_.end()) return nullptr;
        items_.splice(items_.begin(), items_, found->second);
        return &found->second->second;
    }
    Value& put(std::string key, Value value) {
        if (auto* known = find(key)) return *known = std::move(value);
        if (items_.size() >= longest_ && !items_.empty()) {
            places_.erase(items_.back().first);
            items_.pop_back();
        }
        items_.emplace_front(std::move(key), std::move(value));
        // The key of the index points into the item, which does not move.
        places_.emplace(items_.front().first, items_.begin());
        return items_.front().second;
    }
    bool erase(std::string_view key) {
        auto found = places_.find(key);
        if (found == places_.end()) return false;
        auto item = found->second;
        places_.erase(found);
        items_.erase(item);
        return true;
    }
    // Most recently used first; changes the values but not the order.
    template <class F>
    void for_each(F f) {
        for (auto& [key, value] : items_)
            f(key, value);
    }
    std::size_t size() const noexcept { return items_.size(); }

private:
    using Items = std::list<std::pair<std::string, Value>>;
    std::size_t longest_;
    Items items_;
    std::unordered_map<std::string_view, typename Items::iterator> places_;
};

} // namespace berth::identity
