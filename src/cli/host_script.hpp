// SPDX-License-Identifier: Apache-2.0
#pragma once
// tools/host_prepare.sh with what it sources, as it was when the program was built.

#include <string_view>

namespace berth::cli {

std::string_view host_script() noexcept; // empty: built without it

} // namespace berth::cli
