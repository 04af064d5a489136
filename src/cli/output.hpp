// SPDX-License-Identifier: Apache-2.0
#pragma once
// Data for people (aligned columns, colours on a terminal only) or for programs (the API's JSON).

#include <boost/json/fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

struct Context;

class Table {
public:
    explicit Table(std::vector<std::string> heads)
        : heads_{std::move(heads)} {}
    void add(std::vector<std::string> cells); // as many as heads
    // Control characters in cells are replaced: names come from other people.
    std::string text(bool has_headers, bool has_colours) const;

private:
    std::vector<std::string> heads_;
    std::vector<std::vector<std::string>> rows_;
};

std::string printable(std::string_view text); // texts of others: no control characters, bounded
bool may_colour(); // standard output is a terminal and NO_COLOR is not set
std::string pretty(const boost::json::value& value); // indented, with a line end
// The member as a cell: texts as they are, null and absent as "-". Dots lead inside: "lease.extension_s".
std::string cell(const boost::json::value& value, std::string_view path);

} // namespace berth::cli
