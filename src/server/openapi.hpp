// SPDX-License-Identifier: Apache-2.0
#pragma once
// docs/api/openapi.json as it was when this program was built.

#include <string>

namespace berth::server {

std::string openapi_document();

} // namespace berth::server
