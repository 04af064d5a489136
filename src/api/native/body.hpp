// SPDX-License-Identifier: Apache-2.0
#pragma once
// Strict reading of a JSON request body: exact content type, bounded depth, known members only,
// every problem named by its pointer.

#include "base/error.hpp"
#include "http/message.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::api::native {

// Reads one JSON object; collects problems until finish().
class Body {
public:
    // invalid_input, unsupported_media_type. An empty body without a content type is an empty
    // object where `may_be_empty`.
    static Result<Body> parse(const http::Request& request, bool may_be_empty = false);

    // Each names a known member; nothing when absent (or null), a problem when of another type.
    std::optional<std::string> text(std::string_view name);
    std::optional<bool> flag(std::string_view name);
    std::optional<std::int64_t> number(std::string_view name);
    std::optional<std::int64_t> number_in(std::string_view name, std::int64_t least, std::int64_t most);
    std::optional<double> decimal(std::string_view name); // a fraction or a whole number
    std::optional<std::vector<std::string>> texts(std::string_view name);
    std::optional<std::map<std::string, std::string>> text_map(std::string_view name); // an object of strings
    std::string required_text(std::string_view name);
    void complain(std::string_view name, std::string detail);

    // invalid_input with every problem, unknown members included.
    Status finish();

private:
    const boost::json::value* take(std::string_view name);
    boost::json::object object_;
    std::vector<std::string> known_;
    std::vector<FieldError> problems_;
};

// A whole number of a query, if it is one within the bounds.
std::optional<int> number_of(std::string_view text, int least, int most);

} // namespace berth::api::native
