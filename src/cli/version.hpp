// SPDX-License-Identifier: Apache-2.0
#pragma once
// What was built: the version of CMakeLists.txt, the commit and the date at configure time.

#include <string_view>

namespace berth::cli {

std::string_view version() noexcept;    // "0.1.0"
std::string_view commit() noexcept;     // short hash, "unknown" outside a repository
std::string_view build_date() noexcept; // YYYY-MM-DD, of SOURCE_DATE_EPOCH where it is set

} // namespace berth::cli
