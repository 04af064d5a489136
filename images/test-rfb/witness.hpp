// SPDX-License-Identifier: Apache-2.0
// What a viewer did, as lines of JSON in /tmp/witness.jsonl: the proof a test reads back.
#pragma once

#include <string>
#include <string_view>

inline constexpr const char* witness_path = "/tmp/witness.jsonl";

/// Appends one line, whole even with several clients at once. A file that cannot be written is ignored.
void witness(const std::string& json_object);

/// The Latin-1 bytes of RFB cut text as a JSON string in UTF-8, quotes included.
std::string json_text(std::string_view latin1);
