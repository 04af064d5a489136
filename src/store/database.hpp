// SPDX-License-Identifier: Apache-2.0
#pragma once
// The durable store: SQLite in write-ahead mode with synchronous FULL, so that what was answered is
// on the disk (reliability rule H-53). One connection on one thread of its own: calls are carried
// out in their order, and a caller that is cancelled leaves a finished write behind, never half of
// one. Not for two brokers at once: that is what PostgreSQL will be for.

#include "base/random.hpp"
#include "broker/accounts.hpp"
#include "broker/host_ports.hpp"
#include "broker/ports.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace berth::store {

struct DatabaseConfig {
    // The database file; a missing directory is made with mode 0700, the file has mode 0600.
    std::filesystem::path file = "var/berth.db";
    // How long to wait for another process (a backup, a shell) that has locked the file.
    Milliseconds busy_timeout{5000};
};

class Database {
public:
    // Blocks: for the start of the process. Creates and migrates as needed, and looks the file over
    // (quick_check). `unavailable`: cannot be opened, damaged, a newer schema, or no durable
    // settings to be had. `clock` is used during the call only.
    static Result<std::unique_ptr<Database>>
    open(const DatabaseConfig& config, RandomSource& random, const Clock& clock);
    // Waits for the statement that runs; calls not begun end with operation_aborted.
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    // [a-z2-7]{12}, made once per database: the mark of our containers on shared engines.
    const std::string& deployment_id() const noexcept;
    TimePoint created_at() const noexcept;

    // Live as long as the database.
    broker::SessionStore& sessions() noexcept;
    broker::AccountStore& accounts() noexcept;
    broker::CredentialStore& credentials() noexcept;
    broker::HostStore& hosts() noexcept;

    // Events with a number above `after`, in order, at most `limit`.
    net::Task<Result<std::vector<broker::EventRecord>>> events_after(std::int64_t after, int limit);

private:
    struct Impl;
    explicit Database(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

// The hosts of a database that may be in use: nothing is written, migrated or waited for but a lock. Blocks.
// `unavailable`: no such file, no right to it, or a schema from before hosts were stored.
Result<std::vector<broker::HostRecord>> read_hosts(const std::filesystem::path& file);

} // namespace berth::store
