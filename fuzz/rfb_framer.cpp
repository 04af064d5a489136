// SPDX-License-Identifier: Apache-2.0
// The filter of client messages. The first byte chooses the policy and the portions: the same bytes
// pass whatever the portions are, and no more than came in.
#include "rfb/client_filter.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace berth::rfb;

struct Outcome {
    bool is_good = true;
    std::string passed;
};

Outcome pass(FilterPolicy policy, std::string_view bytes, std::size_t portion) {
    ClientFilter filter{policy};
    Outcome outcome;
    while (!bytes.empty() && outcome.is_good) {
        std::string part{bytes.substr(0, portion)};
        bytes.remove_prefix(part.size());
        const auto kept = filter.pass(part);
        outcome.is_good = kept.has_value();
        if (!outcome.is_good) break;
        if (*kept > part.size()) std::abort();
        outcome.passed.append(part, 0, *kept);
    }
    return outcome;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    const FilterPolicy policy{
        .allows_input = (data[0] & 1) != 0, .allows_clipboard = (data[0] & 2) != 0};
    const auto whole = pass(policy, bytes, bytes.size());
    const auto portioned = pass(policy, bytes, 1 + data[0] / 4);
    if (whole.is_good != portioned.is_good) std::abort();
    if (whole.is_good && whole.passed != portioned.passed) std::abort();
    // With every right nothing is changed.
    if (whole.is_good && policy.allows_input && policy.allows_clipboard && whole.passed != bytes)
        std::abort();
    return 0;
}
