// SPDX-License-Identifier: Apache-2.0
#pragma once
// The configuration as text, from the same table that reads it. Secrets appear as [set].

#include "config/load.hpp"

#include <string>

namespace berth::config {

enum class Origins { hide, show };

// YAML that load() reads back to the same configuration (but for secrets, which it refuses).
std::string show_yaml(const Loaded& loaded, Origins origins);
std::string show_json(const Loaded& loaded); // the same, secrets as "[set]"
std::string json_schema();                   // JSON Schema 2020-12 of the file
std::string markdown();                      // docs/configuration.md

} // namespace berth::config
