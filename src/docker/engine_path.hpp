// SPDX-License-Identifier: Apache-2.0
#pragma once
// Building request targets. Whatever goes into a path is checked first: an empty or strange
// segment would make another URL.

#include "base/error.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::docker {

// Container, exec, network, volume: an id or a name, [A-Za-z0-9][A-Za-z0-9_.-]{0,127}; anything
// else is invalid_input.
Status check_reference(std::string_view reference);
// [registry[:port]/]path[:tag][@digest], at most 512 characters; else invalid_input.
Status check_image_reference(std::string_view image);

std::string percent_encode(std::string_view text); // all but RFC 3986 unreserved

using Query = std::vector<std::pair<std::string, std::string>>;
// "" or "?a=b&c=d".
std::string encode_query(const Query& query);

// The engine's filters parameter: {"label":["a=b"],"type":["container"]}.
using Filters = std::vector<std::pair<std::string, std::vector<std::string>>>;
std::string encode_filters(const Filters& filters);

// "1.41" → {1, 41}; {0, 0} when it is not a version.
std::pair<int, int> parse_api_version(std::string_view text);

} // namespace berth::docker
