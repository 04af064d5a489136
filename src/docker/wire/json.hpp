// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reading Engine replies, which are untrusted: bounded in size and depth, and tolerant of unknown
// fields, null and missing ones, because every engine version and imitation differs a little.

#include "base/error.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace berth::docker {

// At most limits::engine_reply bytes and `json_depth` levels, else protocol_violation.
inline constexpr std::size_t json_depth = 32;
Result<boost::json::value> parse_json(std::string_view text);

// A look at a value that may be missing. Whatever does not fit reads as empty, 0 or false. It
// points into the value and must not outlive it.
class JsonView {
public:
    JsonView() = default;
    explicit JsonView(const boost::json::value& value)
        : value_{&value} {}

    JsonView operator[](std::string_view key) const;
    bool is_object() const noexcept;
    bool is_array() const noexcept;
    std::string text() const;
    std::int64_t number() const; // a fraction is cut; out of range reads as 0
    bool flag() const;
    std::vector<JsonView> items() const;                           // of an array
    std::vector<std::pair<std::string, JsonView>> members() const; // of an object
    std::vector<std::string> texts() const;                        // the array's strings
    std::map<std::string, std::string> text_map() const;           // the object's string members

private:
    const boost::json::value* value_ = nullptr;
};

// Parses and checks the outermost kind; `what` names the reply in the error text.
Result<boost::json::value> parse_object(std::string_view text, std::string_view what);
Result<boost::json::value> parse_array(std::string_view text, std::string_view what);

} // namespace berth::docker
