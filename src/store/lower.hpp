// SPDX-License-Identifier: Apache-2.0
#pragma once
// The form in which account names are compared: names are ASCII (base/ids.hpp). Private to store/.

#include <string>
#include <string_view>

namespace berth::store {

inline std::string lower(std::string_view text) {
    std::string result{text};
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

} // namespace berth::store
