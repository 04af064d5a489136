// SPDX-License-Identifier: Apache-2.0
#include "base/failpoint.hpp"

#ifdef BERTH_FAILPOINTS
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

namespace berth {
namespace {

struct Armed {
    std::string name;
    std::atomic<int> left{1};
    Armed() {
        const char* text = std::getenv("BERTH_FAILPOINT");
        if (!text) return;
        std::string_view whole{text};
        auto colon = whole.find(':');
        name = whole.substr(0, colon);
        if (colon != std::string_view::npos) left = std::atoi(text + colon + 1);
    }
};

} // namespace

void failpoint(const char* name) noexcept {
    static Armed armed;
    if (armed.name == name && --armed.left == 0) std::raise(SIGKILL);
}

} // namespace berth
#endif
