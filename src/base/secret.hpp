// SPDX-License-Identifier: Apache-2.0
#pragma once
// Text that never prints and wipes itself. It has no operator<<, no formatter and no comparison
// by value: compare with equals(), which takes the same time for every difference.

#include <string>
#include <string_view>

namespace berth {

class Secret {
public:
    Secret() = default;
    explicit Secret(std::string text)
        : text_{std::move(text)} {}
    Secret(const Secret&) = default;
    Secret& operator=(const Secret&) = default;
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    ~Secret();

    // The one way out; the caller must not copy it into anything that lives long or prints.
    std::string_view reveal() const noexcept { return text_; }
    bool empty() const noexcept { return text_.empty(); }
    bool equals(std::string_view other) const noexcept;

private:
    void wipe() noexcept;
    std::string text_;
};

} // namespace berth
