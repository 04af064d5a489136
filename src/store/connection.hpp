// SPDX-License-Identifier: Apache-2.0
#pragma once
// One connection to SQLite, and the only place that knows what its failures mean. Private to
// store/. A connection is used by one thread at a time.

#include "base/error.hpp"

#include <soci/soci.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

// Static binding of values that may be NULL.
template <>
struct soci::type_conversion<std::optional<long long>> {
    using base_type = long long;
    static void from_base(long long base, indicator ind, std::optional<long long>& out) {
        if (ind == i_null)
            out.reset();
        else
            out = base;
    }
    static void to_base(const std::optional<long long>& in, long long& base, indicator& ind) {
        base = in.value_or(0);
        ind = in ? i_ok : i_null;
    }
};
template <>
struct soci::type_conversion<std::optional<std::string>> {
    using base_type = std::string;
    static void from_base(const std::string& base, indicator ind, std::optional<std::string>& out) {
        if (ind == i_null)
            out.reset();
        else
            out = base;
    }
    static void to_base(const std::optional<std::string>& in, std::string& base, indicator& ind) {
        base = in.value_or(std::string{});
        ind = in ? i_ok : i_null;
    }
};

namespace berth::store {

enum class Written { yes, duplicate, missing_reference };

class Connection {
public:
    // Opens or creates the file and makes it safe: see database.hpp. `unavailable` when it cannot
    // be, or when the database does not take a setting that durability depends on.
    static Result<std::unique_ptr<Connection>>
    open(const std::filesystem::path& file, int busy_timeout_ms);
    // Only to look: makes no file and changes none. `unavailable` as above.
    static Result<std::unique_ptr<Connection>>
    open_to_read(const std::filesystem::path& file, int busy_timeout_ms);

    soci::session& sql() noexcept { return sql_; }
    // Several statements separated by semicolons.
    void run_script(const std::string& script);
    // Executes a prepared statement that changes rows; a broken uniqueness or reference rule is an
    // answer, everything else throws soci_error.
    Written write(soci::statement& statement);
    // The text of a soci_error holds bound values (password hashes, names): ours is built from the
    // result code only.
    Error translate(const soci::soci_error& error, std::string_view what);
    // Set by a failed write; until one works again check() has to try one.
    bool is_write_suspect() const noexcept { return is_write_suspect_; }
    void set_write_suspect(bool is_suspect) noexcept { is_write_suspect_ = is_suspect; }

private:
    Connection() = default;
    std::string answer_of(const std::string& pragma);
    Status prepare(int busy_timeout_ms);
    soci::session sql_;
    bool is_write_suspect_ = false;
};

enum class Locking { immediate, exclusive };

// A write transaction: takes the write lock at once, so that what it reads stays true until its
// commit. Rolls back unless committed.
class Transaction {
public:
    explicit Transaction(Connection& connection, Locking locking = Locking::immediate);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();
    void commit();

private:
    Connection& connection_;
    bool is_open_ = true;
};

// Runs f, which returns a Result, and turns what SOCI throws into an Error.
template <class F>
auto guarded(Connection& connection, std::string_view what, F f) -> decltype(f()) {
    try {
        return f();
    } catch (const soci::soci_error& error) {
        return connection.translate(error, what);
    }
}

} // namespace berth::store
