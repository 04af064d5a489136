// SPDX-License-Identifier: Apache-2.0
// DES of one block, as VNC authentication (RFC 6143 section 7.2.2) needs it. Written apart from the product's own
// on purpose: a witness must not share the mistakes of what it judges.
#pragma once

#include <array>
#include <cstdint>
#include <string>

using Challenge = std::array<std::uint8_t, 16>;

/// The answer a client with this password must give. Only the first 8 bytes count, as in every VNC.
Challenge vnc_response(const std::string& password, const Challenge& challenge);
