// SPDX-License-Identifier: Apache-2.0
#include "base/secret.hpp"

#include <cstring>
#include <utility>

namespace berth {

Secret::Secret(Secret&& other) noexcept
    : text_{other.text_} { // NOLINT(performance-move-constructor-init)
    // Copy, then wipe: moving a short string would leave its bytes in the old object.
    other.wipe();
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        text_ = other.text_;
        other.wipe();
    }
    return *this;
}

Secret::~Secret() { wipe(); }

bool Secret::equals(std::string_view other) const noexcept {
    if (text_.size() != other.size()) return false;
    unsigned char difference = 0;
    for (std::size_t i = 0; i < other.size(); ++i)
        difference = static_cast<unsigned char>(difference | (text_[i] ^ other[i]));
    return difference == 0;
}

void Secret::wipe() noexcept {
    if (!text_.empty()) explicit_bzero(text_.data(), text_.size());
    text_.clear();
}

} // namespace berth
