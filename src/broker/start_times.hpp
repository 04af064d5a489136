// SPDX-License-Identifier: Apache-2.0
#pragma once
// How long a template usually takes from the click to ready: what the starting page compares with.

#include "base/ids.hpp"
#include "base/time.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace berth::broker {

// Median of the last starts of each template; the bound on templates is the catalogue.
class StartTimes {
public:
    void note(const TemplateName& name, Milliseconds span) {
        auto& spans = spans_[name];
        if (spans.size() >= kept) spans.erase(spans.begin());
        spans.push_back(span);
    }
    std::optional<Milliseconds> typical(const TemplateName& name) const {
        auto found = spans_.find(name);
        if (found == spans_.end()) return std::nullopt;
        auto spans = found->second;
        auto middle = spans.begin() + static_cast<std::ptrdiff_t>(spans.size() / 2);
        std::nth_element(spans.begin(), middle, spans.end());
        return *middle;
    }

private:
    static constexpr std::size_t kept = 50;
    std::map<TemplateName, std::vector<Milliseconds>> spans_;
};

} // namespace berth::broker
