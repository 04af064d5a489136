// SPDX-License-Identifier: Apache-2.0
#include "store/database.hpp"

#include "net/blocking_pool.hpp"
#include "store/accounts_sql.hpp"
#include "store/connection.hpp"
#include "store/hosts_sql.hpp"
#include "store/migrations.hpp"
#include "store/rows.hpp"
#include "store/sessions_sql.hpp"

namespace berth::store {
namespace {

using broker::Account, broker::Credential, broker::EventRecord, broker::InsertOutcome, net::Task,
    session::Session;

// Every port function names its job first: a lambda inside a co_await statement is a g++ 12 trap.
class SqlSessions final : public broker::SessionStore {
public:
    SqlSessions(Connection& connection, net::BlockingPool& pool)
        : connection_{connection}
        , pool_{pool} {}

    Task<Result<InsertOutcome>> insert(Session session, EventRecord event) override {
        auto job = [&] { return insert_session(connection_, std::move(session), event); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Result<std::int64_t>> update(Session session, std::optional<EventRecord> event) override {
        auto job = [&] { return update_session(connection_, session, event); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Result<std::optional<Session>>> find(SessionId id) override {
        auto job = [&] { return find_session(connection_, id); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Result<std::vector<Session>>> load_live() override {
        auto job = [&] { return load_live_sessions(connection_); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Result<std::vector<Session>>> list_ended(
        std::string realm, std::string subject, int limit, std::optional<broker::EndedCursor> after
    ) override {
        auto job = [&] { return list_ended_sessions(connection_, realm, subject, limit, after); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Result<std::int64_t>> append_event(EventRecord event) override {
        auto job = [&] { return store::append_event(connection_, event); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Result<std::vector<EventRecord>>> host_events(HostId host, broker::HostNews which, int limit) override {
        auto job = [&] { return list_host_events(connection_, host, which, limit); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Result<int>> prune(TimePoint older_than) override {
        auto job = [&] { return prune_sessions(connection_, older_than); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Status> check() override {
        auto job = [&] { return check_database(connection_); };
        co_return co_await pool_.run(std::move(job));
    }

private:
    Connection& connection_;
    net::BlockingPool& pool_;
};

class SqlAccounts final : public broker::AccountStore {
public:
    SqlAccounts(Connection& connection, net::BlockingPool& pool)
        : connection_{connection}
        , pool_{pool} {}

    Task<Status> insert(Account account) override {
        auto job = [&] { return insert_account(connection_, account); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Status> update(Account account) override {
        auto job = [&] { return update_account(connection_, account); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Result<std::optional<Account>>> find_by_name(std::string username) override {
        auto job = [&] { return find_account_by_name(connection_, username); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Result<std::optional<Account>>> find(UserId id) override {
        auto job = [&] { return find_account(connection_, id); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Result<std::vector<Account>>> list() override {
        auto job = [&] { return list_accounts(connection_); };
        co_return co_await pool_.run(std::move(job));
    }

private:
    Connection& connection_;
    net::BlockingPool& pool_;
};

class SqlCredentials final : public broker::CredentialStore {
public:
    SqlCredentials(Connection& connection, net::BlockingPool& pool)
        : connection_{connection}
        , pool_{pool} {}

    Task<Status> insert(Credential credential) override {
        auto job = [&] { return insert_credential(connection_, credential); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Result<std::optional<Credential>>> find_by_hash(std::string hash) override {
        auto job = [&] { return find_credential(connection_, hash); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Result<std::vector<Credential>>> list(UserId user, Credential::Kind kind) override {
        auto job = [&] { return list_credentials(connection_, user, kind); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Status> touch(std::string hash, TimePoint last_used_at) override {
        auto job = [&] { return touch_credential(connection_, hash, last_used_at); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Status> remove(std::string hash) override {
        auto job = [&] { return remove_credential(connection_, hash); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Status> remove_all_of(UserId user) override {
        auto job = [&] { return remove_credentials_of(connection_, user); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Result<int>> remove_expired(TimePoint now) override {
        auto job = [&] { return remove_expired_credentials(connection_, now); };
        co_return co_await pool_.run(std::move(job));
    }

private:
    Connection& connection_;
    net::BlockingPool& pool_;
};

class SqlHosts final : public broker::HostStore {
public:
    SqlHosts(Connection& connection, net::BlockingPool& pool)
        : connection_{connection}
        , pool_{pool} {}

    Task<Result<std::vector<broker::HostRecord>>> load_hosts() override {
        auto job = [&] { return store::load_hosts(connection_); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Status> put_host(broker::HostRecord record) override {
        auto job = [&] { return store::put_host(connection_, record); };
        co_return co_await pool_.run(std::move(job));
    }
    Task<Status> remove_host(HostId name) override {
        auto job = [&] { return store::remove_host(connection_, name); };
        co_return co_await pool_.run(std::move(job));
    }

private:
    Connection& connection_;
    net::BlockingPool& pool_;
};

struct Identity {
    std::string deployment_id;
    TimePoint created_at{};
};

// Whoever comes first writes; everybody reads back what is there.
Result<Identity> learn_identity(Connection& connection, RandomSource& random, const Clock& clock) {
    return guarded(connection, "identity", [&]() -> Result<Identity> {
        Transaction transaction{connection};
        const auto proposal = make_session_id(random).str().substr(0, 12);
        const auto now = std::to_string(to_number(clock.now()));
        connection.sql() << "INSERT INTO meta (key, value) VALUES ('deployment_id', :id),"
                            " ('created_at', :at) ON CONFLICT (key) DO NOTHING",
            soci::use(proposal), soci::use(now);
        Identity identity;
        std::string created;
        connection.sql() << "SELECT value FROM meta WHERE key = 'deployment_id'",
            soci::into(identity.deployment_id);
        connection.sql() << "SELECT value FROM meta WHERE key = 'created_at'", soci::into(created);
        transaction.commit();
        identity.created_at = to_time(std::strtoll(created.c_str(), nullptr, 10));
        return identity;
    });
}

} // namespace

struct Database::Impl {
    Impl(std::unique_ptr<Connection> opened, Identity known)
        : connection{std::move(opened)}
        , identity{std::move(known)} {}

    std::unique_ptr<Connection> connection;
    Identity identity;
    // After the connection: its thread ends before the connection goes.
    net::BlockingPool pool{1, "store"};
    SqlSessions sessions{*connection, pool};
    SqlAccounts accounts{*connection, pool};
    SqlCredentials credentials{*connection, pool};
    SqlHosts hosts{*connection, pool};
};

Result<std::unique_ptr<Database>>
Database::open(const DatabaseConfig& config, RandomSource& random, const Clock& clock) {
    auto connection = Connection::open(config.file, static_cast<int>(config.busy_timeout.count()));
    if (!connection) return connection.error();
    if (auto migrated = migrate(**connection, all_migrations(), clock.now()); !migrated)
        return migrated.error();
    auto identity = learn_identity(**connection, random, clock);
    if (!identity) return identity.error();
    return std::unique_ptr<Database>{
        new Database{std::make_unique<Impl>(std::move(*connection), std::move(*identity))}};
}

Result<std::vector<broker::HostRecord>> read_hosts(const std::filesystem::path& file) {
    const DatabaseConfig usual;
    auto connection = Connection::open_to_read(file, static_cast<int>(usual.busy_timeout.count()));
    if (!connection) return connection.error();
    return load_hosts(**connection);
}

Database::Database(std::unique_ptr<Impl> impl)
    : impl_{std::move(impl)} {}

Database::~Database() = default;

const std::string& Database::deployment_id() const noexcept {
    return impl_->identity.deployment_id;
}
TimePoint Database::created_at() const noexcept {
    return impl_->identity.created_at;
}
broker::SessionStore& Database::sessions() noexcept {
    return impl_->sessions;
}
broker::AccountStore& Database::accounts() noexcept {
    return impl_->accounts;
}
broker::CredentialStore& Database::credentials() noexcept {
    return impl_->credentials;
}
broker::HostStore& Database::hosts() noexcept {
    return impl_->hosts;
}

Task<Result<std::vector<EventRecord>>> Database::events_after(std::int64_t after, int limit) {
    auto job = [&] { return list_events(*impl_->connection, after, limit); };
    co_return co_await impl_->pool.run(std::move(job));
}

} // namespace berth::store
