// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a value must look like. Each rule answers with a sentence about what is wrong, or nothing.
// Pure: nothing is looked up, opened or asked.

#include <optional>
#include <string>
#include <string_view>

namespace berth::config {

struct Listen;

using Complaint = std::string; // empty = nothing to complain about
using Rule = Complaint (*)(std::string_view text);

Complaint any_line(std::string_view text);    // no control characters, at most 1,000 bytes
Complaint any_text(std::string_view text);    // also line ends and tabs, at most 32 KiB
Complaint path_rule(std::string_view text);   // not empty, no control characters
Complaint name_rule(std::string_view text);   // base is_valid_name
Complaint host_name_rule(std::string_view text);
Complaint image_rule(std::string_view text);  // Docker image reference
Complaint env_name_rule(std::string_view text);
Complaint label_rule(std::string_view text);     // [a-z0-9.-/_], reserved prefixes refused
Complaint capability_rule(std::string_view text); // known, and not one that gives the host away
Complaint resolution_rule(std::string_view text); // 320x200 … 7680x4320
// unix://, tcp://, ssh://. Names that could become an option of a command and addresses that no
// engine can have (link-local, any, multicast, odd spellings of numbers) are refused.
Complaint engine_endpoint_rule(std::string_view text);
Complaint volume_name_rule(std::string_view text); // name of a Docker volume
Complaint mount_path_rule(std::string_view text);  // absolute, without "..", not over the system's own
Complaint origin_rule(std::string_view text);     // http[s]://host[:port], nothing behind
Complaint domain_rule(std::string_view text);     // lower-case host name
Complaint address_or_cidr_rule(std::string_view text);
Complaint pool_rule(std::string_view text);       // IPv4 network of at least 256 addresses

// "127.0.0.1:8080", "[::1]:8080", "localhost:8080", "*:8080" (every IPv4 address).
std::optional<Listen> parse_listen(std::string_view text);
std::string format_listen(const Listen& listen);

} // namespace berth::config
