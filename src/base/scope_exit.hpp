// SPDX-License-Identifier: Apache-2.0
#pragma once
// Runs a callable when the scope is left. The callable must not throw and must not do I/O.

#include <utility>

namespace berth {

template <class F>
class [[nodiscard]] ScopeExit {
public:
    explicit ScopeExit(F f)
        : f_{std::move(f)} {}
    ScopeExit(const ScopeExit&) = delete;
    ScopeExit& operator=(const ScopeExit&) = delete;
    ~ScopeExit() { f_(); }

private:
    F f_;
};

} // namespace berth
