// SPDX-License-Identifier: Apache-2.0
#include "store/migrations.hpp"

#include "store/connection.hpp"

#include <algorithm>

namespace berth::store {
namespace {

// How many of the given migrations the database has; an error when they are not ours.
Result<std::size_t> count_applied(soci::session& sql, const std::vector<Migration>& migrations) {
    long long number = 0;
    std::string checksum;
    soci::statement rows{sql};
    rows.exchange(soci::into(number));
    rows.exchange(soci::into(checksum));
    rows.alloc();
    rows.prepare("SELECT number, checksum FROM schema_migrations ORDER BY number");
    rows.define_and_bind();
    rows.execute();
    std::size_t applied = 0;
    while (rows.fetch()) {
        if (applied >= migrations.size())
            return Error{
                Errc::unavailable,
                "database: schema " + std::to_string(number) +
                    " is newer than this program knows (" + std::to_string(migrations.size()) +
                    "): use the newer program"};
        const auto& ours = migrations[applied];
        if (ours.number != number || ours.checksum != checksum)
            return Error{
                Errc::unavailable,
                "database: migration " + std::to_string(number) +
                    " was applied with another content than this program has"};
        ++applied;
    }
    return applied;
}

void apply(Connection& connection, const Migration& migration, TimePoint now) {
    connection.run_script(migration.sql);
    const long long number = migration.number;
    const long long at = now.time_since_epoch().count();
    connection.sql() << "INSERT INTO schema_migrations (number, name, checksum, applied_at)"
                        " VALUES (:n, :m, :c, :a)",
        soci::use(number), soci::use(migration.name), soci::use(migration.checksum), soci::use(at);
}

// Another process may migrate at the same time: what is applied is looked up again under the lock.
Result<bool>
apply_next(Connection& connection, const std::vector<Migration>& migrations, TimePoint now) {
    return guarded(connection, "migration", [&]() -> Result<bool> {
        Transaction transaction{connection, Locking::exclusive};
        connection.run_script("CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT NOT NULL"
                              " PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,"
                              " applied_at BIGINT NOT NULL)");
        auto applied = count_applied(connection.sql(), migrations);
        if (!applied) return applied.error();
        if (*applied == migrations.size()) return false;
        apply(connection, migrations[*applied], now);
        transaction.commit();
        return true;
    });
}

} // namespace

Status migrate(Connection& connection, const std::vector<Migration>& migrations, TimePoint now) {
    while (true) {
        auto again = apply_next(connection, migrations, now);
        if (!again) return again.error();
        if (!*again) return {};
    }
}

} // namespace berth::store
