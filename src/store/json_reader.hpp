// SPDX-License-Identifier: Apache-2.0
#pragma once
// Strict reading of stored JSON. A problem does not throw: the first one is kept, later readings
// give defaults, and the caller asks once at the end. Private to store/.

#include "base/error.hpp"
#include "store/words.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace berth::store {

class JsonReader {
public:
    // What the text holds; null after a problem. Bytes that are not UTF-8 pass, as they were
    // written.
    boost::json::value parse(std::string_view text) {
        boost::json::parse_options options;
        options.allow_invalid_utf8 = true;
        boost::json::error_code failed;
        auto value = boost::json::parse(text, failed, {}, options);
        if (failed) fail("", "not JSON");
        return value;
    }

    // An object with exactly that many members; each is asked for by name below, so an unknown one
    // shows as a missing one or as a wrong count.
    const boost::json::object& object(const boost::json::value& value, std::size_t members) {
        static const boost::json::object none;
        const auto* found = value.if_object();
        if (found == nullptr) return fail("", "not an object"), none;
        if (found->size() != members) fail("", "wrong number of members");
        return *found;
    }
    const boost::json::array& array(const boost::json::value& value, std::string_view where) {
        static const boost::json::array none;
        const auto* found = value.if_array();
        if (found == nullptr) return fail(where, "not an array"), none;
        return *found;
    }

    const boost::json::value& member(const boost::json::object& object, std::string_view name) {
        static const boost::json::value none;
        const auto* found = object.if_contains(name);
        if (found == nullptr) return fail(name, "missing"), none;
        return *found;
    }
    std::string text(const boost::json::value& value, std::string_view where) {
        const auto* found = value.if_string();
        if (found == nullptr) return fail(where, "not a string"), std::string{};
        return std::string{found->data(), found->size()};
    }
    template <class Int>
    Int number(const boost::json::value& value, std::string_view where) {
        const auto* found = value.if_int64();
        if (found == nullptr) return fail(where, "not a whole number"), Int{};
        if (*found < static_cast<std::int64_t>(std::numeric_limits<Int>::min()) ||
            (sizeof(Int) < 8 && *found > static_cast<std::int64_t>(std::numeric_limits<Int>::max())
            ))
            return fail(where, "out of range"), Int{};
        return static_cast<Int>(*found);
    }
    double real(const boost::json::value& value, std::string_view where) {
        if (!value.is_number()) return fail(where, "not a number"), 0.0;
        return value.to_number<double>();
    }
    bool truth(const boost::json::value& value, std::string_view where) {
        const auto* found = value.if_bool();
        if (found == nullptr) return fail(where, "not a truth value"), false;
        return *found;
    }
    template <class Enum>
    Enum word(std::string_view text, std::string_view where) {
        auto found = from_word<Enum>(text);
        if (!found) fail(where, "unknown word");
        return found.value_or(Enum{});
    }
    template <class Enum>
    Enum word(const boost::json::value& value, std::string_view where) {
        return word<Enum>(std::string_view{text(value, where)}, where);
    }

    void fail(std::string_view where, std::string_view why) {
        if (problem_) return;
        problem_ = where.empty() ? std::string{why} : std::string{where} + ": " + std::string{why};
    }
    bool has_failed() const { return problem_.has_value(); }
    Error error() const { return Error{Errc::internal, problem_.value_or("")}; }

private:
    std::optional<std::string> problem_;
};

} // namespace berth::store
