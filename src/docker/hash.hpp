// SPDX-License-Identifier: Apache-2.0
#pragma once
// SHA-256 for names (context folders, bridge names): not for passwords.

#include <string>
#include <string_view>

namespace berth::docker {

std::string sha256_hex(std::string_view text); // 64 lower-case digits

} // namespace berth::docker
