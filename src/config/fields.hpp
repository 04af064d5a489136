// SPDX-License-Identifier: Apache-2.0
#pragma once
// The table of all keys, bound to one Config. The config must outlive the fields.

#include "config/config.hpp"
#include "config/field.hpp"

#include <vector>

namespace berth::config {

std::vector<Field> fields_of(Config& config);

// What stands in place of a missing list; the template takes the container and session defaults.
Host default_host();
Template default_template(const Config& config);

} // namespace berth::config
